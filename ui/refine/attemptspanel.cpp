#include "ui/refine/attemptspanel.h"

#include "models/runs/attemptsmodel.h"
#include "ui/refine/attemptcost.h"
#include "ui/refine/attemptdelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/scrollarea.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::AttemptRow;
using models::AttemptsModel;

namespace {

constexpr Money flatPrice = Money::fromPicoDollars(10'000'000'000); ///< for an attempt, as sellers of sessions reckon

constexpr int leastListHeight = 92; // one attempt and the beginning of the next

} // namespace

AttemptsPanel::AttemptsPanel(AttemptsModel &attempts, QWidget *parent)
    : QFrame(parent)
    , m_attempts(attempts)
    , m_requirement(new QPlainTextEdit(this))
    , m_check(new QLineEdit(this))
    , m_webhook(new QCheckBox(tr("Webhook of its own"), this))
    , m_list(new QListView(this))
    , m_count(new QLabel(this))
    , m_empty(new QLabel(this))
    , m_cost(new QLabel(this))
    , m_flat(new QCheckBox(tr("Compare: $0.01 each"), this))
    , m_restore(new QPushButton(tr("Restore this code"), this))
    , m_layout(new QVBoxLayout)
{
    setObjectName(QStringLiteral("attemptsPanel"));
    setProperty("strip", QStringLiteral("right"));
    setUpParts();
    buildLayout();
    connect(m_requirement, &QPlainTextEdit::textChanged, this, [this] { Q_EMIT requirementChanged(requirement()); });
    connect(m_check, &QLineEdit::textChanged, this, &AttemptsPanel::expectedOutputChanged);
    connect(m_webhook, &QCheckBox::toggled, this, &AttemptsPanel::ownWebhookChanged);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        update();
        if (selectedNumber() > 0)
            Q_EMIT attemptSelected(selectedNumber());
    });
    connect(m_flat, &QCheckBox::toggled, this, [this](bool isCompared) {
        update();
        Q_EMIT flatPriceCompared(isCompared);
    });
    connect(m_restore, &QPushButton::clicked, this, [this] { Q_EMIT restoreRequested(selectedNumber()); });
    for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(&m_attempts, signal, this, &AttemptsPanel::update);
    connect(&m_attempts, &QAbstractItemModel::modelReset, this, &AttemptsPanel::update);
    connect(&m_attempts, &QAbstractItemModel::dataChanged, this, &AttemptsPanel::update);
    update();
}

