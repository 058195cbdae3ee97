// Writes pictures of the Refine, Templates and Settings pages in both themes and two sizes: work_gallery DIR.
#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "models/settings/connectionsmodel.h"
#include "models/settings/ratecardmodel.h"
#include "models/settings/settings.h"
#include "models/templates/newsandboxsession.h"
#include "models/templates/templatelistmodel.h"
#include "services/core/keystore.h"
#include "services/e2b/client.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"
#include "ui/settings/settingspage.h"
#include "ui/templates/newsandboxdialog.h"
#include "ui/templates/templatespage.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QPromise>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <QVBoxLayout>

using namespace sandglass;
using namespace Qt::Literals::StringLiterals;

namespace {

constexpr auto listPrices = R"({"currency":"USD","rates":[{"valid_from":"2026-08-06T00:00:00Z",
"usd_per_vcpu_second":"0.000014","usd_per_gib_second":"0.0000045","source":"E2B list price"}]})";

template<typename T>
QFuture<T> ready(T value)
{
    QPromise<T> promise;
    promise.start();
    promise.addResult(std::move(value));
    promise.finish();
    return promise.future();
}

std::vector<e2b::TemplateInfo> someTemplates()
{
    std::vector<e2b::TemplateInfo> list;
    const auto add = [&list](const char *id, const char *name, const char *status, int cpu, int memory, int count) {
        e2b::TemplateInfo info;
        info.templateId = id;
        info.names = {name};
        info.buildStatus = status;
        info.cpuCount = cpu;
        info.memoryMb = memory;
        info.diskSizeMb = 1024;
        info.spawnCount = count;
        info.buildCount = 2;
        info.envdVersion = "0.4.0";
        info.createdAt = parseRfc3339("2026-08-20T10:15:30Z");
        info.updatedAt = parseRfc3339("2026-09-02T08:00:00Z");
        list.push_back(info);
    };
    add("p1x2c3v4b5n6m7k8j9h0", "code-interpreter-v1", "ready", 2, 512, 1284);
    add("a9s8d7f6g5h4j3k2l1q0", "base", "ready", 2, 512, 96);
    add("z1x2c3v4b5n6m7a8s9d0", "ml-minimal", "building", 4, 2048, 0);
    add("q1w2e3r4t5y6u7i8o9p0", "trading_agent", "error", 2, 1024, 17);
    return list;
}

void fillSession(models::RunSession &session)
{
    models::AttemptRow first;
    first.number = 1;
    first.author = u"you"_s;
    first.verdict = models::AttemptRow::Verdict::Raised;
    first.reason = u"SyntaxError: expected ':'"_s;
    first.duration = std::chrono::microseconds(4210);
    first.cost = Money::parse("0.00000015");
    session.attempts()->put(first);
    models::AttemptRow second = first;
    second.number = 2;
    second.reason = u"ModuleNotFoundError: No module named 'nonexistent_module'"_s;
    second.diff = {{models::DiffRow::Kind::Same, u"def fibonacci(n):"_s},
                   {models::DiffRow::Kind::Removed, u"    if n <= 1"_s},
                   {models::DiffRow::Kind::Added, u"    if n <= 1:"_s},
                   {models::DiffRow::Kind::Same, u"        return n"_s}};
    second.added = 2;
    second.removed = 1;
    session.attempts()->put(second);
    models::AttemptRow third = second;
    third.number = 3;
    third.verdict = models::AttemptRow::Verdict::Passed;
    third.reason.clear();
    session.attempts()->put(third);
    session.output()->appendLine(models::OutputModel::Kind::Stdout, u"counting…"_s);
    session.output()->appendLine(models::OutputModel::Kind::Stderr, u"Cell In[2], line 6"_s);
    session.output()->appendLine(models::OutputModel::Kind::Stderr, u"----> 6 import nonexistent_module"_s);
    session.output()->appendLine(models::OutputModel::Kind::Error, u"ModuleNotFoundError: No module named 'nonexistent_module'"_s);
    session.output()->flush();
}

