#include "ui/refine/refinepage.h"

#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "ui/budgets/startnotice.h"
#include "ui/refine/attemptspanel.h"
#include "ui/refine/banners.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/example.h"
#include "ui/refine/findbar.h"
#include "ui/refine/outputpanel.h"
#include "ui/refine/sessionsharing.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/row.h"

#include <QAction>
#include <QComboBox>
#include <QDataStream>
#include <QIODevice>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::AttemptRow;
using models::RunSession;
using models::Settings;

namespace {

constexpr int narrowWidth = 860; // below this the right panel makes room for the code

} // namespace

RefinePage::RefinePage(RunSession &session, models::CodeDocument &document, Settings &settings,
                       models::TemplateListModel &templates, QWidget *parent)
    : Page(parent)
    , m_session(session)
    , m_document(document)
    , m_settings(settings)
    , m_templates(templates)
    , m_tools(new QWidget(this))
    , m_template(new QComboBox(m_tools))
    , m_stop(new QPushButton(tr("■ Stop  Esc"), m_tools))
    , m_run(new QPushButton(tr("▶ Run  Ctrl+Enter"), m_tools))
    , m_panelButton(new QPushButton(tr("Attempts"), m_tools))
    , m_editor(new CodeEditor(this))
    , m_find(new FindBar(*m_editor, this))
    , m_sharing(new SessionSharing(
          session, document,
          {[this] { return contents(); }, [this](const models::SessionContents &shown) { takeUp(shown); }}, this))
    , m_banner(new TroubleBanner(this))
    , m_notice(new StartNotice(this))
    , m_welcome(new ExampleOffer(this))
    , m_output(new OutputPanel(this))
    , m_panel(new AttemptsPanel(*session.attempts(), this))
    , m_columns(new QSplitter(Qt::Horizontal, this))
    , m_rows(new QSplitter(Qt::Vertical, this))
{
    setObjectName(QStringLiteral("refinePage"));
    setAcceptDrops(true);
    buildTools();
    buildLayout();
    buildActions();
    wireSession();
    wireEditor();
    startText();
    onStateChanged();
    updateStateLine();
    updateBanner();
}

void RefinePage::buildTools()
{
    m_template->setObjectName(QStringLiteral("refineTemplate"));
    m_template->setAccessibleName(tr("Template"));
    m_template->setToolTip(tr("Where the code runs"));
    m_template->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_stop->setObjectName(QStringLiteral("stopButton"));
    m_run->setObjectName(QStringLiteral("runButton"));
    m_run->setProperty("kind", QStringLiteral("primary"));
    m_panelButton->setObjectName(QStringLiteral("panelButton"));
    m_panelButton->setToolTip(tr("Show or hide requirement and attempts"));
    makeRow(m_tools, 12, {m_template, m_panelButton, m_stop, m_run});
    connect(m_run, &QPushButton::clicked, this, &RefinePage::run);
    connect(m_stop, &QPushButton::clicked, this, &RefinePage::stop);
    connect(m_panelButton, &QPushButton::clicked, this, &RefinePage::togglePanel);
    connect(m_template, &QComboBox::activated, this, [this] { setTemplate(m_template->currentData().toString()); });
    connect(&m_templates, &models::TemplateListModel::stateChanged, this, &RefinePage::fillTemplates);
    fillTemplates();
}

void RefinePage::buildLayout()
{
    auto *top = new QWidget(this);
    auto *code = new QVBoxLayout(top);
    code->setContentsMargins(0, 0, 0, 0);
    code->setSpacing(0);
    code->addWidget(m_welcome);
    code->addWidget(m_sharing);
    code->addWidget(m_banner);
    code->addWidget(m_notice);
    code->addWidget(m_find);
    code->addWidget(m_editor, 1);
    top->setMinimumHeight(140);
    m_output->setMinimumHeight(110);
    m_rows->addWidget(top);
    m_rows->addWidget(m_output);
    m_rows->setSizes({620, 300});
    m_rows->setStretchFactor(0, 2);
    m_rows->setStretchFactor(1, 1);
    m_panel->setMinimumWidth(240);
    m_panel->setMaximumWidth(520);
    m_columns->addWidget(m_rows);
    m_columns->addWidget(m_panel);
    m_columns->setStretchFactor(0, 1);
    m_columns->setStretchFactor(1, 0);
    m_columns->setSizes({1010, 378});
    for (QSplitter *splitter : {m_rows, m_columns}) {
        splitter->setHandleWidth(1);
        splitter->setChildrenCollapsible(false);
    }
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_columns);
}

