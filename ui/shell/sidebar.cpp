#include "ui/shell/sidebar.h"

#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

/// The hourglass of the program, in the accent colour of the theme.
class Mark final : public QWidget
{
public:
    Mark() { setFixedSize(18, 18); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QColor color = Theme::tokens().accent;
        painter.setPen(QPen(color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.drawLine(QPointF(4, 2), QPointF(14, 2));
        painter.drawLine(QPointF(4, 16), QPointF(14, 16));
        painter.drawPolyline(QPolygonF{{5.5, 2}, {5.5, 5}, {9, 9}, {5.5, 13}, {5.5, 16}});
        painter.drawPolyline(QPolygonF{{12.5, 2}, {12.5, 5}, {9, 9}, {12.5, 13}, {12.5, 16}});
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        painter.drawPolygon(QPolygonF{{7, 15.5}, {9, 12.5}, {11, 15.5}});
    }
};

/// ● connected, ◐ starting, ○ offline.
class ConnectionDot final : public QWidget
{
public:
    explicit ConnectionDot(ConnectionLine::State state) : m_state(state) { setFixedSize(12, 16); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const Tokens &t = Theme::tokens();
        const QColor color = m_state == ConnectionLine::State::Connected ? t.run
            : m_state == ConnectionLine::State::Starting                 ? t.accent
                                                                         : t.faint;
        painter.setPen(QPen(color, 1.3));
        painter.setBrush(m_state == ConnectionLine::State::Connected ? QBrush(color) : Qt::NoBrush);
        const QRectF box(2, 4, 8, 8);
        painter.drawEllipse(box);
        if (m_state == ConnectionLine::State::Starting) {
            painter.setBrush(color);
            painter.drawPie(box, 90 * 16, 180 * 16);
        }
    }

private:
    ConnectionLine::State m_state;
};

QWidget *makeConnectionRow(const ConnectionLine &line)
{
    auto *row = new QWidget;
    auto *layout = new QHBoxLayout(row);
    layout->setContentsMargins(10, 3, 10, 3);
    layout->setSpacing(6);
    layout->addWidget(new ConnectionDot(line.state));
    auto *name = new ElidedLabel(line.name);
    if (line.state == ConnectionLine::State::Offline)
        name->setProperty("role", QStringLiteral("faint"));
    layout->addWidget(name, 1);
    layout->addWidget(makeMuted(line.detail));
    row->setAccessibleName(line.name + u": " + line.detail);
    return row;
}

} // namespace

SideBar::SideBar(QWidget *parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("sideBar"));
    setProperty("strip", QStringLiteral("side"));
    setFixedWidth(metrics::sideBarWidth);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 12);
    layout->setSpacing(0);

    auto *brand = new QHBoxLayout;
    brand->setContentsMargins(9, 18, 0, 14);
    brand->setSpacing(8);
    brand->addWidget(new Mark);
    QLabel *name = makeHeading(QStringLiteral("Sandglass"));
    name->setFont(Theme::uiFont(15, QFont::DemiBold));
    brand->addWidget(name);
    brand->addStretch(1);
    layout->addLayout(brand);

    m_pages = new QVBoxLayout;
    m_pages->setSpacing(4);
    layout->addLayout(m_pages);
    QLabel *section = makeLabel(tr("CONNECTIONS"), "section");
    section->setContentsMargins(10, 22, 0, 6);
    layout->addWidget(section);
    m_connections = new QVBoxLayout;
    m_connections->setSpacing(2);
    layout->addLayout(m_connections);
    layout->addStretch(1);
    m_bottom = new QVBoxLayout;
    layout->addLayout(m_bottom);

    m_buttons.setExclusive(true);
    connect(&m_buttons, &QButtonGroup::idClicked, this, &SideBar::pageChosen);
}

void SideBar::addPage(const QString &key, const QString &title, bool atBottom)
{
    auto *button = new QPushButton(title);
    button->setObjectName(u"nav-" + key);
    button->setCheckable(true);
    button->setFocusPolicy(Qt::TabFocus); // a click leaves the focus to the page
    button->setProperty("kind", QStringLiteral("nav"));
    auto *row = new QHBoxLayout(button);
    row->setContentsMargins(0, 0, 10, 0);
    row->addStretch(1);
    QLabel *badge = makeMuted({});
    badge->setAttribute(Qt::WA_TransparentForMouseEvents);
    row->addWidget(badge);
    m_badges << badge;
    m_buttons.addButton(button, static_cast<int>(m_badges.size()) - 1);
    (atBottom ? m_bottom : m_pages)->addWidget(button);
}

void SideBar::setCurrent(int index)
{
    if (QAbstractButton *button = m_buttons.button(index))
        button->setChecked(true);
}

void SideBar::setBadge(int index, const QString &text)
{
    if (QLabel *badge = m_badges.value(index))
        badge->setText(text);
}

void SideBar::setConnections(const QList<ConnectionLine> &connections)
{
    if (connections == m_lines)
        return;
    m_lines = connections;
    while (QLayoutItem *item = m_connections->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const ConnectionLine &line : connections)
        m_connections->addWidget(makeConnectionRow(line));
}

} // namespace sandglass::ui
