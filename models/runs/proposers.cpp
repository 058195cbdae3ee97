#include "models/runs/proposers.h"

#include "models/settings/modellistmodel.h"
#include "models/settings/modelpricebook.h"
#include "models/settings/settings.h"
#include "services/core/qtstring.h"

#include <QFile>

#include <algorithm>
#include <utility>

namespace sandglass::models {

namespace {

using Key = Settings::Key;

const QString person = QStringLiteral("person");
const QString script = QStringLiteral("script");
const QString modelPrefix = QStringLiteral("model:");
constexpr qint64 scriptFileLimit = 1 << 20;
constexpr qsizetype scriptLimit = 100;

std::optional<Money> amountOf(const QString &dollars)
{
    const auto money = Money::parse(toUtf8(dollars.trimmed()));
    return money && *money > Money{} ? money : std::nullopt;
}

} // namespace

Proposers::Proposers(Settings &settings, const ModelListModel &models, const ModelPriceBook &prices, QObject *parent)
    : QObject(parent), m_settings(settings), m_models(models), m_prices(prices)
{
    connect(&m_models, &QAbstractItemModel::rowsInserted, this, &Proposers::changed);
    connect(&m_models, &QAbstractItemModel::rowsRemoved, this, &Proposers::changed);
    connect(&m_models, &QAbstractItemModel::dataChanged, this, &Proposers::changed);
    connect(&m_prices, &ModelPriceBook::changed, this, &Proposers::changed);
}

QList<Proposers::Choice> Proposers::choices() const
{
    QList<Choice> list{{Kind::Person, person, {}}, {Kind::Script, script, {}}};
    for (int row = 0; row < m_models.rowCount(); ++row) {
        const refine::ModelConnection &model = m_models.at(row).connection;
        list.append({Kind::Model, modelPrefix + toQString(model.id), toQString(model.name)});
    }
    return list;
}

Proposers::Choice Proposers::chosen() const
{
    const QString id = m_settings.text(Key::RefineProposer);
    const QList<Choice> all = choices();
    const auto found = std::ranges::find(all, id, &Choice::id);
    return found != all.end() ? *found : all.first();
}

void Proposers::choose(const QString &id)
{
    m_settings.set(Key::RefineProposer, id);
    Q_EMIT changed();
}

int Proposers::attempts() const
{
    return m_settings.number(Key::RefineAttempts);
}

void Proposers::setAttempts(int attempts)
{
    m_settings.set(Key::RefineAttempts, attempts);
}

QString Proposers::money() const
{
    const QString text = m_settings.text(Key::RefineMoney);
    return isMoney(text) ? text : QString();
}

void Proposers::setMoney(const QString &dollars)
{
    m_isMoneyWrong = !isMoney(dollars);
    if (!m_isMoneyWrong)
        m_settings.set(Key::RefineMoney, dollars.trimmed());
}

bool Proposers::isMoney(const QString &dollars)
{
    return dollars.trimmed().isEmpty() || amountOf(dollars).has_value();
}

refine::LoopLimits Proposers::limits() const
{
    return {attempts(), amountOf(money())};
}

Result<> Proposers::setScript(const QStringList &files)
{
    if (files.size() > scriptLimit)
        return failure(Error::Kind::Local, "a script has at most 100 files");
    std::vector<std::string> texts;
    for (const QString &path : files) {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly))
            return failure(Error::Kind::Local, toUtf8(path) + ": " + toUtf8(file.errorString()));
        const QByteArray text = file.read(scriptFileLimit + 1);
        if (text.size() > scriptFileLimit)
            return failure(Error::Kind::Local, toUtf8(path) + ": it is larger than 1 MiB");
        texts.push_back(text.toStdString());
    }
    m_script = std::move(texts);
    Q_EMIT changed();
    return {};
}

int Proposers::rowOf(const QString &id) const
{
    return id.startsWith(modelPrefix) ? m_models.rowOf(id.mid(modelPrefix.size())) : -1;
}

bool Proposers::isPriced() const
{
    const int row = rowOf(chosen().id);
    return row >= 0 && !m_prices.pricesOf(m_models.at(row).connection).all().empty();
}

std::unique_ptr<refine::Generator> Proposers::make(refine::RefineTask task) const
{
    const Choice choice = chosen();
    if (choice.kind == Kind::Script)
        return std::make_unique<refine::ScriptedGenerator>(m_script.empty() ? refine::classicExample().attempts
                                                                            : m_script);
    const int row = rowOf(choice.id);
    if (row < 0)
        return nullptr;
    const refine::ModelConnection &model = m_models.at(row).connection;
    return std::make_unique<refine::ModelGenerator>(model, m_prices.pricesOf(model), std::move(task));
}

} // namespace sandglass::models