QAction *RefinePage::addAction(const QString &text, const QList<QKeySequence> &keys, void (RefinePage::*slot)())
{
    auto *action = new QAction(text, this);
    action->setShortcuts(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, slot);
    QWidget::addAction(action);
    return action;
}

void RefinePage::buildActions()
{
    const auto key = [](QKeyCombination combination) { return QKeySequence(combination); };
    addAction(tr("Run"), {key(Qt::CTRL | Qt::Key_Return), key(Qt::CTRL | Qt::Key_Enter)}, &RefinePage::run);
    addAction(tr("Refine: have the code written and corrected"),
              {key(Qt::CTRL | Qt::SHIFT | Qt::Key_Return), key(Qt::CTRL | Qt::SHIFT | Qt::Key_Enter)},
              &RefinePage::refine);
    addAction(tr("Stop"), {QKeySequence(Qt::Key_Escape)}, &RefinePage::escape);
    addAction(tr("Open a file…"), {QKeySequence::Open}, &RefinePage::openDialog);
    addAction(tr("Save"), {QKeySequence::Save}, &RefinePage::save);
    addAction(tr("Save as…"), {QKeySequence::SaveAs}, &RefinePage::saveAs);
    addAction(tr("Save session as…"), {key(Qt::CTRL | Qt::ALT | Qt::Key_S)}, &RefinePage::saveSession);
    addAction(tr("Open session…"), {key(Qt::CTRL | Qt::ALT | Qt::Key_O)}, &RefinePage::openSession);
    QWidget::addAction(m_sharing->backAction());
    addAction(tr("Find in the code"), {QKeySequence::Find}, &RefinePage::find);
    addAction(tr("Larger text"), {key(Qt::CTRL | Qt::Key_Plus), key(Qt::CTRL | Qt::Key_Equal)}, &RefinePage::zoomIn);
    addAction(tr("Smaller text"), {key(Qt::CTRL | Qt::Key_Minus)}, &RefinePage::zoomOut);
    addAction(tr("Normal text size"), {key(Qt::CTRL | Qt::Key_0)}, &RefinePage::zoomReset);
}

void RefinePage::wireSession()
{
    m_output->setLiveOutput(m_session.output());
    m_panel->setRequirement(m_settings.text(Settings::Key::RefineRequirement));
    m_panel->setExpectedOutput(m_settings.text(Settings::Key::RefineCheck));
    m_panel->setOwnWebhook(m_settings.value(Settings::Key::RefineWebhook).toBool());
    m_panel->compareFlatPrice(m_settings.value(Settings::Key::CompareFlatPrice).toBool());
    m_session.setExpectedOutput(m_panel->expectedOutput());
    m_session.setRunTimeout(m_settings.number(Settings::Key::RunTimeoutSeconds));
    m_session.setSandboxTimeout(m_settings.number(Settings::Key::SandboxTimeoutSeconds));
    connect(&m_session, &RunSession::stateChanged, this, &RefinePage::onStateChanged);
    connect(&m_session, &RunSession::sandboxChanged, this, &RefinePage::updateStateLine);
    connect(&m_session, &RunSession::errorChanged, this, &RefinePage::onErrorChanged);
    connect(&m_session, &RunSession::troubleChanged, this, &RefinePage::updateBanner);
    connect(&m_session, &RunSession::resultsChanged, this, [this] { m_output->setResults(m_session.results()); });
    connect(m_session.attempts(), &QAbstractItemModel::rowsInserted, this, [this] { m_panel->selectNewest(); });
    connect(&m_session, &RunSession::attemptFinished, this, [this](int number) {
        if (m_panel->selectedNumber() == number)
            onAttemptSelected(number);
        Q_EMIT badgeChanged(QString::number(m_session.attempts()->rowCount()));
    });
    connect(m_panel, &AttemptsPanel::attemptSelected, this, &RefinePage::onAttemptSelected);
    connect(m_panel, &AttemptsPanel::flatPriceCompared, this,
            [this](bool isCompared) { m_settings.set(Settings::Key::CompareFlatPrice, isCompared); });
    connect(m_panel, &AttemptsPanel::ownWebhookChanged, this,
            [this](bool isWanted) { m_settings.set(Settings::Key::RefineWebhook, isWanted); });
    connect(m_panel, &AttemptsPanel::restoreRequested, this, &RefinePage::restore);
    connect(m_panel, &AttemptsPanel::requirementChanged, this,
            [this](const QString &text) { m_settings.set(Settings::Key::RefineRequirement, text.left(4000)); });
    connect(m_panel, &AttemptsPanel::expectedOutputChanged, this, [this](const QString &text) {
        m_session.setExpectedOutput(text);
        m_settings.set(Settings::Key::RefineCheck, text.left(4000));
    });
}

