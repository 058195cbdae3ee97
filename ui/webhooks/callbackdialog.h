#pragma once

#include "models/webhooks/callbacklistmodel.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QPushButton;

namespace sandglass::ui {

class EventChoice;
class SigningSecretField;

/// Makes a callback or changes one: URL, events, template, secret.
class CallbackDialog final : public QDialog
{
    Q_OBJECT
public:
    CallbackDialog(models::CallbackListModel &callbacks, QWidget *parent);

    void edit(const models::Callback &callback); ///< instead of making one

private:
    [[nodiscard]] QLayout *buildForm();
    void check();
    void submit();
    [[nodiscard]] QString problem() const; ///< empty when it can be saved

    models::CallbackListModel &m_callbacks;
    models::Callback m_callback;
    QLineEdit *m_url;
    EventChoice *m_types;
    QLineEdit *m_template;
    SigningSecretField *m_secret;
    QLabel *m_problem;
    QPushButton *m_save;
};

} // namespace sandglass::ui
