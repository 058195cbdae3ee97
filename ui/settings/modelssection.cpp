#include "ui/settings/modelssection.h"

#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricesmodel.h"
#include "services/core/qtstring.h"
#include "ui/refine/modeltext.h"
#include "ui/settings/modeldelegate.h"
#include "ui/settings/modelpricesbox.h"
#include "ui/text/format.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace sandglass::ui {

using models::ModelListModel;
using models::ModelPricesModel;
using Protocol = refine::ModelConnection::Protocol;

namespace {

struct Address
{
    const char *url;
    Protocol protocol;
};
/// What most people enter, and the ports local servers have.
constexpr Address knownAddresses[] = {
    {"https://api.openai.com/v1", Protocol::OpenAi},    {"https://api.anthropic.com", Protocol::Anthropic},
    {"https://openrouter.ai/api/v1", Protocol::OpenAi}, {"http://127.0.0.1:11434/v1", Protocol::OpenAi}, // Ollama
    {"http://127.0.0.1:8080/v1", Protocol::OpenAi},                                                      // llama.cpp
    {"http://127.0.0.1:8000/v1", Protocol::OpenAi}};                                                     // vLLM

/// As much of a key as tells it from another.
QString shownKey(const std::string &key)
{
    constexpr std::size_t shown = 4, longEnough = 16;
    if (key.empty())
        return ModelsSection::tr("none; local servers need none");
    return key.size() < longEnough ? ModelsSection::tr("kept")
                                   : ModelsSection::tr("kept: …%1").arg(toQString(key.substr(key.size() - shown)));
}

std::pair<QString, QString> testText(const ModelListModel::Row &row)
{
    switch (row.testState) {
    case ModelListModel::TestState::NotTested:
        break;
    case ModelListModel::TestState::Testing:
        return {ModelsSection::tr("◐ Asking it for a word…"), QStringLiteral("muted")};
    case ModelListModel::TestState::Works: {
        const QString cost = row.testUse.cost ? ModelsSection::tr("cost %1").arg(formatMoney(row.testUse.cost))
                                              : ModelsSection::tr("cost unknown");
        return {ModelsSection::tr("● Works: it answered in %1 (%2, %3)")
                    .arg(formatDuration(row.testUse.duration), tokensText(row.testUse), cost),
                QStringLiteral("good")};
    }
    case ModelListModel::TestState::Failed:
        return {QStringLiteral("✕ ") + modelTrouble(row.testError), QStringLiteral("error")};
    }
    return {{}, QStringLiteral("muted")};
}

} // namespace

ModelsSection::ModelsSection(ModelListModel &models, ModelPricesModel &prices, QWidget *parent)
    : KeyedListSection(tr("Models"),
                       tr("Language models that can write the code in Refine: of a provider, or of a server on this "
                          "machine. Keys are kept in %1, never in the settings file.")
                           .arg(models.keyStore()),
                       models, QStringLiteral("model"), tr("Add a model…"), parent)
    , m_models(models)
    , m_prices(prices)
    , m_empty(makeText("muted", tr("No model yet. A local one, by Ollama for example, needs no key.")))
    , m_name(new QLineEdit(this))
    , m_protocol(new QComboBox(this))
    , m_address(new QComboBox(this))
    , m_model(new QLineEdit(this))
    , m_tokens(new QSpinBox(this))
    , m_priceBox(new ModelPricesBox(prices, this))
{
    setObjectName(QStringLiteral("modelsSection"));
    addFields();
    m_list->setItemDelegate(new ModelDelegate(m_list));
    m_list->setFixedHeight(150);
    m_empty->setObjectName(QStringLiteral("noModels"));
    m_empty->setWordWrap(true);
    addToList(m_empty);
    body()->addWidget(m_priceBox);
    connect(&m_models, &ModelListModel::keyStoreFailed, this, &ModelsSection::showKeyProblem);
    connect(m_address, &QComboBox::editTextChanged, this, [this](const QString &text) {
        if (const int known = m_address->findText(text, Qt::MatchFixedString); known >= 0)
            m_protocol->setCurrentIndex(m_protocol->findData(m_address->itemData(known)));
    });
    begin(0);
    if (!m_models.keyProblem().isEmpty()) // told before anybody could listen
        showKeyProblem(m_models.keyProblem());
}

