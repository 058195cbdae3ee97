#include "ui/widgets/searchfield.h"

#include <QKeyEvent>

#include <algorithm>

namespace sandglass::ui {

SearchField::SearchField(const QString &placeholder, const QString &objectName, QWidget *parent) : QLineEdit(parent)
{
    setObjectName(objectName);
    setPlaceholderText(placeholder);
    setAccessibleName(placeholder);
    setClearButtonEnabled(true);
    setMinimumWidth(160);
    setMaximumWidth(300);
    m_settle.setSingleShot(true);
    m_settle.setInterval(120);
    connect(&m_settle, &QTimer::timeout, this, [this] { Q_EMIT searchChanged(text()); });
    connect(this, &QLineEdit::textChanged, &m_settle, qOverload<>(&QTimer::start));
    connect(this, &QLineEdit::returnPressed, this, [this] {
        m_settle.stop();
        Q_EMIT searchChanged(text());
    });
}

QSize SearchField::sizeHint() const
{
    constexpr int frameAndButton = 48;
    const QSize hint = QLineEdit::sizeHint();
    return {std::max(hint.width(), fontMetrics().horizontalAdvance(placeholderText()) + frameAndButton), hint.height()};
}

void SearchField::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape && !text().isEmpty()) {
        clear();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

} // namespace sandglass::ui
