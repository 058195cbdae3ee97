#include "ui/widgets/filedialogs.h"

#include "services/core/qtstring.h"
#include "services/core/savefile.h"

#include <QCoreApplication>
#include <QFileDialog>

#include <utility>

namespace sandglass::ui {

namespace {

QFileDialog *openDialog(QWidget *asker, const QString &title, const QString &filters, const char *name,
                        QFileDialog::FileMode mode)
{
    auto *dialog = new QFileDialog(asker->window(), title, QString(), filters);
    dialog->setObjectName(QString::fromLatin1(name));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(mode);
    return dialog;
}

} // namespace

void askWhereToSave(QWidget *asker, const QString &title, const QString &proposal, const QString &filters,
                    std::function<void(const QString &)> chosen)
{
    QFileDialog *dialog = openDialog(asker, title, filters, "saveDialog", QFileDialog::AnyFile);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(proposal);
    QObject::connect(dialog, &QFileDialog::fileSelected, asker, std::move(chosen));
    dialog->open();
}

void askWhatToOpen(QWidget *asker, const QString &title, const QString &start, const QString &filters,
                   std::function<void(const QString &)> chosen)
{
    QFileDialog *dialog = openDialog(asker, title, filters, "openDialog", QFileDialog::ExistingFile);
    if (!start.isEmpty())
        dialog->selectFile(start);
    QObject::connect(dialog, &QFileDialog::fileSelected, asker, std::move(chosen));
    dialog->open();
}

void askWhichToOpen(QWidget *asker, const QString &title, const QString &filters,
                    std::function<void(const QStringList &)> chosen)
{
    QFileDialog *dialog = openDialog(asker, title, filters, "openDialog", QFileDialog::ExistingFiles);
    QObject::connect(dialog, &QFileDialog::filesSelected, asker, std::move(chosen));
    dialog->open();
}

void exportTo(QWidget *asker, const QString &path, const QByteArray &bytes, std::function<void(const QString &)> tell)
{
    saveFileInBackground(
        asker, path, [bytes] { return bytes; },
        [path, tell = std::move(tell)](const Result<> &written) {
            tell(written ? QCoreApplication::translate("FileDialogs", "Exported to %1").arg(path)
                         : QCoreApplication::translate("FileDialogs", "%1 cannot be written: %2")
                               .arg(path, toQString(written.error().message)));
        });
}

} // namespace sandglass::ui
