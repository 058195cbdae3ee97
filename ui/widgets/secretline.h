#pragma once

#include <QTimer>
#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::ui {

class ElidedLabel;

/// A secret behind dots, with buttons to reveal and to copy it. Revealed it hides again after 30 s; copied it leaves
/// the clipboard after 30 s, when nothing else was copied since. Object names: NAME for the text, NAMEReveal, NAMECopy.
class SecretLine final : public QWidget
{
    Q_OBJECT
public:
    /// `what`: "the secret", for the accessible names and the toast.
    SecretLine(const QString &what, const QString &objectName, QWidget *parent = nullptr);
    /// `place`: where it is kept, shown while it is hidden. An empty secret shows `missing`.
    void setSecret(const QString &secret, const QString &place, const QString &missing);

Q_SIGNALS:
    void toast(const QString &text);

private:
    void update(bool isVisible);
    void copy();

    QString m_what;
    QString m_secret;
    QString m_hidden;
    ElidedLabel *m_text;
    QPushButton *m_reveal;
    QPushButton *m_copy;
    QTimer m_hide;
    QTimer m_forget; ///< the clipboard's copy
};

} // namespace sandglass::ui
