#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace sandglass::ui {

/// Asks for the file to write, over the window of `asker`. `chosen` gets its path once the person has said yes, also
/// to writing over a file that is there; it is not called when they think better of it or `asker` is gone by then.
/// `filters` as QFileDialog takes them. Does not wait: events go on.
void askWhereToSave(QWidget *asker, const QString &title, const QString &proposal, const QString &filters,
                    std::function<void(const QString &path)> chosen);

} // namespace sandglass::ui
