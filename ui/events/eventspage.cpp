#include "ui/events/eventspage.h"

#include "models/events/eventlistmodel.h"
#include "services/core/displayzone.h"
#include "ui/events/eventdelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elidedlabel.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/searchfield.h"
#include "ui/widgets/tableview.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::EventListModel;

QString prettyJson(const QByteArray &body)
{
    QString out;
    int depth = 0;
    bool inString = false;
    bool escaped = false;
    const QString text = QString::fromUtf8(body);
    const auto newLine = [&out, &depth] { out += u'\n' + QString(depth * 2, u' '); };
    for (const QChar c : text) {
        if (inString) {
            out += c;
            inString = escaped || c != u'"';
            escaped = !escaped && c == u'\\';
            continue;
        }
        if (c.isSpace())
            continue;
        if (c == u'}' || c == u']') {
            depth = std::max(0, depth - 1);
            newLine();
        }
        out += c;
        inString = c == u'"';
        if (c == u'{' || c == u'[') {
            ++depth;
            newLine();
        } else if (c == u',') {
            newLine();
        } else if (c == u':') {
            out += u' ';
        }
    }
    return out;
}

EventsPage::EventsPage(EventListModel &events, QWidget *parent) : Page(parent), m_events(events)
{
    setObjectName(QStringLiteral("eventsPage"));
    m_tools = new QWidget(this);
    auto *tools = new QHBoxLayout(m_tools);
    tools->setContentsMargins(0, 0, 0, 0);
    m_search = new SearchField(tr("Search type, sandbox, reason…  Ctrl+F"), QStringLiteral("eventSearch"));
    m_search->setToolTip(tr("session:NAME shows the events that came by /webhooks/e2b/NAME"));
    tools->addWidget(m_search);
    buildTable();
    buildDetails();
    m_empty = new EmptyState({}, {});
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_splitter);
    m_stack->addWidget(m_empty);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 16, metrics::pageMargin, metrics::pageMargin);
    layout->addWidget(m_stack);
    connect(m_search, &SearchField::searchChanged, this, [this](const QString &text) { m_events.setSearch(text); });
    connect(&m_events, &EventListModel::countsChanged, this, &EventsPage::updateCounts);
    updateCounts();
}

void EventsPage::buildTable()
{
    auto *card = new Card;
    card->setFlush();
    m_table = new TableView(QStringLiteral("eventTable"));
    m_table->setAccessibleName(tr("Lifecycle events"));
    m_table->setItemDelegate(new EventDelegate(m_table));
    m_table->setModel(&m_events);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setColumnWidths({84, 102, 172, -1, -1, 112}, {78, 98, 0, 90, 200, 98});
    card->body()->addWidget(m_table);
    m_splitter = new QSplitter(Qt::Vertical);
    m_splitter->setObjectName(QStringLiteral("eventSplitter"));
    m_splitter->setHandleWidth(metrics::cardGap);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->addWidget(card);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &EventsPage::showDetails);
}

void EventsPage::buildDetails()
{
    m_details = new Card(tr("As received"));
    m_details->setMinimumHeight(120);
    m_session = new ElidedLabel;
    m_session->setObjectName(QStringLiteral("eventSession"));
    m_session->setProperty("role", QStringLiteral("muted"));
    m_session->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_onlySession = makeQuietButton(tr("Only this session"), QStringLiteral("eventOnlySession"));
    m_details->titleRow()->addWidget(m_session, 100);
    m_details->titleRow()->addWidget(m_onlySession);
    connect(m_onlySession, &QPushButton::clicked, this, [this] {
        m_search->setText(QStringLiteral("session:") + m_shownSession);
        m_search->setCursorPosition(0); // a name longer than the field is read from its start
    });
    m_body = new QPlainTextEdit;
    m_body->setObjectName(QStringLiteral("eventBody"));
    m_body->setReadOnly(true);
    m_body->setProperty("flat", true);
    m_body->setFont(Theme::monoFont());
    m_details->body()->addWidget(m_body);
    m_details->hide();
    m_splitter->addWidget(m_details);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
}

