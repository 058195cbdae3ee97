#pragma once

#include <QStringList>

#include <functional>

class QByteArray;
class QWidget;

namespace sandglass::ui {

// Dialogs over the window of `asker`. They do not wait: `chosen` is called once the person has said yes, and not when
// they think better of it or `asker` is gone by then. `filters` as QFileDialog takes them.

/// The file to write; saying yes may mean writing over one that is there. `proposal`: a name, or a path.
void askWhereToSave(QWidget *asker, const QString &title, const QString &proposal, const QString &filters,
                    std::function<void(const QString &path)> chosen);

/// A file to read. `start`: the one chosen before, or empty.
void askWhatToOpen(QWidget *asker, const QString &title, const QString &start, const QString &filters,
                   std::function<void(const QString &path)> chosen);
/// One or more of them.
void askWhichToOpen(QWidget *asker, const QString &title, const QString &filters,
                    std::function<void(const QStringList &paths)> chosen);

/// Writes the file in the background. `tell` gets what the person reads then: where it is, or why it is not.
void exportTo(QWidget *asker, const QString &path, const QByteArray &bytes,
              std::function<void(const QString &text)> tell);

} // namespace sandglass::ui
