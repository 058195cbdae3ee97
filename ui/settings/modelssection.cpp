#include "ui/settings/modelssection.h"

#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricesmodel.h"
#include "services/core/qtstring.h"
#include "ui/refine/modeltext.h"
#include "ui/settings/modeldelegate.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

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
    : Section(tr("Models"),
              tr("Language models that can write the code in Refine: of a provider, or of a server on this machine. "
                 "Keys are kept in %1, never in the settings file.")
                  .arg(models.keyStore()),
              parent)
    , m_models(models)
    , m_prices(prices)
    , m_list(new QListView(this))
    , m_empty(makeText("muted", tr("No model yet. A local one, by Ollama for example, needs no key.")))
    , m_name(new QLineEdit(this))
    , m_protocol(new QComboBox(this))
    , m_address(new QComboBox(this))
    , m_model(new QLineEdit(this))
    , m_key(new QLineEdit(this))
    , m_tokens(new QSpinBox(this))
    , m_problem(makeText("error"))
    , m_result(makeText("muted"))
    , m_add(makeButton(tr("Add a model…"), QStringLiteral("addModel"), this))
    , m_test(makeButton(tr("Test"), QStringLiteral("testModel"), this))
    , m_save(makeButton(tr("Save"), QStringLiteral("saveModel"), this))
    , m_remove(makeDangerButton(tr("Remove"), QStringLiteral("removeModel"), this))
    , m_priceBox(new QWidget(this))
    , m_table(new QTableView(m_priceBox))
    , m_origin(makeText("muted"))
    , m_priceProblem(makeText("error"))
    , m_addPrice(makeButton(tr("Add a price"), QStringLiteral("addModelPrice"), this))
    , m_removePrice(makeButton(tr("Remove price"), QStringLiteral("removeModelPrice"), this))
    , m_free(makeButton(tr("It costs nothing"), QStringLiteral("freeModel"), this))
    , m_reset(makeButton(tr("Reset to list prices"), QStringLiteral("resetModelPrices"), this))
{
    setObjectName(QStringLiteral("modelsSection"));
    auto *columns = new QHBoxLayout;
    columns->setSpacing(metrics::pageMargin);
    columns->addWidget(buildList(), 2);
    columns->addWidget(buildForm(), 5);
    body()->addLayout(columns);
    body()->addWidget(buildPrices());
    wire();
    if (m_models.rowCount() > 0)
        m_list->setCurrentIndex(m_models.index(0));
    else
        startNew();
    showCurrent();
    showProblem(m_models.keyProblem().isEmpty() ? QString() : tr("The key store says: %1").arg(m_models.keyProblem()));
}

QWidget *ModelsSection::buildList()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    m_list->setObjectName(QStringLiteral("modelList"));
    m_list->setAccessibleName(tr("Models"));
    m_list->setModel(&m_models);
    m_list->setItemDelegate(new ModelDelegate(m_list));
    m_list->setMinimumWidth(190);
    m_list->setFixedHeight(150);
    m_empty->setObjectName(QStringLiteral("noModels"));
    m_empty->setWordWrap(true);
    m_empty->setMinimumWidth(190);
    layout->addWidget(m_empty);
    layout->addWidget(m_list);
    layout->addWidget(m_add, 0, Qt::AlignLeft);
    layout->addStretch();
    return side;
}

QWidget *ModelsSection::buildForm()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *form = new QFormLayout;
    form->setVerticalSpacing(metrics::gap);
    form->setHorizontalSpacing(metrics::cardGap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    const auto add = [&](const QString &label, QWidget *field, const char *name) {
        field->setObjectName(QString::fromLatin1(name));
        field->setAccessibleName(label);
        form->addRow(makeText("muted", label), field);
    };
    add(tr("Name"), m_name, "modelName");
    add(tr("Speaks"), m_protocol, "modelProtocol");
    add(tr("Base URL"), m_address, "modelAddress");
    add(tr("Model"), m_model, "modelModel");
    add(tr("API key"), m_key, "modelKey");
    add(tr("Longest answer"), m_tokens, "modelTokens");
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
    m_key->setEchoMode(QLineEdit::Password);
    m_tokens->setRange(16, 1'000'000);
    m_tokens->setSuffix(tr(" tokens"));
    m_tokens->setMaximumWidth(180);
    m_problem->setObjectName(QStringLiteral("modelProblem"));
    m_result->setObjectName(QStringLiteral("modelResult"));
    m_result->setTextFormat(Qt::PlainText); // holds what a provider says
    for (QLabel *label : {m_problem, m_result})
        label->setWordWrap(true);
    auto *buttons = new QHBoxLayout;
    for (QPushButton *button : {m_test, m_save, m_remove})
        buttons->addWidget(button);
    buttons->addStretch();
    layout->addLayout(form);
    layout->addWidget(m_problem);
    layout->addLayout(buttons);
    layout->addWidget(m_result);
    layout->addStretch();
    return side;
}

