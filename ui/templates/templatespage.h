#pragma once

#include "ui/shell/page.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QSplitter;
class QStackedWidget;

namespace sandglass::models {
class TemplateFilter;
class TemplateListModel;
} // namespace sandglass::models

namespace sandglass::ui {

class TableView;
class TemplateDetails;

/// What can be started: list, search, details, and the two ways to use a template.
class TemplatesPage final : public Page
{
    Q_OBJECT
public:
    explicit TemplatesPage(models::TemplateListModel &templates, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override;
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void focusSearch() override;
    void refresh() override;
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;
    [[nodiscard]] QString selectedId() const;

Q_SIGNALS:
    void newSandboxRequested(const QString &templateId);
    void openInRefineRequested(const QString &templateName);

protected:
    void showEvent(QShowEvent *event) override;

private:
    void buildTools();
    void buildTable();
    QWidget *buildMessage();
    void updateState();
    void onSelectionChanged();
    void requestNewSandbox();
    void requestRefine();

    models::TemplateListModel &m_templates;
    models::TemplateFilter *m_filter;
    QWidget *m_tools;
    QLineEdit *m_search;
    TableView *m_table;
    TemplateDetails *m_details;
    QSplitter *m_splitter;
    QStackedWidget *m_stack;
    QLabel *m_messageTitle;
    QLabel *m_messageText;
    QPushButton *m_retry;
    QLabel *m_stale;
};

} // namespace sandglass::ui
