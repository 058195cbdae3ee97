#pragma once

#include <QFrame>

class QPushButton;

namespace sandglass::ui {

class ElidedLabel;

/// A calm line across the window for what needs a decision: one sentence, one button.
class Banner final : public QFrame
{
    Q_OBJECT
public:
    /// The button is named NAMEAction.
    explicit Banner(const QString &objectName, QWidget *parent = nullptr);
    void show(const QString &sentence, const QString &action);

Q_SIGNALS:
    void actionTriggered();

private:
    ElidedLabel *m_sentence = nullptr;
    QPushButton *m_action = nullptr;
};

} // namespace sandglass::ui
