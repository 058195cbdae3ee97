// The built-in help: a topic for each page, links that lead somewhere, and figures that are true.

#include "services/cost/meter.h"
#include "services/lifecycle/signature.h"
#include "ui/help/helpwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFile>
#include <QListWidget>
#include <QRegularExpression>
#include <QTest>
#include <QTextBrowser>

using namespace Qt::Literals::StringLiterals;
using namespace sandglass;

namespace {

const QStringList keys = {u"overview"_s, u"sandboxes"_s, u"templates"_s, u"refine"_s,   u"events"_s,  u"webhooks"_s,
                          u"costs"_s,    u"analytics"_s, u"budgets"_s,   u"timeline"_s, u"settings"_s};

QString textOf(const QString &key)
{
    QFile file(u":/sandglass/help/%1.md"_s.arg(key));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

} // namespace

class TestHelp final : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_theme = std::make_unique<ui::Theme>(*qApp); }
    void linksLeadSomewhere();
    void signaturesAreTrue();
    void priceIsTrue();
    void followsTopicsAndLinks();

private:
    std::unique_ptr<ui::Theme> m_theme;
};

void TestHelp::linksLeadSomewhere()
{
    static const QRegularExpression link(u"\\]\\(([^)]+)\\)"_s);
    int links = 0;
    for (const QString &key : keys) {
        const QString text = textOf(key);
        QVERIFY2(text.startsWith(u"# "_s), qPrintable(key));
        for (auto it = link.globalMatch(text); it.hasNext(); ++links) {
            const QString target = it.next().captured(1);
            QVERIFY2(target.endsWith(u".md"_s) && keys.contains(target.chopped(3)), qPrintable(key + u' ' + target));
        }
    }
    QVERIFY(links > 5);
}

void TestHelp::signaturesAreTrue()
{
    static const QRegularExpression row(u"\\| `(\\{[^`]+)` \\| `([^`]+)` \\|"_s);
    const std::string secret = "0123456789abcdef0123456789abcdef";
    const QString text = textOf(u"webhooks"_s);
    QVERIFY(text.contains(QString::fromStdString(secret)));
    int vectors = 0;
    for (auto it = row.globalMatch(text); it.hasNext(); ++vectors) {
        const auto match = it.next();
        QVERIFY2(lifecycle::verifyDelivery(secret, match.captured(1).toStdString(), match.captured(2).toStdString()),
                 qPrintable(match.captured(2)));
    }
    QCOMPARE(vectors, 3);
}

void TestHelp::priceIsTrue()
{
    static const QRegularExpression row(
        u"(\\d+) vCPU, (\\d+) MiB \\| (\\d+) s \\| .* = ([0-9.]+) \\| .* = ([0-9.]+) \\| ([0-9.]+) \\|"_s);
    const auto match = row.match(textOf(u"costs"_s));
    QVERIFY(match.hasMatch());
    QFile file(u":/sandglass/ratecard.json"_s);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto card = cost::RateCard::fromJson(file.readAll().toStdString());
    QVERIFY(card.has_value());
    cost::Usage usage;
    usage.start = fromUnixMs(1'790'000'000'000);
    usage.end = usage.start + std::chrono::seconds(match.captured(3).toInt());
    usage.vcpuCount = match.captured(1).toInt();
    usage.memoryMb = match.captured(2).toInt();
    const Money price = cost::priceOf(usage, *card).value_or(Money());
    QCOMPARE(price.toFixed(4), match.captured(6).toStdString());
    QCOMPARE(*Money::parse(match.captured(4).toStdString()) + *Money::parse(match.captured(5).toStdString()), price);
}

void TestHelp::followsTopicsAndLinks()
{
    QList<ui::HelpWindow::Topic> topics;
    for (const QString &key : keys)
        topics.append({key, key});
    ui::HelpWindow window(topics);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window)); // a shortcut needs it
    auto *text = window.findChild<QTextBrowser *>(u"helpText"_s);
    auto *list = window.findChild<QListWidget *>(u"helpTopics"_s);
    window.showTopic(u"webhooks"_s);
    QVERIFY(text->toPlainText().startsWith(u"Webhooks"_s));
    Q_EMIT text->anchorClicked(QUrl(u"costs.md"_s));
    QVERIFY(text->toPlainText().startsWith(u"Costs"_s));
    QCOMPARE(list->currentItem()->text(), u"costs"_s);
    window.showTopic(u"nonsense"_s);
    QCOMPARE(list->currentItem()->text(), u"costs"_s);
    QTest::keyClick(&window, Qt::Key_Escape);
    QVERIFY(!window.isVisible());
    if (const QString folder = qEnvironmentVariable("SANDGLASS_PICTURES"); !folder.isEmpty()) {
        for (const QString &key : {u"costs"_s, u"webhooks"_s, u"sandboxes"_s}) {
            window.showTopic(key);
            QVERIFY(window.grab().save(u"%1/help-%2.png"_s.arg(folder, key)));
        }
    }
}

QTEST_MAIN(TestHelp)
#include "tst_help.moc"
