#include "ui/settings/connectionssection.h"

#include "models/settings/connectionsmodel.h"
#include "services/core/qtstring.h"
#include "services/core/secret.h"
#include "ui/settings/connectiondelegate.h"
#include "ui/text/format.h"
#include "ui/widgets/buttons.h"

#include <QLabel>
#include <QLineEdit>
#include <QListView>

#include <algorithm>

namespace sandglass::ui {

using models::ConnectionsModel;
using Kind = e2b::Connection::Kind;

ConnectionsSection::ConnectionsSection(ConnectionsModel &connections, QWidget *parent)
    : KeyedListSection(tr("Connections"),
                       tr("New sandboxes and runs go to the connection in use. Keys are kept in %1, never in the "
                          "settings file.")
                           .arg(connections.keyStore()),
                       connections, QStringLiteral("connection"), tr("Add self-hosted…"), parent)
    , m_connections(connections)
    , m_name(new QLineEdit(this))
    , m_domain(new QLineEdit(this))
    , m_api(new QLineEdit(this))
    , m_sandbox(new QLineEdit(this))
    , m_source(makeText("muted"))
    , m_use(makeButton(tr("Use this connection"), QStringLiteral("useConnection"), this))
{
    addFields();
    m_list->setItemDelegate(new ConnectionDelegate(m_list));
    m_list->setFixedHeight(190);
    m_test->setText(tr("Test connection"));
    connect(m_use, &QPushButton::clicked, this, [this] { m_connections.setActive(currentId()); });
    connect(&m_connections, &ConnectionsModel::keyStoreFailed, this, &ConnectionsSection::showKeyProblem);
    begin(std::max(0, m_connections.rowOf(m_connections.activeId())));
    if (!m_connections.keyProblem().isEmpty()) // told before anybody could listen
        showKeyProblem(m_connections.keyProblem());
}

void ConnectionsSection::addFields()
{
    addField(tr("Name"), m_name, QStringLiteral("Name"));
    addField(tr("Domain"), m_domain, QStringLiteral("Domain"));
    addField(tr("API URL"), m_api, QStringLiteral("Api"));
    addField(tr("Sandbox URL"), m_sandbox, QStringLiteral("Sandbox"));
    addField(tr("API key"), m_key, QStringLiteral("Key"));
    m_name->setPlaceholderText(tr("Team server"));
    m_domain->setPlaceholderText(QStringLiteral("e2b.app"));
    for (QLineEdit *edit : {m_api, m_sandbox})
        edit->setPlaceholderText(tr("from the domain"));
    addNote(m_source);
    insertButton(m_use);
}

void ConnectionsSection::test(const QString &id)
{
    m_connections.test(id);
}

void ConnectionsSection::remove(const QString &id)
{
    m_connections.remove(id);
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
    for (QLineEdit *edit : {m_name, m_domain, m_api, m_sandbox})
        edit->clear();
    chooseNone();
    if (isVisible())
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
    showProblem();
    showStatus();
}

void ConnectionsSection::showStatus()
{
    const int row = m_connections.rowOf(currentId());
    const bool isNew = row < 0;
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
    m_source->hide();
    if (!entry)
        return showTest({}, {});
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
    showTest(text, role);
}

void ConnectionsSection::save()
{
    showProblem();
    const QString key = m_key->text().trimmed();
    if (isNew())
        return addTo(m_connections, fields(), key);
    const QString id = currentId();
    if (m_connections.at(m_connections.rowOf(id)).connection.kind == Kind::SelfHosted) {
        if (const auto updated = m_connections.update(id, fields()); !updated)
            return showProblem(toQString(updated.error().message));
    }
    if (!keepKey(m_connections, id, key))
        return;
    m_key->clear();
    Q_EMIT toast(tr("Saved"));
}

} // namespace sandglass::ui
