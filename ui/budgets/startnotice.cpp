#include "ui/budgets/startnotice.h"

#include "models/budgets/startcheck.h"
#include "ui/budgets/budgettext.h"
#include "ui/widgets/bannerrow.h"

#include <QLabel>
#include <QPushButton>
#include <QStringList>

namespace sandglass::ui {

namespace {

constexpr int mostTold = 3;

} // namespace

StartNotice::StartNotice(QWidget *parent)
    : QFrame(parent)
    , m_text(new QLabel(this))
    , m_anyway(new QPushButton(tr("Start anyway"), this))
    , m_budgets(new QPushButton(tr("Open Budgets"), this))
{
    setObjectName(QStringLiteral("startNotice"));
    m_text->setObjectName(QStringLiteral("startNoticeText"));
    m_text->setTextFormat(Qt::PlainText); // names are the person's
    m_anyway->setObjectName(QStringLiteral("startAnyway"));
    m_anyway->setToolTip(tr("The audit log keeps that you did."));
    m_anyway->setAutoDefault(false); // Return asks again
    m_budgets->setObjectName(QStringLiteral("openBudgets"));
    m_budgets->setAutoDefault(false);
    layOutBanner(*this, m_text, {m_budgets, m_anyway});
    hide();
    connect(m_anyway, &QPushButton::clicked, this, &StartNotice::startAnywayRequested);
    connect(m_budgets, &QPushButton::clicked, this, &StartNotice::budgetsRequested);
}

void StartNotice::tell(const models::StartVerdict &verdict, bool isHeld)
{
    QStringList sentences;
    for (const cost::StartFinding &finding : verdict.findings) {
        if (sentences.size() < mostTold)
            sentences << startText(finding);
    }
    if (const int more = static_cast<int>(verdict.findings.size()) - mostTold; more > 0)
        sentences << tr("%n more budgets have something to say.", nullptr, more);
    if (isHeld)
        sentences.prepend(tr("Nothing was started."));
    const QString text = sentences.join(u' ');
    if (text != m_text->text()) {
        m_text->setText(text);
        setAccessibleName(text);
    }
    m_anyway->setVisible(isHeld);
    setVisible(!verdict.findings.empty());
}

} // namespace sandglass::ui