QWidget *ModelsSection::buildPrices()
{
    m_table->setObjectName(QStringLiteral("modelPrices"));
    m_table->setAccessibleName(tr("Prices of the model"));
    m_table->setModel(&m_prices);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(metrics::rowHeight);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    const int widths[] = {140, 90, 120, 110, 90};
    for (int column = 0; column < 5; ++column)
        m_table->setColumnWidth(column, widths[column]);
    m_origin->setObjectName(QStringLiteral("modelPriceOrigin"));
    m_origin->setWordWrap(true);
    m_priceProblem->setWordWrap(true);
    m_free->setToolTip(tr("For models on this machine"));
    auto *buttons = new QHBoxLayout;
    for (QPushButton *button : {m_addPrice, m_free, m_removePrice, m_reset})
        buttons->addWidget(button);
    buttons->addStretch();
    auto *layout = new QVBoxLayout(m_priceBox);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_origin);
    layout->addWidget(m_table);
    layout->addWidget(m_priceProblem);
    layout->addLayout(buttons);
    return m_priceBox;
}

void ModelsSection::wire()
{
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex &now) {
        m_isNew = m_isNew && !now.isValid();
        showCurrent();
    });
    connect(&m_models, &QAbstractItemModel::dataChanged, this, &ModelsSection::showStatus);
    connect(&m_models, &QAbstractItemModel::rowsRemoved, this, [this] {
        if (m_models.rowCount() == 0)
            startNew();
    });
    connect(&m_models, &ModelListModel::keyStoreFailed, this,
            [this](const QString &reason) { showProblem(tr("The key store says: %1").arg(reason)); });
    connect(m_address, &QComboBox::editTextChanged, this, [this](const QString &text) {
        if (const int known = m_address->findText(text, Qt::MatchFixedString); known >= 0)
            m_protocol->setCurrentIndex(m_protocol->findData(m_address->itemData(known)));
    });
    connect(m_add, &QPushButton::clicked, this, &ModelsSection::startNew);
    connect(m_test, &QPushButton::clicked, this, [this] { m_models.test(currentId()); });
    connect(m_save, &QPushButton::clicked, this, &ModelsSection::save);
    connect(m_remove, &QPushButton::clicked, this, [this] { m_models.remove(currentId()); });
    connect(m_addPrice, &QPushButton::clicked, &m_prices, &ModelPricesModel::addPrice);
    connect(m_removePrice, &QPushButton::clicked, this,
            [this] { m_prices.removePrice(m_table->currentIndex().row()); });
    connect(m_free, &QPushButton::clicked, &m_prices, &ModelPricesModel::makeFree);
    connect(m_reset, &QPushButton::clicked, &m_prices, &ModelPricesModel::reset);
    connect(&m_prices, &ModelPricesModel::pricesChanged, this, &ModelsSection::showPrices);
    connect(&m_prices, &ModelPricesModel::refused, this, [this](const QString &reason) {
        m_priceProblem->setText(reason);
        m_priceProblem->show();
    });
}

QString ModelsSection::currentId() const
{
    return m_isNew ? QString() : m_list->currentIndex().data(Qt::UserRole).toString();
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
    m_isNew = true;
    m_list->clearSelection();
    m_list->setCurrentIndex({});
    for (QLineEdit *edit : {m_name, m_model, m_key})
        edit->clear();
    m_protocol->setCurrentIndex(0);
    m_address->setCurrentIndex(0);
    m_tokens->setValue(refine::ModelConnection{}.mostTokens);
    m_prices.setModel({});
    showProblem({});
    showStatus();
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
    showProblem({});
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
    m_result->setText(text);
    m_result->setVisible(!text.isEmpty());
    setLook(m_result, "role", role);
}

void ModelsSection::showPrices()
{
    const int rows = m_prices.rowCount();
    m_priceProblem->hide();
    m_table->setVisible(rows > 0);
    m_table->setFixedHeight(std::clamp(rows, 1, 4) * metrics::rowHeight
                            + m_table->horizontalHeader()->sizeHint().height() + 4);
    const QString unit = tr("Dollars per million tokens; an empty price of the cache is that of input.");
    m_origin->setText(m_prices.isOwn() ? tr("Your own prices. %1").arg(unit)
                          : rows > 0   ? tr("Prices: double-click to change. %1").arg(unit)
                                       : tr("The price of this model is not known, so the cost of its attempts is not, "
                                              "either."));
    m_removePrice->setVisible(rows > 0 && m_prices.isOwn());
    m_free->setVisible(rows == 0);
    m_reset->setVisible(m_prices.isOwn());
}

void ModelsSection::showProblem(const QString &text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void ModelsSection::save()
{
    showProblem({});
    const QString key = m_key->text().trimmed();
    if (m_isNew) {
        const auto added = m_models.add(fields(), key);
        if (!added)
            return showProblem(toQString(added.error().message));
        m_isNew = false;
        m_list->setCurrentIndex(m_models.index(m_models.rowOf(*added)));
        return showCurrent();
    }
    const QString id = currentId();
    if (const auto updated = m_models.update(id, fields()); !updated)
        return showProblem(toQString(updated.error().message));
    if (!key.isEmpty()) {
        if (const auto kept = m_models.setKey(id, key); !kept)
            return showProblem(toQString(kept.error().message));
    }
    showCurrent();
    Q_EMIT toast(tr("Saved"));
}

} // namespace sandglass::ui