// The page as the shell shows it: header strip above.
void picture(ui::Page &page, QSize size, const QString &file)
{
    QWidget frame;
    auto *layout = new QVBoxLayout(&frame);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto *header = new QWidget(&frame);
    header->setFixedHeight(ui::metrics::headerHeight);
    auto *row = new QHBoxLayout(header);
    row->setContentsMargins(ui::metrics::pageMargin, 0, ui::metrics::pageMargin, 0);
    auto *title = new QLabel(page.title(), header);
    title->setProperty("role", u"title"_s);
    row->addWidget(title);
    auto *subtitle = new QLabel(page.subtitle(), header);
    subtitle->setProperty("role", u"muted"_s);
    row->addWidget(subtitle);
    row->addStretch();
    if (page.headerTools())
        row->addWidget(page.headerTools());
    layout->addWidget(header);
    layout->addWidget(&page, 1);
    frame.resize(size.width() - ui::metrics::sideBarWidth, size.height() - 28);
    frame.show();
    page.show();
    QTest::qWait(120);
    frame.grab().save(file);
    if (page.headerTools())
        page.headerTools()->setParent(&page);
    page.setParent(nullptr);
}

} // namespace

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    Q_INIT_RESOURCE(resources); // lies in a static library
    auto &theme = *new ui::Theme(application); // the application deletes it
    const QDir out(argc > 1 ? QString::fromLocal8Bit(argv[1]) : u"."_s);
    out.mkpath(u"."_s);
    QTemporaryDir profile;
    for (const auto mode : {ui::Theme::Mode::Dark, ui::Theme::Mode::Light}) {
        theme.setMode(mode);
        for (const QSize size : {QSize(1600, 1000), QSize(1024, 600)}) {
            const QString tag = u"-%1-%2.png"_s.arg(mode == ui::Theme::Mode::Dark ? u"dark"_s : u"light"_s).arg(size.width());
            QSettings store(profile.filePath(u"settings.ini"_s), QSettings::IniFormat);
            models::Settings settings(store);
            FileKeyStore keys(profile.filePath(u"secrets.json"_s).toStdString());
            models::ConnectionsModel connections(settings, keys, {}, [](const e2b::Connection &) { return ready(Result<>()); });
            connections.setLocalEngine(u"http://127.0.0.1:8710"_s, u"http://127.0.0.1:8711"_s, u"e2b_0123456789abcdef0123456789abcdef01234567"_s);
            models::RateCardModel rates(settings, *cost::RateCard::fromJson(listPrices));
            models::TemplateListModel templates([] { return ready(Result<std::vector<e2b::TemplateInfo>>(someTemplates())); });
            templates.refresh();
            QTest::qWait(20);
            e2b::Client client(connections.active());
            models::RunSession session(client);
            models::CodeDocument document(profile.filePath(u"editor.autosave"_s));
            {
                ui::RefinePage fresh(session, document, settings, templates);
                picture(fresh, size, out.filePath(u"refine-first"_s + tag));
            }
            ui::RefinePage refine(session, document, settings, templates);
            refine.loadExample();
            QString code = refine.editor()->text();
            code.replace(u"<= 1\n"_s, u"<= 1:\n"_s).replace(u"- 2)\n\n"_s, u"- 2)\n\nimport nonexistent_module"_s);
            refine.editor()->loadCode(code);
            fillSession(session);
            refine.editor()->showError({5, u"ModuleNotFoundError"_s, u"No module named 'nonexistent_module'"_s});
            refine.findChild<QListView *>(u"attemptList"_s)->setCurrentIndex(session.attempts()->index(0));
            picture(refine, size, out.filePath(u"refine"_s + tag));
            ui::TemplatesPage templatesPage(templates);
            picture(templatesPage, size, out.filePath(u"templates"_s + tag));
            ui::SettingsPage settingsPage(settings, connections, rates);
            settingsPage.setEngine({ui::EngineView::State::Running, {}, u"Tier 1: namespaces, seccomp, cgroup v2"_s, {u"disk quota: needs kernel 6.6, this is 6.1"_s},
                                    u"http://127.0.0.1:8710"_s, u"http://127.0.0.1:8711"_s, u"e2b_0123456789abcdef0123456789abcdef01234567"_s});
            ui::ReceiverView receiver;
            receiver.isListening = true;
            receiver.url = u"http://127.0.0.1:8000/webhooks/e2b"_s;
            receiver.secret = u"secret-secret-secret-secret-secret"_s;
            receiver.statistics.accepted = 1204;
            receiver.statistics.badSignature = 2;
            settingsPage.setReceiver(receiver);
            picture(settingsPage, size, out.filePath(u"settings"_s + tag));
            models::NewSandboxSession creation([](const e2b::SandboxSpec &) { return ready(Result<e2b::SandboxInfo>()); },
                                               [](const std::string &) { return ready(Result<>()); });
            ui::NewSandboxDialog dialog(templates, creation, rates.card());
            dialog.setConnectionName(u"Local engine"_s);
            dialog.show();
            QTest::qWait(50);
            dialog.grab().save(out.filePath(u"newsandbox"_s + tag));
            QFile::remove(profile.filePath(u"editor.autosave"_s));
        }
    }
    return 0;
}
