#pragma once

#include "models/runs/codedocument.h"
#include "models/runs/runsession.h"
#include "models/settings/settings.h"
#include "models/templates/templatelistmodel.h"
#include "services/e2b/client.h"
#include "tests/models/miniapi.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/refinepage.h"

#include <QPromise>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

namespace sandglass::test {

/// The Refine page in a window, over a profile of its own and an API that a MiniApi answers. For tests to derive from.
class RefineFixture : public QObject
{
protected:
    /// Profile, API and client.
    void makeProfile()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<QSettings>(m_dir->filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
        m_settings = std::make_unique<models::Settings>(*m_store);
        m_api = std::make_unique<MiniApi>();
        e2b::Connection connection;
        connection.apiUrl = connection.sandboxUrl = m_api->url();
        connection.apiKey = "e2b_0123456789abcdef0123456789abcdef01234567";
        m_client = std::make_unique<e2b::Client>(connection);
    }
    void makePage()
    {
        m_session = std::make_unique<models::RunSession>(*m_client);
        m_document = std::make_unique<models::CodeDocument>(m_dir->filePath(QStringLiteral("autosave")));
        m_templates = std::make_unique<models::TemplateListModel>(&noTemplates);
        m_page = std::make_unique<ui::RefinePage>(*m_session, *m_document, *m_settings, *m_templates);
    }
    void showPage()
    {
        m_page->resize(1200, 800);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        m_page->editor()->setFocus();
    }
    void closePage()
    {
        m_page.reset();
        m_session.reset();
        m_document.reset();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<QSettings> m_store;
    std::unique_ptr<models::Settings> m_settings;
    std::unique_ptr<MiniApi> m_api;
    std::unique_ptr<e2b::Client> m_client;
    std::unique_ptr<models::RunSession> m_session;
    std::unique_ptr<models::CodeDocument> m_document;
    std::unique_ptr<models::TemplateListModel> m_templates;
    std::unique_ptr<ui::RefinePage> m_page;

private:
    static QFuture<Result<std::vector<e2b::TemplateInfo>>> noTemplates()
    {
        QPromise<Result<std::vector<e2b::TemplateInfo>>> promise;
        promise.start();
        promise.addResult(std::vector<e2b::TemplateInfo>{});
        promise.finish();
        return promise.future();
    }
};

} // namespace sandglass::test