void AttemptsPanel::setUpParts()
{
    m_requirement->setObjectName(QStringLiteral("requirement"));
    m_requirement->setAccessibleName(tr("Requirement"));
    m_requirement->setPlaceholderText(tr("What the code has to do, in your words."));
    m_requirement->setTabChangesFocus(true);
    m_requirement->setFixedHeight(66);
    m_check->setObjectName(QStringLiteral("expectedOutput"));
    m_check->setAccessibleName(tr("Output contains"));
    m_check->setPlaceholderText(tr("Fibonacci(10) = 55"));
    m_check->setFont(Theme::monoFont(12));
    m_list->setObjectName(QStringLiteral("attemptList"));
    m_list->setAccessibleName(tr("Attempts"));
    m_list->setModel(&m_attempts);
    m_list->setItemDelegate(new AttemptDelegate(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setMouseTracking(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setUniformItemSizes(true);
    m_list->setMinimumHeight(leastListHeight);
    m_empty->setText(tr("Each run becomes an attempt here, with its verdict, time and cost. Select one to see its "
                        "output and what changed, and to take its code back."));
    m_empty->setProperty("role", QStringLiteral("faint"));
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_count->setProperty("role", QStringLiteral("muted"));
    m_cost->setProperty("role", QStringLiteral("muted"));
    m_cost->setObjectName(QStringLiteral("attemptsCost"));
    m_cost->setWordWrap(true);
    m_flat->setObjectName(QStringLiteral("flatPrice"));
    m_restore->setObjectName(QStringLiteral("restoreCode"));
    m_restore->setToolTip(tr("Puts the code of this attempt into the editor; Ctrl+Z takes it back."));
    m_webhook->setObjectName(QStringLiteral("ownWebhook"));
    m_webhook->setToolTip(
        tr("From its next sandbox on, this session registers a temporary webhook, which is removed when "
           "the session ends. Its events carry the session's name: search them by session:NAME."));
}

void AttemptsPanel::buildLayout()
{
    const auto label = [this](const QString &text, const char *role) {
        auto *result = new QLabel(text, this);
        result->setProperty("role", QString::fromLatin1(role));
        return result;
    };
    auto *attemptsRow = new QHBoxLayout;
    attemptsRow->addWidget(label(tr("Attempts"), "heading"));
    attemptsRow->addStretch();
    attemptsRow->addWidget(m_count);
    auto *checkLabel = label(tr("Check: output contains"), "muted");
    checkLabel->setBuddy(m_check);
    // In a low window all of it scrolls: nothing is squeezed.
    auto *content = new QWidget(this);
    content->setLayout(m_layout);
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(makeScrollArea(content));
    auto *layout = m_layout;
    layout->setContentsMargins(metrics::cardPadding, 14, metrics::cardPadding, 14);
    layout->setSpacing(6);
    layout->addWidget(label(tr("Requirement"), "muted"));
    layout->addWidget(m_requirement);
    layout->addSpacing(6);
    layout->addWidget(checkLabel);
    layout->addWidget(m_check);
    layout->addSpacing(6);
    layout->addWidget(m_webhook);
    layout->addSpacing(10);
    layout->addLayout(attemptsRow);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_list, 1);
    layout->addWidget(m_restore);
    layout->addWidget(m_cost);
    layout->addWidget(m_flat);
}

void AttemptsPanel::showProposers(QWidget *box)
{
    const int place = m_layout->indexOf(m_webhook) + 1;
    m_layout->insertSpacing(place, 6);
    m_layout->insertWidget(place + 1, box);
}

void AttemptsPanel::setOwnWebhook(bool isWanted)
{
    const QSignalBlocker quiet(m_webhook);
    m_webhook->setChecked(isWanted);
}

void AttemptsPanel::update()
{
    const int count = m_attempts.rowCount();
    m_empty->setVisible(count == 0);
    m_list->setVisible(count > 0);
    m_count->setText(count > 0 ? QString::number(count) : QString());
    const AttemptRow *selected = m_attempts.byNumber(selectedNumber());
    m_restore->setVisible(selected != nullptr && !selected->code.isEmpty());
    m_cost->setText(wordsOfCost());
    m_cost->setVisible(!m_cost->text().isEmpty());
    m_flat->setVisible(count > 0);
}

QString AttemptsPanel::wordsOfCost() const
{
    const int count = m_attempts.rowCount();
    const CostOfAttempts cost = costOf(m_attempts);
    const QString words = costWords(cost);
    if (!m_flat->isChecked() || count == 0)
        return words;
    const Money flat = flatPrice.scaled(count, 1);
    const QString other = tr("flat: %1").arg(formatMoney(flat));
    if (cost.known == 0 || (cost.ofModels > 0 && cost.unknown > 0))
        return words.isEmpty() ? other : words + QStringLiteral(" · ") + other;
    const Money difference = flat - cost.sum();
    return words + QStringLiteral(" · ") + other + QStringLiteral(", ")
        + (difference < Money{} ? tr("%1 less").arg(formatMoney(Money{} - difference))
                                : tr("%1 more").arg(formatMoney(difference)));
}

void AttemptsPanel::compareFlatPrice(bool isCompared)
{
    m_flat->setChecked(isCompared);
}

int AttemptsPanel::selectedNumber() const
{
    return m_list->currentIndex().data(AttemptsModel::NumberRole).toInt();
}

void AttemptsPanel::selectNewest()
{
    m_list->setCurrentIndex(m_attempts.index(0));
    m_list->scrollToTop();
}

void AttemptsPanel::setRequirement(const QString &text)
{
    m_requirement->setPlainText(text);
}

void AttemptsPanel::setExpectedOutput(const QString &text)
{
    m_check->setText(text);
}

QString AttemptsPanel::requirement() const
{
    return m_requirement->toPlainText();
}

QString AttemptsPanel::expectedOutput() const
{
    return m_check->text();
}

} // namespace sandglass::ui
