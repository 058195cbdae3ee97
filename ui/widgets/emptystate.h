#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace sandglass::ui {

/// What stands where there is nothing yet: what is missing, the next step, one button.
class EmptyState final : public QWidget
{
    Q_OBJECT
public:
    EmptyState(const QString &title, const QString &sentence, const QString &action = {}, QWidget *parent = nullptr);
    void setTexts(const QString &title, const QString &sentence, const QString &action = {});

Q_SIGNALS:
    void actionTriggered();

private:
    QLabel *m_title = nullptr;
    QLabel *m_sentence = nullptr;
    QPushButton *m_action = nullptr;
};

} // namespace sandglass::ui
