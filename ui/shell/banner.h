#pragma once

#include <QFrame>

class QPushButton;

namespace sandglass::ui {

class ElidedLabel;

/// A calm line across the window for what needs a decision: one sentence, one button; a second one to put it away,
/// where that is allowed.
class Banner final : public QFrame
{
    Q_OBJECT
public:
    /// The button is named NAMEAction.
    explicit Banner(const QString &objectName, QWidget *parent = nullptr);
    void show(const QString &sentence, const QString &action);
    void setDismissible(bool dismissible); ///< off at first; the button is named NAMEDismiss

Q_SIGNALS:
    void actionTriggered();

private:
    ElidedLabel *m_sentence = nullptr;
    QPushButton *m_action = nullptr;
    QPushButton *m_dismiss = nullptr;
};

} // namespace sandglass::ui