void EventsPage::showDetails()
{
    const QModelIndexList rows = m_table->selectionModel()->selectedRows();
    m_details->setVisible(!rows.isEmpty());
    if (rows.isEmpty())
        return;
    m_details->setHint(formatDateTime(fromUnixMs(rows.front().data(EventListModel::TimestampMsRole).toLongLong())));
    m_shownSession = rows.front().data(EventListModel::SessionRole).toString();
    m_session->setText(tr("Session %1").arg(m_shownSession));
    m_session->setVisible(!m_shownSession.isEmpty());
    m_onlySession->setVisible(!m_shownSession.isEmpty());
    m_body->setPlainText(prettyJson(rows.front().data(EventListModel::RawRole).toByteArray()));
}

QString EventsPage::subtitle() const
{
    QString shown = m_events.isSearching() ? searchWords() : loadedWords();
    if (const int unknown = m_events.unknownCount(); unknown > 0)
        shown += QStringLiteral(" · ") + tr("%1 of unknown types").arg(formatCount(unknown));
    return m_gap.isEmpty() ? shown : shown + QStringLiteral(" · ") + m_gap;
}

QString EventsPage::loadedWords() const
{
    const qint64 loaded = m_events.loadedCount();
    const qint64 total = m_events.totalCount();
    if (!m_events.failure().isEmpty())
        return tr("newest %1; older ones cannot be read: %2").arg(formatCount(loaded), m_events.failure());
    return loaded >= total ? tr("all %1").arg(formatCount(total))
                           : tr("newest %1 of %2").arg(formatCount(loaded), formatCount(total));
}

QString EventsPage::searchWords() const
{
    const QString found = formatCount(m_events.rowCount());
    const QString searched = formatCount(m_events.searchedCount());
    const QString total = formatCount(m_events.totalCount());
    switch (m_events.search()) {
    case EventListModel::Search::Running:
        return tr("%1 found · searching… %2 of %3").arg(found, searched, total);
    case EventListModel::Search::Full:
        return tr("the newest %1 that fit · searched %2 of %3").arg(found, searched, total);
    case EventListModel::Search::Failed:
        return tr("%1 found · searched %2 of %3, older ones cannot be read: %4")
            .arg(found, searched, total, m_events.failure());
    case EventListModel::Search::None:
    case EventListModel::Search::Complete:
        break;
    }
    return tr("%1 found · searched all %2 events").arg(found, total);
}

void EventsPage::setHistoryGaps(const std::vector<lifecycle::HistoryGap> &gaps)
{
    const QLocale locale;
    const auto word = [&locale](Timestamp time) {
        return locale.toString(DisplayZone::at(time), QStringLiteral("d MMM HH:mm"));
    };
    m_gap = gaps.empty() ? QString()
                         : tr("nothing is known of %1 – %2: the provider forgets after 7 days")
                               .arg(word(gaps.back().from), word(gaps.back().to));
    Q_EMIT subtitleChanged();
}

void EventsPage::focusSearch()
{
    m_search->setFocus();
    m_search->selectAll();
}

QByteArray EventsPage::saveState() const
{
    return m_table->saveColumns();
}

void EventsPage::restoreState(const QByteArray &state)
{
    m_table->restoreColumns(state);
}

void EventsPage::updateCounts()
{
    Q_EMIT subtitleChanged();
    if (m_events.rowCount() > 0)
        return m_stack->setCurrentIndex(0);
    if (m_events.search() == EventListModel::Search::Running)
        m_empty->setTexts(tr("Searching…"), tr("The events of the journal, from the newest back."));
    else if (m_events.isSearching())
        m_empty->setTexts(
            tr("No event fits"),
            tr("All words of the search must occur in an event. session:NAME stands for the events of one "
               "session."));
    else
        m_empty->setTexts(tr("No events yet"),
                          tr("They arrive by webhook when a sandbox is created, paused, resumed or killed."));
    m_stack->setCurrentIndex(1);
}

} // namespace sandglass::ui
