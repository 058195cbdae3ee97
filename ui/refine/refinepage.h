#pragma once

#include "ui/shell/page.h"

class QAction;
class QComboBox;
class QPushButton;
class QSplitter;

namespace sandglass::models {
class CodeDocument;
class Proposers;
class RunSession;
class Settings;
struct SessionContents;
class TemplateListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class AttemptsPanel;
class CodeEditor;
class ExampleOffer;
class FindBar;
class OutputPanel;
class SessionKeeping;
class SessionSharing;
class StartNotice;
class TroubleBanner;

/// Write, run in a sandbox, see the error at its line, run again until the check passes.
class RefinePage final : public Page
{
    Q_OBJECT
public:
    RefinePage(models::RunSession &session, models::CodeDocument &document, models::Settings &settings,
               models::TemplateListModel &templates, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void focusSearch() override;
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;

    [[nodiscard]] CodeEditor *editor() const { return m_editor; }
    [[nodiscard]] OutputPanel *output() const { return m_output; }
    void setProposers(models::Proposers &proposers); ///< once; without them only the person writes
    /// Another template for the next run; ends the sandbox of the one before.
    void setTemplate(const QString &name);

public Q_SLOTS:
    void openFile(const QString &path); ///< code, or a saved session
    /// Takes up the attempts that a program before this one left in `path`, and leaves them there from now on.
    void keepSessionIn(const QString &path);
    void keepSession(); ///< before the end; without keepSessionIn() nothing
    void loadExample(); ///< Fibonacci with the colon missing, as one undoable step
    void run();
    void refine(); ///< by who is chosen
    void stop();

Q_SIGNALS:
    void modelsRequested();        ///< the place where models are added
    void engineRestartRequested(); ///< from the banner after the engine went away
    void budgetsRequested();       ///< from what budgets say about a run

protected:
    void resizeEvent(QResizeEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    void buildTools();
    void buildLayout();
    void buildActions();
    QAction *addAction(const QString &text, const QList<QKeySequence> &keys, void (RefinePage::*slot)());
    void wireSession();
    void wireEditor();
    void start(bool isAnyway);
    void startRefining(bool isAnyway);
    void startText();
    void fillTemplates();
    void onStateChanged();
    void onErrorChanged();
    void onAttemptSelected(int number);
    void restore(int number);
    void updateStateLine();
    void updateBanner();
    void openDialog();
    void showOpened(const QString &text, bool isOverUnsaved);
    void save();
    void saveAs();
    void saveSession();
    void openSession();
    [[nodiscard]] models::SessionContents contents() const;
    void takeUp(const models::SessionContents &contents);
    void find();
    void zoomIn();
    void zoomOut();
    void zoomReset();
    void keepZoom();
    void togglePanel();
    void escape();

    models::RunSession &m_session;
    models::CodeDocument &m_document;
    models::Settings &m_settings;
    models::TemplateListModel &m_templates;
    QWidget *m_tools;
    QComboBox *m_template;
    QPushButton *m_stop;
    QPushButton *m_run;
    QPushButton *m_panelButton;
    CodeEditor *m_editor;
    FindBar *m_find;
    SessionSharing *m_sharing;
    SessionKeeping *m_keeping = nullptr;
    TroubleBanner *m_banner;
    StartNotice *m_notice;
    ExampleOffer *m_welcome;
    OutputPanel *m_output;
    AttemptsPanel *m_panel;
    QSplitter *m_columns;
    QSplitter *m_rows;
    models::Proposers *m_proposers = nullptr;
    bool m_wasRefining = false; ///< what was started last
    bool m_panelByHand = false; ///< the person chose, so the width no longer decides
};

} // namespace sandglass::ui
