#pragma once

#include <QLabel>

namespace sandglass::ui {

/// Some lines of plain text that wrap, and always show whole: a stacked widget passes no height for a width on.
class DetailsLabel final : public QLabel
{
    Q_OBJECT
public:
    explicit DetailsLabel(const QString &objectName, QWidget *parent = nullptr);
    void showText(const QString &text); ///< empty hides it

protected:
    void resizeEvent(QResizeEvent *event) override;
};

} // namespace sandglass::ui
