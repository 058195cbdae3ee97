// The icon in the tray: a number that can be read at the size of a panel, on a light and on a dark one.

#include "ui/shell/trayicon.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QTest>

#include <cmath>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;
using ui::TrayBadge;

namespace {

/// Relative luminance and contrast as WCAG 2 defines them.
double luminance(const QColor &color)
{
    const auto linear = [](double value) {
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor &a, const QColor &b)
{
    const double first = luminance(a) + 0.05;
    const double second = luminance(b) + 0.05;
    return first > second ? first / second : second / first;
}

/// Pixels of `color`, as it is or nearly so, in the part of `image`.
int countOf(const QImage &image, const QColor &color, const QRect &part)
{
    int count = 0;
    for (int y = part.top(); y <= part.bottom(); ++y) {
        for (int x = part.left(); x <= part.right(); ++x) {
            const QColor pixel = image.pixelColor(x, y);
            count += pixel.alpha() > 250 && std::abs(pixel.red() - color.red()) < 24
                && std::abs(pixel.green() - color.green()) < 24 && std::abs(pixel.blue() - color.blue()) < 24;
        }
    }
    return count;
}

} // namespace

class TestTrayIcon final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void textOfTheBadge_data();
    void textOfTheBadge();
    void badgeIsLegible_data();
    void badgeIsLegible();
    void alertHasAnotherShape();
    void everySizeOfPanels();

private:
    ui::Theme *m_theme = nullptr;
};

void TestTrayIcon::initTestCase()
{
    Q_INIT_RESOURCE(resources);
    m_theme = new ui::Theme(*qApp);
}

void TestTrayIcon::textOfTheBadge_data()
{
    QTest::addColumn<int>("running");
    QTest::addColumn<bool>("isAlert");
    QTest::addColumn<QString>("text");
    QTest::newRow("nothing") << 0 << false << QString();
    QTest::newRow("nothing but an alert") << 0 << true << u"!"_s;
    QTest::newRow("some") << 7 << false << u"7"_s;
    QTest::newRow("some and an alert") << 42 << true << u"42"_s;
    QTest::newRow("the most") << 99 << false << u"99"_s;
    QTest::newRow("more") << 10'000 << false << u"99+"_s;
}

void TestTrayIcon::textOfTheBadge()
{
    QFETCH(int, running);
    QFETCH(bool, isAlert);
    QTEST(ui::badgeText({running, isAlert}), "text");
}

void TestTrayIcon::badgeIsLegible_data()
{
    QTest::addColumn<ui::Theme::Mode>("mode");
    QTest::addColumn<TrayBadge>("badge");
    for (const auto &[name, mode] :
         {std::pair("light", ui::Theme::Mode::Light), std::pair("dark", ui::Theme::Mode::Dark)}) {
        QTest::addRow("%s, one", name) << mode << TrayBadge{1, false};
        QTest::addRow("%s, alert", name) << mode << TrayBadge{3, true};
        QTest::addRow("%s, many", name) << mode << TrayBadge{500, false};
    }
}

void TestTrayIcon::badgeIsLegible()
{
    QFETCH(ui::Theme::Mode, mode);
    QFETCH(TrayBadge, badge);
    m_theme->setMode(mode);
    const QImage image = ui::drawTrayIcon(badge, 22);
    QCOMPARE(image.size(), QSize(22, 22));
    const ui::Tokens &t = ui::Theme::tokens();
    const QColor ground = badge.isAlert ? t.err : t.run;
    const QColor ink = t.isDark ? QColor(0x14, 0x16, 0x1a) : QColor(Qt::white);
    QVERIFY2(contrast(ground, ink) >= 4.5, qPrintable(ground.name()));
    const QRect lowerHalf(0, 11, 22, 11);
    QVERIFY(countOf(image, ground, lowerHalf) >= 40);
    QVERIFY(countOf(image, ink, QRect(22 - 12, 9, 12, 12)) >= 6); // strokes of digits, in full
    for (int y = 9; y < 22; ++y)                                  // nothing is cut off at the sides
        QVERIFY2(countOf(image, ink, QRect(0, y, 1, 1)) + countOf(image, ink, QRect(21, y, 1, 1)) == 0,
                 qPrintable(QString::number(y)));
    const QImage bare = ui::drawTrayIcon({}, 22);
    QCOMPARE(countOf(bare, ground, bare.rect()), 0);
    // Of the program's own sign enough is left to know it by.
    QVERIFY(countOf(image, QColor(0xe5, 0xb6, 0x5d), image.rect()) >= 4);
}

void TestTrayIcon::alertHasAnotherShape()
{
    const QImage usual = ui::drawTrayIcon({3, false}, 32);
    const QImage alert = ui::drawTrayIcon({3, true}, 32);
    QCOMPARE(usual.pixelColor(31, 31).alpha(), 0); // round
    QVERIFY(alert.pixelColor(30, 30).alpha() > 200);
}

void TestTrayIcon::everySizeOfPanels()
{
    const QIcon icon = ui::makeTrayIcon({5, false});
    for (const int side : {16, 22, 24, 32})
        QVERIFY(icon.availableSizes().contains(QSize(side, side)));
}

QTEST_MAIN(TestTrayIcon)
#include "tst_trayicon.moc"
