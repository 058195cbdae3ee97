#include "ui/refine/findbar.h"

#include "ui/refine/codeeditor.h"
#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

namespace sandglass::ui {

FindBar::FindBar(CodeEditor &editor, QWidget *parent)
    : QWidget(parent), m_editor(editor), m_text(new QLineEdit(this)), m_state(new QLabel(this))
{
    setObjectName(QStringLiteral("findBar"));
    m_text->setObjectName(QStringLiteral("findText"));
    m_text->setPlaceholderText(tr("Find in the code"));
    m_text->setAccessibleName(tr("Find in the code"));
    m_text->setMaximumWidth(320);
    m_text->setClearButtonEnabled(true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::cardGap, metrics::gap, metrics::cardGap, metrics::gap);
    layout->setSpacing(metrics::gap);
    layout->addWidget(m_text, 1);
    const auto addButton = [&](const QString &label, const QString &tip, auto &&action) {
        auto *button = new QPushButton(label, this);
        button->setToolTip(tip);
        connect(button, &QPushButton::clicked, this, action);
        layout->addWidget(button);
    };
    addButton(tr("Previous"), tr("Shift+Enter"), [this] { find(false); });
    addButton(tr("Next"), tr("Enter"), [this] { find(true); });
    layout->addWidget(m_state);
    layout->addStretch();
    addButton(tr("Close"), tr("Esc"), [this] { close(); });
    connect(m_text, &QLineEdit::textEdited, this, [this] {
        int line = 0, column = 0, endLine = 0, endColumn = 0; // search from the start of the match in view
        m_editor.getSelection(&line, &column, &endLine, &endColumn);
        if (line >= 0)
            m_editor.setCursorPosition(line, column);
        find(true);
    });
    hide();
}

void FindBar::open()
{
    const QString selected = m_editor.selectedText();
    if (!selected.isEmpty() && !selected.contains(u'\n'))
        m_text->setText(selected);
    show();
    m_state->clear();
    m_text->setFocus();
    m_text->selectAll();
}

void FindBar::close()
{
    hide();
    m_editor.setFocus();
}

void FindBar::find(bool forward)
{
    const bool found = m_editor.findText(m_text->text(), forward);
    m_state->setText(found || m_text->text().isEmpty() ? QString() : tr("Not found"));
}

void FindBar::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        find(!event->modifiers().testFlag(Qt::ShiftModifier));
    else if (event->key() == Qt::Key_Escape)
        close();
    else
        QWidget::keyPressEvent(event);
}

} // namespace sandglass::ui
