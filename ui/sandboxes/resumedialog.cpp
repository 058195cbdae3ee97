#include "ui/sandboxes/resumedialog.h"

#include "ui/sandboxes/endtext.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/timeoutedit.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

using namespace std::chrono_literals;

namespace sandglass::ui {

ResumeDialog::ResumeDialog(std::vector<std::optional<Timestamp>> plannedEnds, const QString &what, Clock clock,
                           Price price, QWidget *parent)
    : QDialog(parent)
    , m_plannedEnds(std::move(plannedEnds))
    , m_clock(std::move(clock))
    , m_price(std::move(price))
    , m_timeout(new TimeoutEdit(QStringLiteral("resumeTimeout")))
    , m_former(new QLabel)
    , m_next(new QLabel)
    , m_cost(new QLabel)
{
    setObjectName(QStringLiteral("resumeDialog"));
    setWindowTitle(tr("Resume"));
    m_timeout->setSeconds(usualSeconds);
    m_former->setObjectName(QStringLiteral("formerEnd"));
    m_next->setObjectName(QStringLiteral("nextEnd"));
    m_next->setWordWrap(true);
    m_cost->setObjectName(QStringLiteral("resumeCost"));
    m_cost->setWordWrap(true);
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(metrics::cardGap);
    form->setVerticalSpacing(12);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->addRow(makeMuted(tr("Timeout")), m_timeout);
    form->addRow(makeMuted(tr("Planned end before")), m_former);
    form->addRow(makeMuted(tr("Planned end now")), m_next);
    form->addRow(makeMuted(tr("Cost until then")), m_cost);
    QPushButton *cancel = makeButton(tr("Cancel"), QStringLiteral("cancelResume"));
    const auto count = static_cast<int>(m_plannedEnds.size());
    QPushButton *resume = makePrimaryButton(count == 1 ? tr("Resume 1 sandbox") : tr("Resume %1 sandboxes").arg(count),
                                            QStringLiteral("confirmResume"));
    resume->setDefault(true);
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(resume);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::cardGap);
    QLabel *heading = makeHeading(what);
    heading->setWordWrap(true);
    layout->addWidget(heading);
    layout->addLayout(form);
    layout->addStretch(1);
    layout->addLayout(buttons);
    resize(440, 270);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(resume, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_timeout, &TimeoutEdit::changed, this, &ResumeDialog::update);
    connect(&m_ticker, &QTimer::timeout, this, &ResumeDialog::update);
    m_ticker.start(1s);
    update();
}

int ResumeDialog::seconds() const
{
    return m_timeout->seconds();
}

QString ResumeDialog::formerEnd(Timestamp now) const
{
    std::optional<Timestamp> first;
    std::optional<Timestamp> last;
    for (const auto &end : m_plannedEnds) {
        if (!end)
            continue;
        first = std::min(first.value_or(*end), *end);
        last = std::max(last.value_or(*end), *end);
    }
    if (!first)
        return tr("not known");
    return *first == *last ? clockBeside(*first, now)
                           : clockBeside(*first, now) + QStringLiteral(" – ") + clockBeside(*last, now);
}

void ResumeDialog::update()
{
    const Timestamp now = m_clock();
    const Timestamp next = now + std::chrono::seconds(seconds());
    const bool isEarlier =
        std::ranges::any_of(m_plannedEnds, [next](const std::optional<Timestamp> &end) { return end && next < *end; });
    m_former->setText(formerEnd(now));
    const QString text = clockBeside(next, now);
    m_next->setText(isEarlier ? tr("%1, earlier than before").arg(text) : text);
    const WorstCase worst = m_price(std::chrono::seconds(seconds()));
    m_cost->setText(worstCaseText(worst));
    m_cost->setToolTip(worst.unknown < worst.count ? tr("%1 when all run until then").arg(formatMoneyExact(worst.most))
                                                   : QString());
    setLook(m_next, "role", isEarlier ? QStringLiteral("warning") : QString());
}

} // namespace sandglass::ui
