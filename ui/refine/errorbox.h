#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace sandglass::ui {

/// The box below a failing line: error name, message and what can be done about it. Lies over the blank annotation
/// lines that the editor reserves.
class ErrorBox final : public QFrame
{
    Q_OBJECT
public:
    explicit ErrorBox(QWidget *parent);
    /// `fixLabel` empty hides the fix button.
    void setError(const QString &name, const QString &message, const QString &fixLabel);

Q_SIGNALS:
    void fixRequested();
    void tracebackRequested();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void showText(); ///< in the colours of the theme

    QString m_name;
    QString m_message;
    QLabel *m_text;
    QPushButton *m_fix;
    QPushButton *m_traceback;
};

} // namespace sandglass::ui
