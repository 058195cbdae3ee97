#include "ui/shell/headerstrip.h"

#include "ui/shell/page.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>

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
}

void HeaderStrip::showPage(Page *page)
{
    m_page = page;
    m_title->setText(page->title());
    refreshSubtitle();
    if (m_tools != nullptr)
        m_tools->hide();
    m_tools = page->headerTools();
    if (m_tools == nullptr)
        return;
    if (layout()->indexOf(m_tools) < 0) {
        m_tools->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred); // a field of theirs may want all room
        layout()->addWidget(m_tools);
    }
    m_tools->show();
}

void HeaderStrip::refreshSubtitle()
{
    if (m_page != nullptr)
        m_subtitle->setText(m_page->subtitle());
}

} // namespace sandglass::ui
