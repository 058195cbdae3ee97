#include "tests/app/programfixture.h"

#include <QApplication>
#include <QTest>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::test {

namespace {
constexpr int patienceMs = 30'000; // sanitizers on a busy machine
}

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

QByteArray ProgramFixture::start()
{
    if (m_program == nullptr)
        return "the profile cannot be used";
    if (!input.start())
        return "no window manager";
    m_program->showWindow();
    if (!QTest::qWaitForWindowActive(&window(), patienceMs))
        return "the window did not become active";
    if (!QTest::qWaitFor([this] { return m_program->engine().state() == app::EngineSupervisor::State::Ready; },
                         patienceMs))
        return "the engine did not start: " + m_program->engine().failure().toUtf8();
    if (!QTest::qWaitFor([this] { return m_program->receiving().isRegistered(); }, patienceMs))
        return "the webhook was not registered";
    return {};
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
