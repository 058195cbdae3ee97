#pragma once

#include "app/composition.h"
#include "tests/app/realinput.h"
#include "ui/theme/theme.h"

#include <QTemporaryDir>

#include <memory>

namespace sandglass::test {

/// The whole program in this process, on a fresh profile, with its real engine as a child.
class ProgramFixture final
{
public:
    ProgramFixture();
    ~ProgramFixture();

    /// Shows the window and waits until receiver, engine and webhook serve. Empty, or what did not come to be.
    [[nodiscard]] QByteArray start();

    [[nodiscard]] app::Composition &program() { return *m_program; }
    [[nodiscard]] ui::MainWindow &window() { return m_program->window(); }
    template<typename Widget>
    [[nodiscard]] Widget *find(const char *objectName)
    {
        return window().findChild<Widget *>(QString::fromLatin1(objectName));
    }
    [[nodiscard]] QString profile(const QString &file) const { return m_profile.filePath(file); }
    RealInput input;

private:
    ui::Theme m_theme;
    QTemporaryDir m_profile;
    std::unique_ptr<app::Composition> m_program;
};

/// Row of the model whose column `column` holds `text`; -1: none.
[[nodiscard]] int rowWith(const QAbstractItemModel &model, int column, const QString &text);

} // namespace sandglass::test