void ModelsSection::addFields()
{
    addField(tr("Name"), m_name, QStringLiteral("Name"));
    addField(tr("Speaks"), m_protocol, QStringLiteral("Protocol"));
    addField(tr("Base URL"), m_address, QStringLiteral("Address"));
    addField(tr("Model"), m_model, QStringLiteral("Model"));
    addField(tr("API key"), m_key, QStringLiteral("Key"));
    addField(tr("Longest answer"), m_tokens, QStringLiteral("Tokens"));
    m_name->setPlaceholderText(tr("Fast and cheap"));
    m_protocol->addItem(tr("OpenAI's chat completions"), static_cast<int>(Protocol::OpenAi));
    m_protocol->addItem(tr("Anthropic's messages"), static_cast<int>(Protocol::Anthropic));
    m_protocol->setToolTip(tr("Ollama, llama.cpp, vLLM and OpenRouter speak as OpenAI does."));
    m_address->setEditable(true);
    m_address->setInsertPolicy(QComboBox::NoInsert);
    m_address->setMinimumContentsLength(16);
    m_address->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    for (const Address &address : knownAddresses)
        m_address->addItem(QString::fromLatin1(address.url), static_cast<int>(address.protocol));
    m_model->setPlaceholderText(QStringLiteral("gpt-5-mini"));
    m_tokens->setRange(16, 1'000'000);
    m_tokens->setSuffix(tr(" tokens"));
    m_tokens->setMaximumWidth(180);
}

void ModelsSection::test(const QString &id)
{
    m_models.test(id);
}

void ModelsSection::remove(const QString &id)
{
    m_models.remove(id);
}

refine::ModelConnection ModelsSection::fields() const
{
    refine::ModelConnection model;
    model.name = toUtf8(m_name->text().trimmed());
    model.protocol = static_cast<Protocol>(m_protocol->currentData().toInt());
    model.baseUrl = toUtf8(m_address->currentText().trimmed());
    model.model = toUtf8(m_model->text().trimmed());
    model.mostTokens = m_tokens->value();
    return model;
}

void ModelsSection::startNew()
{
    for (QLineEdit *edit : {m_name, m_model})
        edit->clear();
    m_protocol->setCurrentIndex(0);
    m_address->setCurrentIndex(0);
    m_tokens->setValue(refine::ModelConnection{}.mostTokens);
    m_prices.setModel({});
    chooseNone();
    if (isVisible())
        m_name->setFocus();
}

void ModelsSection::showCurrent()
{
    const int row = m_models.rowOf(currentId());
    if (row < 0)
        return;
    const refine::ModelConnection &model = m_models.at(row).connection;
    m_name->setText(toQString(model.name));
    m_address->setEditText(toQString(model.baseUrl)); // first: a known one has a protocol of its own
    m_protocol->setCurrentIndex(m_protocol->findData(static_cast<int>(model.protocol)));
    m_model->setText(toQString(model.model));
    m_tokens->setValue(model.mostTokens);
    m_key->clear();
    m_prices.setModel(model);
    showProblem();
    showStatus();
}

void ModelsSection::showStatus()
{
    const int row = m_models.rowOf(currentId());
    const ModelListModel::Row *entry = row < 0 ? nullptr : &m_models.at(row);
    m_empty->setVisible(m_models.rowCount() == 0);
    m_list->setVisible(m_models.rowCount() > 0);
    m_add->setVisible(m_models.rowCount() > 0);
    m_key->setPlaceholderText(shownKey(entry != nullptr ? entry->connection.apiKey : std::string()));
    m_save->setText(entry == nullptr ? tr("Add") : tr("Save"));
    m_remove->setVisible(entry != nullptr);
    m_test->setVisible(entry != nullptr);
    m_test->setEnabled(entry != nullptr && entry->testState != ModelListModel::TestState::Testing);
    m_priceBox->setVisible(entry != nullptr);
    const auto [text, role] = entry != nullptr ? testText(*entry) : std::pair<QString, QString>();
    showTest(text, role);
}

void ModelsSection::save()
{
    showProblem();
    const QString key = m_key->text().trimmed();
    if (isNew())
        return addTo(m_models, fields(), key);
    const QString id = currentId();
    if (const auto updated = m_models.update(id, fields()); !updated)
        return showProblem(toQString(updated.error().message));
    if (!keepKey(m_models, id, key))
        return;
    showCurrent();
    Q_EMIT toast(tr("Saved"));
}

} // namespace sandglass::ui
