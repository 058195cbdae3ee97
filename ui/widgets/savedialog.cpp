#include "ui/widgets/savedialog.h"

#include <QFileDialog>

#include <utility>

namespace sandglass::ui {

void askWhereToSave(QWidget *asker, const QString &title, const QString &proposal, const QString &filters,
                    std::function<void(const QString &)> chosen)
{
    auto *dialog = new QFileDialog(asker->window(), title, QString(), filters);
    dialog->setObjectName(QStringLiteral("saveDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    dialog->selectFile(proposal);
    QObject::connect(dialog, &QFileDialog::fileSelected, asker, std::move(chosen));
    dialog->open();
}

} // namespace sandglass::ui
