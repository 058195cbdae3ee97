#pragma once

#include "services/refine/modelgenerator.h"
#include "services/refine/refineloop.h"

#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>

#include <memory>
#include <string>
#include <vector>

namespace sandglass::models {

class ModelListModel;
class ModelPriceBook;
class Settings;

/// Who can propose code: the person, a script, or one of the models in Settings. What was chosen is kept, and so are
/// the limits of a refinement.
class Proposers final : public QObject
{
    Q_OBJECT
public:
    enum class Kind { Person, Script, Model };
    struct Choice
    {
        Kind kind = Kind::Person;
        QString id;   ///< "person", "script", "model:ID"
        QString name; ///< the model's
        friend bool operator==(const Choice &, const Choice &) = default;
    };

    /// All must outlive this.
    Proposers(Settings &settings, const ModelListModel &models, const ModelPriceBook &prices,
              QObject *parent = nullptr);

    [[nodiscard]] QList<Choice> choices() const;
    [[nodiscard]] Choice chosen() const; ///< the person, where a model has left the list
    void choose(const QString &id);

    [[nodiscard]] int attempts() const;
    void setAttempts(int attempts);
    [[nodiscard]] QString money() const;   ///< dollars as they were entered; empty: no limit
    void setMoney(const QString &dollars); ///< kept when isMoney()
    [[nodiscard]] bool isMoneySound() const { return !m_isMoneyWrong; } ///< what was entered last is a limit, or none
    /// Of 0.000001 dollars and more; false when the text is neither empty nor an amount.
    [[nodiscard]] static bool isMoney(const QString &dollars);
    [[nodiscard]] refine::LoopLimits limits() const;

    /// Files of code, one attempt each, in this order. Error: one cannot be read, or is too large. The files before
    /// stay.
    [[nodiscard]] Result<> setScript(const QStringList &files);
    [[nodiscard]] int scriptLength() const { return static_cast<int>(m_script.size()); } ///< 0: the built-in example
    [[nodiscard]] bool isPriced() const; ///< the chosen model's price is known

    [[nodiscard]] std::unique_ptr<refine::Generator> make(refine::RefineTask task) const; ///< null for the person

Q_SIGNALS:
    void changed(); ///< choices, what is chosen, or what it costs

private:
    [[nodiscard]] int rowOf(const QString &id) const;

    Settings &m_settings;
    const ModelListModel &m_models;
    const ModelPriceBook &m_prices;
    std::vector<std::string> m_script;
    bool m_isMoneyWrong = false;
};

} // namespace sandglass::models
