#pragma once

#include <QPlainTextEdit>

class QAbstractItemModel;

namespace sandglass::ui {

/// The rows of a list model as selectable text in a monospaced font, one block per row. Follows the end while the end
/// is in view.
class LineView : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit LineView(const QString &objectName, QWidget *parent = nullptr);
    /// What stands in place of rows while there are none.
    void setPlaceholder(const QString &title, const QString &hint);

    [[nodiscard]] QString wholeText() const;  ///< every row as textOf() has it, a line each
    [[nodiscard]] QString chosenText() const; ///< what is selected, else wholeText()

protected:
    /// Null: empty. The model must outlive the view or be taken away.
    void follow(QAbstractItemModel *model);
    virtual void write(QTextCursor &cursor, int row) = 0; ///< one row, without a line break
    [[nodiscard]] virtual QString textOf(int row) const;  ///< for a file; at first: what is shown
    void paintEvent(QPaintEvent *event) override;

private:
    void reload();
    void insertRows(int first, int last);
    void removeRows(int first, int last);
    void updateRow(int row);

    QAbstractItemModel *m_rows = nullptr;
    QString m_title;
    QString m_hint;
};

} // namespace sandglass::ui
