#pragma once

#include <QPlainTextEdit>

namespace sandglass::models {
class OutputModel;
}

namespace sandglass::ui {

/// The lines of an OutputModel as selectable text, one block per row, each with its muted [stdout] or [stderr].
/// Follows the end while the end is in view.
class OutputView final : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit OutputView(QWidget *parent = nullptr);
    void setModel(models::OutputModel *model); ///< null: empty. The model must outlive the view or be taken away
    void setPlaceholder(const QString &title, const QString &hint);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void reload();
    void insertRows(int first, int last);
    void removeRows(int first, int last);
    void updateRow(int row);
    void write(QTextCursor &cursor, int row);

    models::OutputModel *m_model = nullptr;
    QString m_title;
    QString m_hint;
};

} // namespace sandglass::ui
