#include "ui/shell/commandpalette.h"

#include "ui/shell/fuzzy.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

namespace {

QString plainName(const QAction &action)
{
    QString name = action.text();
    name.remove(u'&');
    return name;
}

} // namespace

CommandPalette::CommandPalette(QList<QAction *> actions, QWidget *parent)
    : QDialog(parent, Qt::Popup), m_actions(std::move(actions))
{
    setObjectName(QStringLiteral("commandPalette"));
    setAccessibleName(tr("Command palette"));
    setAttribute(Qt::WA_DeleteOnClose);
    setFixedSize(std::min(560, parent->width() - 48), std::min(420, parent->height() - 96));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    m_pattern = new QLineEdit;
    m_pattern->setObjectName(QStringLiteral("palettePattern"));
    m_pattern->setPlaceholderText(tr("Type the name of a page or an action"));
    m_pattern->installEventFilter(this);
    layout->addWidget(m_pattern);
    m_list = new QListWidget;
    m_list->setObjectName(QStringLiteral("paletteList"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    layout->addWidget(m_list);
    connect(m_pattern, &QLineEdit::textChanged, this, &CommandPalette::fill);
    connect(m_pattern, &QLineEdit::returnPressed, this, &CommandPalette::trigger);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::trigger);
    move(parent->mapToGlobal(QPoint((parent->width() - width()) / 2, 72)));
    fill({});
    m_pattern->setFocus();
}

bool CommandPalette::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_pattern && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Up) {
            if (m_list->currentItem() == nullptr) // nothing fits
                return true;
            const int step = key == Qt::Key_Down ? 1 : -1;
            m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, m_list->count() - 1));
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

void CommandPalette::fill(const QString &pattern)
{
    QList<std::pair<int, QAction *>> found;
    for (QAction *action : std::as_const(m_actions)) {
        if (const auto score = fuzzyScore(pattern, plainName(*action)))
            found << std::pair(*score, action);
    }
    std::ranges::stable_sort(found, std::greater<>{}, [](const auto &entry) { return entry.first; });
    m_list->clear();
    for (const auto &[score, action] : std::as_const(found)) {
        const QString keys = action->shortcut().toString(QKeySequence::NativeText);
        auto *item =
            new QListWidgetItem(keys.isEmpty() ? plainName(*action) : plainName(*action) + u"    " + keys, m_list);
        item->setData(Qt::UserRole, QVariant::fromValue<QObject *>(action));
        item->setSizeHint({0, 30});
        if (action->isEnabled())
            continue;
        item->setForeground(Theme::tokens().faint);
        if (!action->statusTip().isEmpty()) // why
            item->setText(plainName(*action) + u"    " + action->statusTip());
    }
    if (found.isEmpty()) {
        auto *nothing = new QListWidgetItem(tr("Nothing found"), m_list);
        nothing->setFlags(Qt::NoItemFlags);
        nothing->setForeground(Theme::tokens().faint);
        nothing->setSizeHint({0, 30});
        return;
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::trigger()
{
    const QListWidgetItem *item = m_list->currentItem();
    if (item == nullptr)
        return;
    auto *action = qobject_cast<QAction *>(item->data(Qt::UserRole).value<QObject *>());
    if (action == nullptr || !action->isEnabled())
        return;
    close();
    // After the palette is gone, so that the focus is where the action expects it.
    QTimer::singleShot(0, action, &QAction::trigger);
}

} // namespace sandglass::ui