void RefinePage::wireEditor()
{
    connect(m_banner, &TroubleBanner::runRequested, this, &RefinePage::run);
    connect(m_banner, &TroubleBanner::engineRestartRequested, this, &RefinePage::engineRestartRequested);
    connect(m_notice, &StartNotice::startAnywayRequested, this,
            [this] { m_wasRefining ? startRefining(true) : start(true); });
    connect(m_notice, &StartNotice::budgetsRequested, this, &RefinePage::budgetsRequested);
    connect(m_welcome, &ExampleOffer::accepted, this, &RefinePage::loadExample);
    m_editor->zoomTo(m_settings.number(Settings::Key::EditorZoom));
    connect(m_editor, &CodeEditor::codeEdited, this, [this] { m_document.noteText(m_editor->text()); });
    connect(m_editor, &CodeEditor::tracebackRequested, this, [this] { m_output->setTab(OutputPanel::OutputTab); });
    connect(m_editor, &CodeEditor::filesDropped, this, &RefinePage::openFile);
    connect(&m_document, &models::CodeDocument::titleChanged, this, &Page::subtitleChanged);
    connect(&m_document, &models::CodeDocument::opened, this, &RefinePage::showOpened);
    connect(&m_document, &models::CodeDocument::openFailed, this, [this](const QString &path, const QString &reason) {
        Q_EMIT toast(tr("%1 cannot be opened: %2").arg(path, reason));
    });
    connect(&m_document, &models::CodeDocument::saveFailed, this,
            [this](const QString &reason) { Q_EMIT toast(tr("Not saved: %1").arg(reason)); });
    connect(&m_document, &models::CodeDocument::autosaveFailed, this,
            [this](const QString &reason) { Q_EMIT toast(tr("The code cannot be kept: %1").arg(reason)); });
}

void RefinePage::startText()
{
    const bool isFirst = m_document.isFirstStart();
    if (const QString text = m_document.recover(); !text.isEmpty())
        m_editor->loadCode(text);
    m_welcome->setVisible(isFirst);
}

void RefinePage::loadExample()
{
    m_welcome->hide();
    m_editor->replaceCode(exampleCode());
    m_document.startNew(QStringLiteral("fibonacci.py"));
    m_document.noteText(m_editor->text());
    m_panel->setRequirement(tr("Calculate the Fibonacci sequence and print the tenth number."));
    m_panel->setExpectedOutput(QStringLiteral("Fibonacci(10) = 55"));
    m_editor->setFocus();
}

QString RefinePage::title() const
{
    return tr("Refine");
}

QString RefinePage::subtitle() const
{
    return m_document.isModified() ? tr("%1 · edited").arg(m_document.title()) : m_document.title();
}

void RefinePage::fillTemplates()
{
    const QString wanted = m_session.templateName();
    const QSignalBlocker quiet(m_template);
    m_template->clear();
    for (int row = 0; row < m_templates.rowCount(); ++row) {
        const QString name = models::TemplateListModel::displayName(m_templates.at(row));
        m_template->addItem(name, name);
    }
    if (m_template->findData(wanted) < 0)
        m_template->insertItem(0, wanted, wanted);
    m_template->setCurrentIndex(m_template->findData(wanted));
}

void RefinePage::setTemplate(const QString &name)
{
    m_session.setTemplate(name);
    m_settings.set(Settings::Key::RefineTemplate, name);
    fillTemplates();
}

void RefinePage::run()
{
    start(false);
}

void RefinePage::start(bool isAnyway)
{
    if (m_session.state() != RunSession::State::Idle || m_editor->text().trimmed().isEmpty()) {
        if (m_session.state() == RunSession::State::Idle)
            Q_EMIT toast(tr("There is no code to run yet."));
        return;
    }
    m_wasRefining = false;
    m_welcome->hide();
    m_editor->clearError();
    m_document.autosaveNow();
    m_output->setTab(OutputPanel::OutputTab);
    m_session.run(m_editor->text(), isAnyway);
}

void RefinePage::stop()
{
    m_session.stop();
}

void RefinePage::escape()
{
    if (m_session.state() != RunSession::State::Idle)
        stop();
    else if (m_find->isVisible())
        m_find->hide();
    else
        m_editor->SendScintilla(QsciScintillaBase::SCI_CANCEL);
}

