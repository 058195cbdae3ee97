#include "ui/templates/pairtable.h"

#include "services/core/qtstring.h"
#include "ui/theme/theme.h"
#include "ui/widgets/row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSet>
#include <QVBoxLayout>

namespace sandglass::ui {

PairTable::PairTable(const QString &keyHint, const QString &valueHint, QWidget *parent)
    : QWidget(parent), m_keyHint(keyHint), m_valueHint(valueHint), m_layout(new QVBoxLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(metrics::unit);
    addRow();
}

void PairTable::addRow()
{
    auto *box = new QWidget(this);
    auto *layout = makeRow(box, metrics::gap);
    Row row{box, new QLineEdit(box), new QLineEdit(box)};
    row.key->setPlaceholderText(m_keyHint);
    row.key->setAccessibleName(m_keyHint);
    row.value->setPlaceholderText(m_valueHint);
    row.value->setAccessibleName(m_valueHint);
    row.key->setFont(Theme::monoFont(12));
    row.value->setFont(Theme::monoFont(12));
    const QString number = QString::number(m_rows.size());
    row.key->setObjectName(objectName() % QStringLiteral("Key") % number);
    row.value->setObjectName(objectName() % QStringLiteral("Value") % number);
    layout->addWidget(row.key, 2);
    layout->addWidget(new QLabel(QStringLiteral("="), box));
    layout->addWidget(row.value, 3);
    m_layout->addWidget(box);
    connect(row.key, &QLineEdit::textEdited, this, &PairTable::onEdited);
    connect(row.value, &QLineEdit::textEdited, this, &PairTable::onEdited);
    m_rows.push_back(row);
}

void PairTable::onEdited()
{
    const Row &last = m_rows.back();
    if ((!last.key->text().isEmpty() || !last.value->text().isEmpty()) && m_rows.size() < 100)
        addRow();
    Q_EMIT edited();
}

std::map<std::string, std::string> PairTable::pairs() const
{
    std::map<std::string, std::string> result;
    for (const Row &row : m_rows) {
        const QString key = row.key->text().trimmed();
        if (!key.isEmpty() || !row.value->text().isEmpty())
            result[toUtf8(key)] = toUtf8(row.value->text());
    }
    return result;
}

QString PairTable::repeatedKey() const
{
    QSet<QString> seen;
    for (const Row &row : m_rows) {
        const QString key = row.key->text().trimmed();
        if (!key.isEmpty() && seen.contains(key))
            return key;
        seen.insert(key);
    }
    return {};
}

} // namespace sandglass::ui
