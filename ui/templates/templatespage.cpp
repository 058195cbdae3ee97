#include "ui/templates/templatespage.h"

#include "models/templates/templatefilter.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "ui/templates/templatedelegate.h"
#include "ui/templates/templatedetails.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::TemplateFilter;
using models::TemplateListModel;

TemplatesPage::TemplatesPage(TemplateListModel &templates, QWidget *parent)
    : Page(parent)
    , m_templates(templates)
    , m_filter(new TemplateFilter(this))
    , m_tools(new QWidget(this))
    , m_search(new QLineEdit(m_tools))
    , m_table(new TableView(QStringLiteral("templateTable"), this))
    , m_details(new TemplateDetails(this))
    , m_splitter(new QSplitter(Qt::Horizontal, this))
    , m_stack(new QStackedWidget(this))
    , m_messageTitle(new QLabel(this))
    , m_messageText(new QLabel(this))
    , m_retry(new QPushButton(tr("Try again"), this))
    , m_stale(new QLabel(this))
{
    setObjectName(QStringLiteral("templatesPage"));
    m_filter->setSourceModel(&m_templates);
    buildTools();
    buildTable();
    m_stack->addWidget(m_splitter);
    m_stack->addWidget(buildMessage());
    m_stale->setProperty("role", QStringLiteral("error"));
    m_stale->setWordWrap(true);
    m_stale->hide();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, 20, metrics::pageMargin, metrics::pageMargin);
    layout->setSpacing(12);
    layout->addWidget(m_stale);
    layout->addWidget(m_stack, 1);
    connect(&m_templates, &TemplateListModel::stateChanged, this, &TemplatesPage::updateState);
    connect(&m_templates, &QAbstractItemModel::dataChanged, this, &TemplatesPage::onSelectionChanged);
    connect(m_details, &TemplateDetails::newSandboxRequested, this, &TemplatesPage::requestNewSandbox);
    connect(m_details, &TemplateDetails::openInRefineRequested, this, &TemplatesPage::requestRefine);
    connect(m_details, &TemplateDetails::copied, this,
            [this](const QString &what) { Q_EMIT toast(tr("Copied %1").arg(what)); });
    connect(m_retry, &QPushButton::clicked, this, &TemplatesPage::refresh);
    updateState();
}

void TemplatesPage::buildTools()
{
    m_search->setObjectName(QStringLiteral("templateSearch"));
    m_search->setPlaceholderText(tr("Search name, id…  Ctrl+F"));
    m_search->setAccessibleName(tr("Search templates"));
    m_search->setClearButtonEnabled(true);
    m_search->setMinimumWidth(220);
    auto *create = new QPushButton(tr("New sandbox…"), m_tools);
    create->setObjectName(QStringLiteral("newSandbox"));
    create->setProperty("kind", QStringLiteral("primary"));
    auto *layout = new QHBoxLayout(m_tools);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_search);
    layout->addWidget(create);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_filter->setSearch(text);
        if (m_filter->rowCount() > 0 && !m_table->currentIndex().isValid())
            m_table->selectRow(0);
        Q_EMIT subtitleChanged();
    });
    connect(create, &QPushButton::clicked, this, &TemplatesPage::requestNewSandbox);
}

void TemplatesPage::buildTable()
{
    m_table->setAccessibleName(tr("Templates"));
    m_table->setModel(m_filter);
    m_table->setItemDelegate(new TemplateDelegate(m_table));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(TemplateListModel::NameColumn, Qt::AscendingOrder);
    m_table->setColumnWidths({-1, 110, 130, 80, 120}, {168, 92, 120, 74, 104});
    m_table->setOptionalColumns({TemplateListModel::SpawnsColumn, TemplateListModel::UpdatedColumn,
                                 TemplateListModel::SizeColumn}); // the details tell them, too
    auto *card = new QFrame(this);
    card->setProperty("card", true);
    auto *cardLayout = new QVBoxLayout(card);
    cardLayout->setContentsMargins(0, 0, 0, 0);
    cardLayout->addWidget(m_details);
    auto *tableCard = new Card;
    tableCard->setFlush();
    tableCard->body()->addWidget(m_table);
    m_splitter->addWidget(tableCard);
    m_splitter->addWidget(card);
    m_splitter->setHandleWidth(metrics::cardGap);
    m_splitter->setProperty("gap", true);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);
    m_splitter->setSizes({700, 420});
    m_splitter->setChildrenCollapsible(false);
    card->setMinimumWidth(280);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &TemplatesPage::onSelectionChanged);
    connect(m_table, &QTableView::activated, this, &TemplatesPage::requestRefine);
}

