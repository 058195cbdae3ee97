#pragma once

#include "services/lifecycle/historygaps.h"
#include "ui/shell/page.h"

#include <vector>

class QPlainTextEdit;
class QPushButton;
class QSplitter;
class QStackedWidget;

namespace sandglass::models {
class EventListModel;
}

namespace sandglass::ui {

class Card;
class ElidedLabel;
class EmptyState;
class SearchField;
class TableView;

/// Every lifecycle event with its delivery, searchable; the selected one's body as it was received, and the session
/// whose path it came by.
class EventsPage final : public Page
{
    Q_OBJECT
public:
    explicit EventsPage(models::EventListModel &events, QWidget *parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Events"); }
    [[nodiscard]] QString subtitle() const override;
    [[nodiscard]] QWidget *headerTools() override { return m_tools; }
    void focusSearch() override;
    void setHistoryGaps(const std::vector<lifecycle::HistoryGap> &gaps); ///< the newest one is told
    [[nodiscard]] QByteArray saveState() const override;
    void restoreState(const QByteArray &state) override;

private:
    void buildTable();
    void buildDetails();
    void showDetails();
    void updateCounts();
    [[nodiscard]] QString loadedWords() const;
    [[nodiscard]] QString searchWords() const;

    models::EventListModel &m_events;
    QString m_gap;          ///< in words
    QString m_shownSession; ///< of the event in the details
    QWidget *m_tools = nullptr;
    SearchField *m_search = nullptr;
    QStackedWidget *m_stack = nullptr;
    QSplitter *m_splitter = nullptr;
    TableView *m_table = nullptr;
    EmptyState *m_empty = nullptr;
    Card *m_details = nullptr;
    ElidedLabel *m_session = nullptr;
    QPushButton *m_onlySession = nullptr;
    QPlainTextEdit *m_body = nullptr;
};

/// JSON with line breaks and indentation where braces and commas ask for them; other text as it is.
[[nodiscard]] QString prettyJson(const QByteArray &body);

} // namespace sandglass::ui
