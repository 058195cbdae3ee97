#include "ui/shell/questiondialog.h"

#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <utility>

namespace sandglass::ui {

QuestionDialog::QuestionDialog(const QString &title, const QString &question, const QString &explanation,
                               QWidget *parent)
    : QDialog(parent), m_buttons(new QHBoxLayout)
{
    constexpr int width = 480;
    setWindowTitle(title);
    setAttribute(Qt::WA_DeleteOnClose);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::cardGap);
    layout->setSpacing(metrics::cardGap);
    layout->setSizeConstraint(QLayout::SetFixedSize);
    QLabel *heading = makeHeading(question);
    QLabel *text = makeLabel(explanation, "");
    for (QLabel *label : {heading, text}) {
        label->setWordWrap(true);
        label->setFixedWidth(width);
        layout->addWidget(label);
    }
    setAccessibleDescription(explanation);
    m_buttons->addStretch(1);
    layout->addLayout(m_buttons);
}

void QuestionDialog::addAnswer(QPushButton *button, std::function<void()> onChosen)
{
    m_buttons->addWidget(button);
    button->setAutoDefault(false);
    connect(button, &QPushButton::clicked, this, [this, run = std::move(onChosen)] {
        const auto answer = run; // this goes with the dialog
        close();
        if (answer)
            answer();
    });
}

} // namespace sandglass::ui