QWidget *TemplatesPage::buildMessage()
{
    auto *box = new QWidget(this);
    m_messageTitle->setProperty("role", QStringLiteral("heading"));
    m_messageText->setProperty("role", QStringLiteral("muted"));
    m_messageText->setWordWrap(true);
    m_messageText->setAlignment(Qt::AlignCenter);
    m_messageText->setMaximumWidth(520);
    m_messageText->setMinimumWidth(360);
    auto *layout = new QVBoxLayout(box);
    layout->addStretch(2);
    layout->addWidget(m_messageTitle, 0, Qt::AlignHCenter);
    layout->addWidget(m_messageText, 0, Qt::AlignHCenter);
    layout->addWidget(m_retry, 0, Qt::AlignHCenter);
    layout->addStretch(3);
    return box;
}

QString TemplatesPage::title() const
{
    return tr("Templates");
}

QString TemplatesPage::subtitle() const
{
    if (!m_templates.asOf())
        return {};
    const QString count = m_filter->isSearching()
        ? tr("%1 of %2").arg(formatCount(m_filter->rowCount()), formatCount(m_templates.rowCount()))
        : formatCount(m_templates.rowCount());
    return tr("%1 · as of %2").arg(count, formatClock(*m_templates.asOf()));
}

void TemplatesPage::focusSearch()
{
    m_search->setFocus();
    m_search->selectAll();
}

void TemplatesPage::refresh()
{
    m_templates.refresh();
}

void TemplatesPage::showEvent(QShowEvent *event)
{
    Page::showEvent(event);
    if (m_templates.state() == TemplateListModel::State::NotLoaded)
        m_templates.refresh();
}

void TemplatesPage::updateState()
{
    const auto state = m_templates.state();
    const bool isEmpty = m_templates.rowCount() == 0;
    const QString reason = toQString(m_templates.error().message);
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    m_retry->setVisible(state == TemplateListModel::State::Failed);
    m_stale->setVisible(state == TemplateListModel::State::Failed && !isEmpty);
    if (m_stale->isVisibleTo(this) && m_templates.asOf())
        m_stale->setText(
            tr("The list is from %1; asking again failed: %2").arg(formatClock(*m_templates.asOf()), reason));
    if (state == TemplateListModel::State::Failed) {
        m_messageTitle->setText(tr("The templates cannot be listed"));
        m_messageText->setText(tr("%1\nIs the engine running, or the connection right? See Settings.").arg(reason));
    } else if (state == TemplateListModel::State::Loaded) {
        m_messageTitle->setText(tr("No templates yet"));
        m_messageText->setText(
            tr("This connection has no templates. The local engine brings base and code-interpreter-v1."));
    } else {
        m_messageTitle->setText(tr("Asking for the templates…"));
        m_messageText->clear();
    }
    if (!isEmpty && !m_table->currentIndex().isValid())
        m_table->selectRow(0);
    onSelectionChanged();
    Q_EMIT badgeChanged(isEmpty ? QString() : formatCount(m_templates.rowCount()));
    Q_EMIT subtitleChanged();
}

QString TemplatesPage::selectedId() const
{
    return m_table->currentIndex().data(TemplateListModel::IdRole).toString();
}

void TemplatesPage::onSelectionChanged()
{
    const e2b::TemplateInfo *info = m_templates.find(selectedId());
    m_details->setTemplate(info ? std::optional(*info) : std::nullopt);
}

void TemplatesPage::requestNewSandbox()
{
    Q_EMIT newSandboxRequested(selectedId());
}

void TemplatesPage::requestRefine()
{
    if (const e2b::TemplateInfo *info = m_templates.find(selectedId()))
        Q_EMIT openInRefineRequested(TemplateListModel::displayName(*info));
}

QByteArray TemplatesPage::saveState() const
{
    return m_splitter->saveState();
}

void TemplatesPage::restoreState(const QByteArray &state)
{
    m_splitter->restoreState(state);
}

} // namespace sandglass::ui
