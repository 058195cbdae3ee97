#pragma once

#include <QString>
#include <QWidget>

namespace sandglass::ui {

/// One entry of the side bar. The shell shows title(), subtitle() and headerTools() in the header strip above it.
class Page : public QWidget
{
    Q_OBJECT
public:
    using QWidget::QWidget;
    [[nodiscard]] virtual QString title() const = 0;
    /// Muted text beside the title: a file name, "17 of 10,248".
    [[nodiscard]] virtual QString subtitle() const { return {}; }
    /// Buttons and fields at the right of the header; owned by the page, made once. May be null.
    [[nodiscard]] virtual QWidget *headerTools() { return nullptr; }
    /// Ctrl+F.
    virtual void focusSearch() {}
    /// What it shows is up to date; false while it still adds up.
    [[nodiscard]] virtual bool isCurrent() const { return true; }
    /// F5.
    virtual void refresh() {}
    /// Layout state (header sections, splitters) for QSettings.
    [[nodiscard]] virtual QByteArray saveState() const { return {}; }
    virtual void restoreState(const QByteArray &) {}

Q_SIGNALS:
    void subtitleChanged();
    /// Small count at the entry of the side bar; empty hides it.
    void badgeChanged(const QString &text);
    /// A sentence for the status bar's toast ("Copied i77b0e21").
    void toast(const QString &text);
};

} // namespace sandglass::ui
