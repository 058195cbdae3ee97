#include "ui/refine/proposerbox.h"

#include "models/runs/proposers.h"
#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "ui/refine/modeltext.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/filedialogs.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

using models::Proposers;
using models::RunSession;

namespace {

const QString addModel = QStringLiteral("add"); // no id of a choice

QString nameOf(const Proposers::Choice &choice)
{
    switch (choice.kind) {
    case Proposers::Kind::Person:
        return ProposerBox::tr("You");
    case Proposers::Kind::Script:
        return ProposerBox::tr("A script");
    case Proposers::Kind::Model:
        break;
    }
    return choice.name;
}

} // namespace

ProposerBox::ProposerBox(Proposers &proposers, const RunSession &session, QWidget *parent)
    : QFrame(parent)
    , m_proposers(proposers)
    , m_session(session)
    , m_who(new QComboBox(this))
    , m_more(new QWidget(this))
    , m_attempts(new QSpinBox(m_more))
    , m_money(new QLineEdit(m_more))
    , m_script(new QPushButton(m_more))
    , m_refine(makePrimaryButton(tr("Refine"), QStringLiteral("refineButton"), m_more))
    , m_words(new QLabel(this))
{
    setObjectName(QStringLiteral("proposerBox"));
    setUpParts();
    buildLayout();
    wire();
    fill();
}

void ProposerBox::setUpParts()
{
    m_who->setObjectName(QStringLiteral("proposer"));
    m_who->setAccessibleName(tr("Who writes the code"));
    m_who->setToolTip(tr("Who writes the code of the attempts"));
    m_who->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_who->setMinimumContentsLength(8);
    m_attempts->setObjectName(QStringLiteral("refineAttempts"));
    m_attempts->setAccessibleName(tr("Ends after so many attempts"));
    m_attempts->setToolTip(tr("It ends after so many attempts, if none has passed"));
    m_attempts->setRange(1, 100);
    m_attempts->setSuffix(tr(" attempts"));
    m_money->setObjectName(QStringLiteral("refineMoney"));
    m_money->setAccessibleName(tr("Dollars it may spend"));
    m_money->setPlaceholderText(tr("$: no limit"));
    m_money->setToolTip(
        tr("Dollars for models and sandboxes together. It is looked at before each attempt; the last one "
           "may go beyond."));
    m_script->setObjectName(QStringLiteral("scriptFiles"));
    m_script->setToolTip(tr("Files of code in the order of their names, one attempt each"));
    m_refine->setToolTip(tr("Writes, runs and corrects until the check passes (Ctrl+Shift+Enter)"));
    m_words->setObjectName(QStringLiteral("refineWords"));
    m_words->setTextFormat(Qt::PlainText); // holds what a provider says
    m_words->setWordWrap(true);
    m_words->setTextInteractionFlags(Qt::TextSelectableByMouse);
}

void ProposerBox::buildLayout()
{
    auto *who = new QLabel(tr("Written by"), this);
    who->setProperty("role", QStringLiteral("muted"));
    who->setBuddy(m_who);
    auto *limits = new QHBoxLayout;
    limits->setSpacing(metrics::gap);
    limits->addWidget(m_attempts, 1);
    limits->addWidget(m_money, 1);
    auto *second = new QVBoxLayout(m_more);
    second->setContentsMargins(0, 0, 0, 0);
    second->setSpacing(6);
    second->addLayout(limits);
    second->addWidget(m_refine);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(who);
    layout->addWidget(m_who);
    layout->addWidget(m_script);
    layout->addWidget(m_more);
    layout->addWidget(m_words);
}

void ProposerBox::wire()
{
    m_attempts->setValue(m_proposers.attempts());
    m_money->setText(m_proposers.money());
    connect(m_who, &QComboBox::activated, this, &ProposerBox::takeChoice);
    connect(m_attempts, &QSpinBox::valueChanged, this, [this](int value) { m_proposers.setAttempts(value); });
    connect(m_money, &QLineEdit::textChanged, this, &ProposerBox::takeMoney);
    connect(m_money, &QLineEdit::editingFinished, this, [this] {
        m_isMoneyWrong = !Proposers::isMoney(m_money->text());
        update();
    });
    connect(m_script, &QPushButton::clicked, this, &ProposerBox::chooseScript);
    connect(m_refine, &QPushButton::clicked, this, &ProposerBox::refineRequested);
    connect(&m_proposers, &Proposers::changed, this, &ProposerBox::fill);
    connect(&m_session, &RunSession::stateChanged, this, &ProposerBox::update);
}

/// Models come and go: the one that is chosen stays as long as it is there.
void ProposerBox::fill()
{
    const QSignalBlocker quiet(m_who);
    QList<std::pair<QString, QString>> wanted;
    for (const Proposers::Choice &choice : m_proposers.choices())
        wanted.append({nameOf(choice), choice.id});
    wanted.append({tr("Add a model…"), addModel});
    QList<std::pair<QString, QString>> listed;
    for (int i = 0; i < m_who->count(); ++i)
        listed.append({m_who->itemText(i), m_who->itemData(i).toString()});
    if (wanted != listed) {
        m_who->clear();
        for (const auto &[name, id] : wanted)
            m_who->addItem(name, id);
    }
    m_who->setCurrentIndex(m_who->findData(m_proposers.chosen().id));
    update();
}

void ProposerBox::takeChoice()
{
    const QString id = m_who->currentData().toString();
    if (id != addModel)
        return m_proposers.choose(id);
    m_who->setCurrentIndex(m_who->findData(m_proposers.chosen().id));
    Q_EMIT modelsRequested();
}

void ProposerBox::takeMoney()
{
    m_proposers.setMoney(m_money->text());
    m_isMoneyWrong = false;
    update();
}

void ProposerBox::chooseScript()
{
    askWhichToOpen(this, tr("Attempts of the script"), tr("Python (*.py);;All files (*)"), [this](QStringList files) {
        std::ranges::sort(files);
        if (const auto taken = m_proposers.setScript(files); !taken)
            Q_EMIT troubled(tr("The script cannot be used: %1").arg(toQString(taken.error().message)));
    });
}

void ProposerBox::update()
{
    const Proposers::Kind kind = m_proposers.chosen().kind;
    const bool isIdle = m_session.state() == RunSession::State::Idle;
    m_who->setEnabled(isIdle);
    m_more->setVisible(kind != Proposers::Kind::Person);
    m_attempts->setEnabled(isIdle);
    m_money->setEnabled(isIdle);
    m_script->setVisible(kind == Proposers::Kind::Script);
    m_script->setEnabled(isIdle);
    m_script->setText(m_proposers.scriptLength() == 0
                          ? tr("Built-in example · choose files…")
                          : tr("%n file(s) · choose others…", nullptr, m_proposers.scriptLength()));
    m_refine->setEnabled(isIdle && m_proposers.isMoneySound());
    RefiningWords words =
        refiningWords(m_session.refining(), m_proposers,
                      m_session.refining().isRunning() && m_session.state() == RunSession::State::Asking);
    if (m_isMoneyWrong)
        words = {tr("The limit is an amount of dollars above zero such as 0.10, or empty."), QStringLiteral("error")};
    if (m_words->text() != words.text)
        m_words->setText(words.text);
    setLook(m_words, "role", words.role);
    m_words->setVisible(!words.text.isEmpty() && (kind != Proposers::Kind::Person || m_session.refining().isRunning()));
}

} // namespace sandglass::ui
