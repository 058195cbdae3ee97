#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace sandglass::models {
struct StartVerdict;
}

namespace sandglass::ui {

/// What the budgets say about a start, beside the form or the code that would start it. Hidden while they say nothing.
class StartNotice final : public QFrame
{
    Q_OBJECT
public:
    explicit StartNotice(QWidget *parent);

    /// `isHeld`: it has been refused, and the person may start it all the same.
    void tell(const models::StartVerdict &verdict, bool isHeld);

Q_SIGNALS:
    void startAnywayRequested();
    void budgetsRequested(); ///< the page where they can be changed

private:
    QLabel *m_text;
    QPushButton *m_anyway;
    QPushButton *m_budgets;
};

} // namespace sandglass::ui
