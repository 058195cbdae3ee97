#pragma once

#include "services/core/qtstring.h"
#include "services/core/result.h"
#include "ui/settings/section.h"

class QAbstractItemModel;
class QHBoxLayout;
class QLineEdit;
class QListView;
class QPushButton;

namespace sandglass::ui {

/// Entries that have a name and a key: at the left a list of them and a button that adds one; at the right the fields
/// of the chosen one or of a new one, what is wrong with them, buttons, and what a test of it said. The entries' ids
/// are their Qt::UserRole.
class KeyedListSection : public Section
{
    Q_OBJECT
public:
    virtual void startNew() = 0; ///< an empty form

protected:
    /// `entry` begins the object names: "connection" makes connectionList, addConnection, saveConnection…
    KeyedListSection(const QString &heading, const QString &sentence, QAbstractItemModel &entries, const QString &entry,
                     const QString &addText, QWidget *parent);

    void addField(const QString &label, QWidget *field, const QString &part); ///< `part` ends its object name
    void addNote(QLabel *note);                                               ///< below the fields
    void insertButton(QPushButton *button);                                   ///< before those that every entry has
    void addToList(QWidget *widget);                                          ///< above the list
    /// When all has been added: listens, and shows the entry of `row`.
    void begin(int row);

    virtual void showCurrent() = 0;
    virtual void showStatus() = 0;
    virtual void save() = 0;
    virtual void test(const QString &id) = 0;
    virtual void remove(const QString &id) = 0;

    [[nodiscard]] QString currentId() const; ///< empty: a new one
    void choose(int row);
    void chooseNone(); ///< for startNew(): the form is that of a new one
    [[nodiscard]] bool isNew() const { return m_isNew; }
    void showProblem(const QString &text = {}); ///< empty: none
    void showKeyProblem(const QString &reason);
    void showTest(const QString &text, const QString &role);

    QListView *const m_list;
    QLineEdit *const m_key;
    QPushButton *const m_add, *const m_test, *const m_save, *const m_remove;

    /// Adds what the form says to `model` and shows it, or shows why not.
    template<typename Model, typename Fields>
    void addTo(Model &model, const Fields &fields, const QString &key)
    {
        const auto added = model.add(fields, key);
        if (!added)
            return showProblem(toQString(added.error().message));
        choose(model.rowOf(*added));
    }
    /// False, and it is shown why not, when `model` does not keep the key. An empty one leaves the old one.
    template<typename Model>
    [[nodiscard]] bool keepKey(Model &model, const QString &id, const QString &key)
    {
        const auto kept = key.isEmpty() ? Result<>() : model.setKey(id, key);
        if (!kept)
            showProblem(toQString(kept.error().message));
        return kept.has_value();
    }

private:
    [[nodiscard]] QWidget *buildList(const QString &heading);
    [[nodiscard]] QWidget *buildForm();

    const QString m_entry;
    QVBoxLayout *const m_listSide;
    QFormLayout *const m_form;
    QVBoxLayout *const m_notes;
    QHBoxLayout *const m_buttons;
    QLabel *const m_problem, *const m_result;
    bool m_isNew = false;
};

} // namespace sandglass::ui
