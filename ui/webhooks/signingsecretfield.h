#pragma once

#include <QWidget>

#include <string>

class QLabel;
class QLineEdit;
class QPushButton;

namespace sandglass::ui {

/// Where a secret that signs deliveries is typed or made, with a sentence below. What is in it is hidden unless
/// revealed, or made here: that has to be copied.
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
    QPushButton *m_reveal;
    QLabel *m_hint;
};

} // namespace sandglass::ui
