#pragma once

#include <QString>
#include <QWidget>

#include <map>
#include <string>
#include <vector>

class QLineEdit;
class QVBoxLayout;

namespace sandglass::ui {

/// Rows of "key = value"; an empty row is always at the end, ready to be typed into.
class PairTable final : public QWidget
{
    Q_OBJECT
public:
    PairTable(const QString &keyHint, const QString &valueHint, QWidget *parent);
    /// Rows where both fields are empty are left out. A key used twice keeps its last value.
    [[nodiscard]] std::map<std::string, std::string> pairs() const;
    [[nodiscard]] QString repeatedKey() const; ///< empty when every key is used once

Q_SIGNALS:
    void edited();

private:
    struct Row
    {
        QWidget *box;
        QLineEdit *key;
        QLineEdit *value;
    };
    void addRow();
    void onEdited();

    QString m_keyHint;
    QString m_valueHint;
    QVBoxLayout *m_layout;
    std::vector<Row> m_rows;
};

} // namespace sandglass::ui
