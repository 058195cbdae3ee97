#pragma once

#include <QWidget>

#include <string>

class QLabel;
class QLineEdit;

namespace sandglass::ui {

/// Where a secret that signs deliveries is typed or made, with a sentence below.
class SigningSecretField final : public QWidget
{
    Q_OBJECT
public:
    /// The object names of the line and its button.
    SigningSecretField(const QString &lineName, const QString &buttonName, QWidget *parent = nullptr);

    void setSecret(const QString &secret);
    void generate(); ///< a new one
    void setHint(const QString &sentence);
    [[nodiscard]] QString text() const;
    [[nodiscard]] std::string secret() const;
    /// What is wrong with it; empty when nothing is. `mayBeEmpty`: then it is not to change.
    [[nodiscard]] QString problem(bool mayBeEmpty) const;

Q_SIGNALS:
    void changed();

private:
    QLineEdit *m_line;
    QLabel *m_hint;
};

} // namespace sandglass::ui
