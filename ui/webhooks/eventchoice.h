#pragma once

#include <QWidget>

#include <string>
#include <vector>

class QCheckBox;

namespace sandglass::ui {

/// Types of events to choose from; all are chosen at first.
class EventChoice final : public QWidget
{
    Q_OBJECT
public:
    struct Type
    {
        std::string name; ///< as the API has it
        QString label;
    };
    /// Their boxes stand in so many columns, and are named `boxPrefix` and the label.
    EventChoice(std::vector<Type> types, int columns, const QString &boxPrefix, QWidget *parent = nullptr);

    void setChosen(const std::vector<std::string> &names); ///< those of no type offered are left out
    [[nodiscard]] std::vector<std::string> chosen() const; ///< in the order they were offered
    [[nodiscard]] bool isAllChosen() const;
    [[nodiscard]] bool isOffered(const std::string &name) const;

Q_SIGNALS:
    void changed();

private:
    std::vector<Type> m_types;
    std::vector<QCheckBox *> m_boxes; ///< one for each type
};

} // namespace sandglass::ui
