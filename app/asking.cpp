#include "app/asking.h"

#include "models/runs/runsession.h"
#include "models/templates/newsandboxsession.h"
#include "ui/refine/refinepage.h"
#include "ui/shell/mainwindow.h"
#include "ui/templates/newsandboxdialog.h"

#include <utility>

using namespace Qt::Literals::StringLiterals;

namespace sandglass::app {

Asking::Asking(models::GuardDesk &desk, const models::TemplateListModel &templates, models::StartCheck::Prices prices)
    : m_check(desk, templates, std::move(prices))
{}

void Asking::standBefore(models::RunSession &runs, ui::RefinePage &page, ui::MainWindow &window)
{
    runs.gate().setCheck(&m_check);
    QObject::connect(&page, &ui::RefinePage::budgetsRequested, &window, [&window] { window.showPage(u"budgets"_s); });
}

void Asking::standBefore(models::NewSandboxSession &session, ui::NewSandboxDialog &dialog, ui::MainWindow &window)
{
    session.gate().setCheck(&m_check);
    QObject::connect(&dialog, &ui::NewSandboxDialog::budgetsRequested, &window,
                     [&window] { window.showPage(u"budgets"_s); });
}

} // namespace sandglass::app
