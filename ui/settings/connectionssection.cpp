#include "ui/settings/connectionssection.h"

#include "models/settings/connectionsmodel.h"
#include "services/core/qtstring.h"
#include "services/core/secret.h"
#include "ui/settings/connectiondelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::ConnectionsModel;
using Kind = e2b::Connection::Kind;

ConnectionsSection::ConnectionsSection(ConnectionsModel &connections, QWidget *parent)
    : Section(tr("Connections"),
              tr("New sandboxes and runs go to the connection in use. Keys are kept in %1, never in the settings file.")
                  .arg(connections.keyStore()),
              parent)
    , m_connections(connections)
    , m_list(new QListView(this))
    , m_name(new QLineEdit(this))
    , m_domain(new QLineEdit(this))
    , m_api(new QLineEdit(this))
    , m_sandbox(new QLineEdit(this))
    , m_key(new QLineEdit(this))
    , m_source(makeText("muted"))
    , m_problem(makeText("error"))
    , m_result(makeText("muted"))
    , m_add(new QPushButton(tr("Add self-hosted…"), this))
    , m_use(new QPushButton(tr("Use this connection"), this))
    , m_test(new QPushButton(tr("Test connection"), this))
    , m_save(new QPushButton(tr("Save"), this))
    , m_remove(new QPushButton(tr("Remove"), this))
{
    auto *columns = new QHBoxLayout;
    columns->setSpacing(metrics::pageMargin);
    columns->addWidget(buildList(), 2);
    columns->addWidget(buildForm(), 5);
    body()->addLayout(columns);
    wire();
    m_list->setCurrentIndex(m_connections.index(std::max(0, m_connections.rowOf(m_connections.activeId()))));
    showCurrent();
    if (!m_connections.keyProblem().isEmpty()) // told before anybody could listen
        showKeyProblem(m_connections.keyProblem());
}

QWidget *ConnectionsSection::buildList()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    m_list->setObjectName(QStringLiteral("connectionList"));
    m_list->setAccessibleName(tr("Connections"));
    m_list->setModel(&m_connections);
    m_list->setItemDelegate(new ConnectionDelegate(m_list));
    m_list->setMinimumWidth(190);
    m_list->setFixedHeight(190);
    m_add->setObjectName(QStringLiteral("addConnection"));
    layout->addWidget(m_list);
    layout->addWidget(m_add, 0, Qt::AlignLeft);
    layout->addStretch();
    return side;
}

QWidget *ConnectionsSection::buildForm()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *form = new QFormLayout;
    form->setVerticalSpacing(metrics::gap);
    form->setHorizontalSpacing(metrics::cardGap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    const auto add = [&](const QString &label, QLineEdit *edit, const char *name, const QString &hint) {
        edit->setObjectName(QString::fromLatin1(name));
        edit->setPlaceholderText(hint);
        edit->setAccessibleName(label);
        form->addRow(makeText("muted", label), edit);
    };
    add(tr("Name"), m_name, "connectionName", tr("Team server"));
    add(tr("Domain"), m_domain, "connectionDomain", QStringLiteral("e2b.app"));
    add(tr("API URL"), m_api, "connectionApi", tr("from the domain"));
    add(tr("Sandbox URL"), m_sandbox, "connectionSandbox", tr("from the domain"));
    add(tr("API key"), m_key, "connectionKey", QStringLiteral("e2b_…"));
    m_key->setEchoMode(QLineEdit::Password);
    m_source->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("connectionProblem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_result->setObjectName(QStringLiteral("testResult"));
    m_result->setWordWrap(true);
    m_save->setObjectName(QStringLiteral("saveConnection"));
    m_test->setObjectName(QStringLiteral("testConnection"));
    m_use->setObjectName(QStringLiteral("useConnection"));
    m_remove->setObjectName(QStringLiteral("removeConnection"));
    m_remove->setProperty("kind", QStringLiteral("danger"));
    auto *buttons = new QHBoxLayout;
    for (QPushButton *button : {m_use, m_test, m_save, m_remove})
        buttons->addWidget(button);
    buttons->addStretch();
    layout->addLayout(form);
    layout->addWidget(m_source);
    layout->addWidget(m_problem);
    layout->addLayout(buttons);
    layout->addWidget(m_result);
    layout->addStretch();
    return side;
}

void ConnectionsSection::wire()
{
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex &current) {
        if (current.isValid()) {
            m_isNew = false;
            showCurrent();
        }
    });
    connect(&m_connections, &QAbstractItemModel::dataChanged, this, &ConnectionsSection::showStatus);
    connect(&m_connections, &ConnectionsModel::keyStoreFailed, this,
            [this](const QString &reason) { showKeyProblem(reason); });
    connect(m_add, &QPushButton::clicked, this, &ConnectionsSection::startNew);
    connect(m_use, &QPushButton::clicked, this, [this] { m_connections.setActive(currentId()); });
    connect(m_test, &QPushButton::clicked, this, [this] { m_connections.test(currentId()); });
    connect(m_save, &QPushButton::clicked, this, &ConnectionsSection::save);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_connections.remove(currentId()); });
}

