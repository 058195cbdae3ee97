#include "ui/shell/aboutdialog.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

#include <QClipboard>
#include <QCoreApplication>
#include <QDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QSysInfo>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("AboutDialog", text);
}

} // namespace

void showAboutDialog(QWidget *parent)
{
    auto *dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setObjectName(QStringLiteral("aboutDialog"));
    dialog->setWindowTitle(translated("About Sandglass"));
    auto *layout = new QVBoxLayout(dialog);
    layout->setContentsMargins(24, 20, 24, 16);
    layout->setSpacing(8);
    layout->addWidget(makeLabel(QStringLiteral("Sandglass " SANDGLASS_VERSION), "title"));
    for (const char *line : {"Native desktop cockpit for code sandboxes that speak the E2B API.",
                             "Free software under the GNU General Public License, version 3 or later.",
                             "Built on Qt, QScintilla, Boost.Beast, SQLite, simdjson, nlohmann/json, OpenSSL, "
                             "libseccomp and IPython."}) {
        QLabel *label = makeMuted(translated(line));
        label->setWordWrap(true);
        layout->addWidget(label);
    }
    const QString system = QStringLiteral("Sandglass %1, Qt %2, %3, %4")
                               .arg(QStringLiteral(SANDGLASS_VERSION), QString::fromLatin1(qVersion()),
                                    QSysInfo::prettyProductName(), QSysInfo::currentCpuArchitecture());
    layout->addWidget(makeMono(system));
    auto *buttons = new QHBoxLayout;
    QPushButton *copy = makeButton(translated("Copy system information"), QStringLiteral("copySystemInformation"));
    QPushButton *close = makePrimaryButton(translated("Close"), QStringLiteral("closeAbout"));
    buttons->addWidget(copy);
    buttons->addStretch(1);
    buttons->addWidget(close);
    layout->addLayout(buttons);
    QObject::connect(copy, &QPushButton::clicked, dialog, [system] { QGuiApplication::clipboard()->setText(system); });
    QObject::connect(close, &QPushButton::clicked, dialog, &QDialog::accept);
    dialog->resize(480, dialog->sizeHint().height());
    dialog->open();
}

} // namespace sandglass::ui
