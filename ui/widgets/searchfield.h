#pragma once

#include <QLineEdit>
#include <QTimer>

namespace sandglass::ui {

/// A line that tells its text 120 ms after the last key, at once on Return; Esc clears it.
class SearchField final : public QLineEdit
{
    Q_OBJECT
public:
    SearchField(const QString &placeholder, const QString &objectName, QWidget *parent = nullptr);

    [[nodiscard]] QSize sizeHint() const override; ///< the placeholder fits

Q_SIGNALS:
    void searchChanged(const QString &text);

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    QTimer m_settle;
};

} // namespace sandglass::ui
