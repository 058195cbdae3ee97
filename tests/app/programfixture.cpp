#include "tests/app/programfixture.h"

#include <QApplication>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

ProgramFixture::ProgramFixture() : m_theme(*qApp)
{
    app::CommandLine options;
    options.profile = m_profile.path();
    options.receiverPort = 0;
    options.engineProgram = qEnvironmentVariable("SANDGLASS_BIN_DIR") + u"/sandglass-engine"_s;
    if (auto program = app::Composition::create(options, m_theme))
        m_program = std::move(*program);
    else
        qWarning("%s", program.error().message.c_str());
}

ProgramFixture::~ProgramFixture() = default;

bool ProgramFixture::start()
{
    if (m_program == nullptr || !input.start())
        return false;
    m_program->showWindow();
    if (!QTest::qWaitForWindowActive(&window(), 10'000))
        return false;
    return QTest::qWaitFor(
        [this] {
            return m_program->engine().state() == app::EngineSupervisor::State::Ready
                && m_program->webhook().isRegistered();
        },
        30'000);
}

int rowWith(const QAbstractItemModel &model, int column, const QString &text)
{
    for (int row = 0; row < model.rowCount(); ++row) {
        if (model.index(row, column).data().toString() == text)
            return row;
    }
    return -1;
}

} // namespace sandglass::test
