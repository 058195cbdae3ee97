#pragma once

#include "models/budgets/startcheck.h"

namespace sandglass::models {
class NewSandboxSession;
class RunSession;
} // namespace sandglass::models
namespace sandglass::ui {
class MainWindow;
class NewSandboxDialog;
class RefinePage;
} // namespace sandglass::ui

namespace sandglass::app {

/// The budgets are asked before what a person starts, and what they say leads to their page.
class Asking final
{
public:
    Asking(models::GuardDesk &desk, const models::TemplateListModel &templates, models::StartCheck::Prices prices);

    /// Before each attempt.
    void standBefore(models::RunSession &runs, ui::RefinePage &page, ui::MainWindow &window);
    void standBefore(models::NewSandboxSession &session, ui::NewSandboxDialog &dialog, ui::MainWindow &window);

private:
    models::StartCheck m_check;
};

} // namespace sandglass::app
