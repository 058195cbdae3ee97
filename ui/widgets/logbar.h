#pragma once

#include <QWidget>

#include <functional>

class QCheckBox;
class QPushButton;

namespace sandglass::ui {

class LineView;
class SearchField;
class SegmentedControl;

/// What stands above a log: which levels, a search, whether it follows, copy and save.
class LogBar final : public QWidget
{
    Q_OBJECT
public:
    enum class Least { Everything, Warnings, Errors };

    /// `view` shows the log and outlives this; `fileName` proposes one when it is saved.
    LogBar(LineView &view, const QString &searchHint, std::function<QString()> fileName, QWidget *parent = nullptr);

    [[nodiscard]] Least least() const;
    [[nodiscard]] QString search() const;
    void setHasRows(bool hasRows); ///< there is something to copy

Q_SIGNALS:
    void filterChanged();
    void followChanged(bool follows);
    void told(const QString &text); ///< "Copied 12 lines"

private:
    void copy();
    void save();
    void write(const QString &path);

    LineView &m_view;
    std::function<QString()> m_fileName;
    SegmentedControl *m_levels;
    SearchField *m_search;
    QPushButton *m_copy;
    QPushButton *m_save;
};

} // namespace sandglass::ui
