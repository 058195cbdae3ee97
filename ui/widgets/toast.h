#pragma once

#include <QFrame>
#include <QTimer>

#include <chrono>
#include <functional>

class QLabel;
class QPushButton;

namespace sandglass::ui {

/// A sentence at the lower edge of its parent that goes away by itself; with an action ("Undo") it waits `duration`.
/// Above those that its window shows already, whoever their parents are.
class Toast final : public QFrame
{
    Q_OBJECT
public:
    explicit Toast(QWidget *parent);
    void show(const QString &sentence);
    /// The action runs at most once; `expired` runs when time is up without it.
    void show(const QString &sentence, const QString &action, std::chrono::milliseconds duration,
              std::function<void()> onAction, std::function<void()> onExpired = {});

    /// Does now what was waiting for its time: the end of the program is no Undo.
    void settle();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void place();
    void expire();
    QLabel *m_sentence = nullptr;
    QPushButton *m_action = nullptr;
    QTimer m_timer;
    std::function<void()> m_onAction;
    std::function<void()> m_onExpired;
};

} // namespace sandglass::ui