void RefinePage::onStateChanged()
{
    const auto state = m_session.state();
    m_run->setEnabled(state == RunSession::State::Idle);
    m_stop->setEnabled(state != RunSession::State::Idle && state != RunSession::State::Stopping);
    m_notice->tell(m_session.gate().verdict(), m_session.gate().verdict().isRefused());
    m_template->setEnabled(state == RunSession::State::Idle);
    updateStateLine();
}

void RefinePage::updateStateLine()
{
    const QString id = m_session.sandboxId();
    QStringList parts;
    switch (m_session.state()) {
    case RunSession::State::Asking:
        parts.append(tr("asking the budgets…"));
        break;
    case RunSession::State::Proposing:
        parts.append(tr("%1 writes…").arg(m_session.refining().name()));
        break;
    case RunSession::State::CreatingSandbox:
        parts.append(tr("creating a sandbox…"));
        break;
    case RunSession::State::Stopping:
        parts.append(tr("stopping…"));
        break;
    default:
        break;
    }
    if (!m_session.webhookNote().isEmpty()) // before what a narrow window cuts off
        parts.append(m_session.webhookNote());
    if (!id.isEmpty()) {
        parts.append(tr("sandbox %1").arg(id.size() > 10 ? QString(id.left(8) + u'…') : id));
        parts.append(tr("context kept"));
        if (m_session.firstOutputAfter())
            parts.append(tr("%1 to first output").arg(formatDuration(*m_session.firstOutputAfter())));
    } else if (parts.isEmpty()) {
        parts.append(tr("the first run creates a sandbox"));
    }
    m_output->setStateLine(parts.join(QStringLiteral(" · ")));
}

void RefinePage::updateBanner()
{
    m_banner->setTrouble(m_session.trouble());
}

void RefinePage::onErrorChanged()
{
    const auto &error = m_session.error();
    if (error && error->line >= 0 && m_session.attempts()->rowCount() > 0
        && m_session.attempts()->at(0).code == m_editor->text()) // edited meanwhile: the line may be another one
        m_editor->showError({error->line, error->name, error->message});
    else
        m_editor->clearError();
}

void RefinePage::onAttemptSelected(int number)
{
    if (const AttemptRow *attempt = m_session.attempts()->byNumber(number))
        m_output->showAttempt(*attempt, m_session.attempts()->at(0).number == number);
}

void RefinePage::restore(int number)
{
    const AttemptRow *attempt = m_session.attempts()->byNumber(number);
    if (!attempt)
        return;
    m_editor->replaceCode(attempt->code);
    if (attempt->error && attempt->error->line >= 0)
        m_editor->showError({attempt->error->line, attempt->error->name, attempt->error->message});
    m_editor->setFocus();
    Q_EMIT toast(tr("Restored the code of attempt %1. Ctrl+Z takes it back.").arg(number));
}

void RefinePage::focusSearch()
{
    m_find->open();
}

void RefinePage::find()
{
    m_find->open();
}

void RefinePage::keepZoom()
{
    m_settings.set(Settings::Key::EditorZoom,
                   static_cast<int>(m_editor->SendScintilla(QsciScintillaBase::SCI_GETZOOM)));
}

void RefinePage::zoomIn()
{
    m_editor->zoomIn();
    keepZoom();
}

void RefinePage::zoomOut()
{
    m_editor->zoomOut();
    keepZoom();
}

void RefinePage::zoomReset()
{
    m_editor->resetZoom();
    keepZoom();
}

void RefinePage::togglePanel()
{
    m_panelByHand = true;
    m_panel->setVisible(!m_panel->isVisible());
}

void RefinePage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    const bool isNarrow = width() < narrowWidth;
    const int most = isNarrow ? 240 : 520;
    if (m_panelByHand || m_panel->maximumWidth() == most)
        return;
    m_panel->setMaximumWidth(most);
    const int wanted = isNarrow ? most : 378;
    m_columns->setSizes({width() - wanted, wanted});
}

QByteArray RefinePage::saveState() const
{
    QByteArray state;
    QDataStream stream(&state, QIODevice::WriteOnly);
    stream << m_columns->saveState() << m_rows->saveState() << m_panel->isHidden();
    return state;
}

void RefinePage::restoreState(const QByteArray &state)
{
    QByteArray columns;
    QByteArray rows;
    bool isHidden = false;
    QDataStream stream(state);
    stream >> columns >> rows >> isHidden;
    if (stream.status() != QDataStream::Ok)
        return;
    m_columns->restoreState(columns);
    m_rows->restoreState(rows);
    m_panel->setVisible(!isHidden);
    m_panelByHand = isHidden;
}

} // namespace sandglass::ui
