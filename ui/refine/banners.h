#pragma once

#include "services/core/error.h"

#include <QFrame>

#include <optional>

class QLabel;
class QPushButton;

namespace sandglass::ui {

/// Above the code while a run was not possible: why, and what can be done.
class TroubleBanner final : public QFrame
{
    Q_OBJECT
public:
    explicit TroubleBanner(QWidget *parent);
    void setTrouble(const std::optional<Error> &trouble); ///< hidden without one

Q_SIGNALS:
    void runRequested();
    void engineRestartRequested();

private:
    QLabel *m_text;
    QPushButton *m_restart;
};

/// Above the code at the first start: a program with a fault in it, to begin with. Hidden until it is shown.
class ExampleOffer final : public QFrame
{
    Q_OBJECT
public:
    explicit ExampleOffer(QWidget *parent);

Q_SIGNALS:
    void accepted();
};

} // namespace sandglass::ui
