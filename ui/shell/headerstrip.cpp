#include "ui/shell/headerstrip.h"

#include "ui/shell/page.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QStackedWidget>

namespace sandglass::ui {

HeaderStrip::HeaderStrip(QWidget *parent) : QFrame(parent)
{
    setProperty("strip", QStringLiteral("header"));
    setFixedHeight(metrics::headerHeight);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 0, metrics::pageMargin, 0);
    layout->setSpacing(12);
    m_title = makeLabel({}, "title");
    layout->addWidget(m_title);
    m_subtitle = new ElidedLabel;
    m_subtitle->setProperty("role", QStringLiteral("muted"));
    layout->addWidget(m_subtitle, 1);
    m_tools = new QStackedWidget;
    m_tools->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
    m_tools->addWidget(new QWidget); // for pages without tools
    layout->addWidget(m_tools);
}

void HeaderStrip::showPage(Page *page)
{
    m_page = page;
    m_title->setText(page->title());
    refreshSubtitle();
    QWidget *tools = page->headerTools();
    if (tools != nullptr && m_tools->indexOf(tools) < 0)
        m_tools->addWidget(tools);
    m_tools->setCurrentWidget(tools != nullptr ? tools : m_tools->widget(0));
    // A stack is as wide as its widest page; the strip wants the width of the one that is shown.
    for (int i = 0; i < m_tools->count(); ++i) {
        QWidget *widget = m_tools->widget(i);
        widget->setSizePolicy(widget == m_tools->currentWidget() ? QSizePolicy::Preferred : QSizePolicy::Ignored,
                              QSizePolicy::Preferred);
    }
    m_tools->adjustSize();
}

void HeaderStrip::refreshSubtitle()
{
    if (m_page != nullptr)
        m_subtitle->setText(m_page->subtitle());
}

} // namespace sandglass::ui
