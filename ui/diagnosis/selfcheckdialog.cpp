#include "ui/diagnosis/selfcheckdialog.h"

#include "models/diagnosis/selfcheck.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollarea.h"

#include <QClipboard>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QVBoxLayout>

#include <optional>
#include <utility>

namespace sandglass::ui {

using models::Finding;

namespace {

QLabel *makeWrapped(const char *role)
{
    QLabel *label = makeLabel({}, role);
    label->setTextFormat(Qt::PlainText); // others' words may be in it
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

/// Shape and role in the style sheet: meaning is never carried by colour alone.
std::pair<QString, QString> signOf(const std::optional<Finding> &finding)
{
    if (!finding)
        return {QStringLiteral("◌"), QStringLiteral("muted")};
    switch (finding->level) {
    case Finding::Level::Good:
        return {QStringLiteral("✓"), QStringLiteral("good")};
    case Finding::Level::Notice:
        return {QStringLiteral("▲"), QStringLiteral("warning")};
    case Finding::Level::Problem:
        break;
    }
    return {QStringLiteral("✕"), QStringLiteral("error")};
}

} // namespace

SelfCheckDialog::SelfCheckDialog(models::SelfCheck &check, QWidget *parent)
    : QDialog(parent), m_check(check), m_summary(makeMuted({}))
{
    setObjectName(QStringLiteral("selfCheckDialog"));
    setWindowTitle(tr("Self-check"));
    m_summary->setObjectName(QStringLiteral("selfCheckSummary"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, 16);
    layout->setSpacing(12);
    layout->addWidget(makeLabel(tr("Self-check"), "title"));
    layout->addWidget(m_summary);
    layout->addWidget(makeScrollArea(buildLines()), 1);
    layout->addWidget(buildButtons());
    resize(680, 520);
    connect(&m_check, &models::SelfCheck::changed, this, &SelfCheckDialog::update);
    m_check.run();
}

QWidget *SelfCheckDialog::buildLines()
{
    auto *box = new QWidget;
    auto *grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, metrics::gap, 0);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(2);
    grid->setColumnStretch(2, 1);
    int row = 0;
    for (const auto &checked : m_check.rows()) {
        Line line{makeLabel({}, "muted"), makeWrapped("muted"), makeWrapped("body")};
        line.sign->setFixedWidth(metrics::cardPadding);
        line.sentence->setObjectName(QStringLiteral("finding%1").arg(m_lines.size()));
        line.sentence->setAccessibleName(checked.name);
        grid->addWidget(line.sign, row, 0, Qt::AlignTop);
        grid->addWidget(makeLabel(checked.name, "heading"), row, 1, Qt::AlignTop);
        grid->addWidget(line.sentence, row, 2);
        grid->addWidget(line.remedy, row + 1, 2);
        grid->setRowMinimumHeight(row + 2, metrics::gap);
        row += 3;
        m_lines.push_back(line);
    }
    grid->setRowStretch(row, 1);
    return box;
}

QWidget *SelfCheckDialog::buildButtons()
{
    auto *box = new QWidget;
    auto *buttons = new QHBoxLayout(box);
    buttons->setContentsMargins(0, 0, 0, 0);
    m_copy = makeButton(tr("Copy report"), QStringLiteral("copySelfCheck"));
    m_again = makeButton(tr("Check again"), QStringLiteral("repeatSelfCheck"));
    QPushButton *close = makePrimaryButton(tr("Close"), QStringLiteral("closeSelfCheck"));
    buttons->addWidget(m_copy);
    buttons->addWidget(m_again);
    buttons->addStretch(1);
    buttons->addWidget(close);
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_check.report()); });
    connect(m_again, &QPushButton::clicked, &m_check, &models::SelfCheck::run);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    close->setDefault(true);
    return box;
}

void SelfCheckDialog::update()
{
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        const auto &finding = m_check.rows()[i].finding;
        const Line &line = m_lines[i];
        const auto [sign, role] = signOf(finding);
        line.sign->setText(sign);
        setLook(line.sign, "role", role);
        line.sentence->setText(finding ? finding->sentence : tr("Looking…"));
        line.remedy->setText(finding ? finding->remedy : QString());
        line.remedy->setVisible(finding && !finding->remedy.isEmpty());
    }
    const int problems = m_check.count(Finding::Level::Problem);
    const int notices = m_check.count(Finding::Level::Notice);
    m_summary->setText(m_check.isRunning() ? tr("Looking at everything the program stands on…")
                           : problems > 0  ? tr("Problems: %1. Worth knowing: %2.").arg(problems).arg(notices)
                           : notices > 0   ? tr("No problem. Worth knowing: %1.").arg(notices)
                                           : tr("Everything is as it should be."));
    m_again->setEnabled(!m_check.isRunning());
    m_copy->setEnabled(!m_check.isRunning());
}

} // namespace sandglass::ui
