#pragma once

#include "models/webhooks/callbacklistmodel.h"

#include <QDialog>

#include <vector>

class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace sandglass::ui {

/// Makes a callback or changes one: URL, events, template, secret.
class CallbackDialog final : public QDialog
{
    Q_OBJECT
public:
    CallbackDialog(models::CallbackListModel &callbacks, QWidget *parent);

    void edit(const models::Callback &callback); ///< instead of making one

private:
    [[nodiscard]] QLayout *buildForm();
    [[nodiscard]] QWidget *buildEvents();
    void check();
    void submit();
    [[nodiscard]] QString problem() const;                      ///< empty when it can be saved
    [[nodiscard]] std::vector<std::string> chosenTypes() const; ///< empty = all

    models::CallbackListModel &m_callbacks;
    models::Callback m_callback;
    QLineEdit *m_url;
    std::vector<QCheckBox *> m_types;
    QLineEdit *m_template;
    QLineEdit *m_secret;
    QLabel *m_secretHint;
    QLabel *m_problem;
    QPushButton *m_save;
};

} // namespace sandglass::ui