QString ConnectionsSection::currentId() const
{
    return m_isNew ? QString() : m_list->currentIndex().data(Qt::UserRole).toString();
}

e2b::Connection ConnectionsSection::fields() const
{
    e2b::Connection connection;
    connection.kind = Kind::SelfHosted;
    connection.name = toUtf8(m_name->text().trimmed());
    connection.domain = toUtf8(m_domain->text().trimmed());
    connection.apiUrl = toUtf8(m_api->text().trimmed());
    connection.sandboxUrl = toUtf8(m_sandbox->text().trimmed());
    return connection;
}

void ConnectionsSection::startNew()
{
    m_isNew = true;
    m_list->clearSelection();
    m_list->setCurrentIndex({});
    for (QLineEdit *edit : {m_name, m_domain, m_api, m_sandbox, m_key})
        edit->clear();
    showProblem({});
    showStatus();
    m_name->setFocus();
}

void ConnectionsSection::showCurrent()
{
    const int row = m_connections.rowOf(currentId());
    if (row < 0)
        return;
    const e2b::Connection &connection = m_connections.at(row).connection;
    m_name->setText(toQString(connection.name));
    m_domain->setText(connection.kind == Kind::Local ? QString() : toQString(connection.domain));
    m_api->setText(toQString(connection.apiUrl));
    m_sandbox->setText(toQString(connection.sandboxUrl));
    m_key->clear();
    showProblem({});
    showStatus();
}

void ConnectionsSection::showStatus()
{
    const int row = m_connections.rowOf(currentId());
    const bool isNew = m_isNew || row < 0;
    const ConnectionsModel::Row *entry = isNew ? nullptr : &m_connections.at(row);
    const bool isSelfHosted = isNew || entry->connection.kind == Kind::SelfHosted;
    const bool ownKey = isNew
        || (entry->keySource != ConnectionsModel::KeySource::Environment && entry->connection.kind != Kind::Local);
    for (QLineEdit *edit : {m_name, m_domain, m_api, m_sandbox})
        edit->setReadOnly(!isSelfHosted), edit->setEnabled(isSelfHosted);
    m_key->setEnabled(ownKey);
    m_key->setPlaceholderText(entry && !entry->connection.apiKey.empty()
                                  ? toQString(maskedApiKey(entry->connection.apiKey))
                                  : QStringLiteral("e2b_…"));
    m_save->setVisible(ownKey);
    m_save->setText(isNew ? tr("Add") : tr("Save"));
    m_remove->setVisible(!isNew && isSelfHosted);
    m_use->setVisible(!isNew);
    m_use->setEnabled(entry && m_connections.activeId() != currentId());
    m_use->setText(m_use->isEnabled() || isNew ? tr("Use this connection") : tr("In use"));
    m_test->setEnabled(entry && entry->isReady() && entry->testState != ConnectionsModel::TestState::Testing);
    m_source->setVisible(entry != nullptr);
    m_result->setVisible(entry != nullptr);
    if (!entry)
        return;
    QString source;
    if (entry->keySource == ConnectionsModel::KeySource::Engine)
        source = tr("The key comes from the engine.");
    else if (entry->connection.kind == Kind::Local)
        source = tr("The engine is not running.");
    else if (!entry->fromEnvironment.isEmpty())
        source = tr("From the environment: %1.").arg(entry->fromEnvironment.join(QStringLiteral(", ")));
    else if (entry->keySource == ConnectionsModel::KeySource::None)
        source = tr("No key yet. Create one in the provider's dashboard, or set E2B_API_KEY.");
    m_source->setText(source);
    m_source->setVisible(!source.isEmpty());
    const auto [text, role] = testText(*entry);
    m_result->setText(text);
    m_result->setProperty("role", role);
    m_result->style()->unpolish(m_result);
    m_result->style()->polish(m_result);
}

void ConnectionsSection::showProblem(const QString &text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void ConnectionsSection::showKeyProblem(const QString &reason)
{
    showProblem(tr("The key store says: %1").arg(reason));
}

void ConnectionsSection::save()
{
    showProblem({});
    const QString key = m_key->text().trimmed();
    if (m_isNew) {
        const auto added = m_connections.add(fields(), key);
        if (!added)
            return showProblem(toQString(added.error().message));
        m_isNew = false;
        m_list->setCurrentIndex(m_connections.index(m_connections.rowOf(*added)));
        return showCurrent();
    }
    const QString id = currentId();
    if (m_connections.at(m_connections.rowOf(id)).connection.kind == Kind::SelfHosted) {
        if (const auto updated = m_connections.update(id, fields()); !updated)
            return showProblem(toQString(updated.error().message));
    }
    if (!key.isEmpty()) {
        if (const auto kept = m_connections.setKey(id, key); !kept)
            return showProblem(toQString(kept.error().message));
    }
    m_key->clear();
    Q_EMIT toast(tr("Saved"));
}

} // namespace sandglass::ui
