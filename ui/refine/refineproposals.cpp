// What the page does when somebody else writes the code.

#include "models/runs/proposers.h"
#include "models/runs/runsession.h"
#include "services/core/qtstring.h"
#include "ui/refine/attemptspanel.h"
#include "ui/refine/banners.h"
#include "ui/refine/codeeditor.h"
#include "ui/refine/outputpanel.h"
#include "ui/refine/proposerbox.h"
#include "ui/refine/refinepage.h"

namespace sandglass::ui {

using models::Proposers;

void RefinePage::setProposers(Proposers &proposers)
{
    m_proposers = &proposers;
    auto *box = new ProposerBox(proposers, m_session, m_panel);
    m_panel->showProposers(box);
    connect(box, &ProposerBox::refineRequested, this, &RefinePage::refine);
    connect(box, &ProposerBox::modelsRequested, this, &RefinePage::modelsRequested);
    connect(box, &ProposerBox::troubled, this, &Page::toast);
}

void RefinePage::refine()
{
    startRefining(false);
}

void RefinePage::startRefining(bool isAnyway)
{
    if (m_proposers == nullptr || m_session.state() != models::RunSession::State::Idle)
        return;
    const Proposers::Choice choice = m_proposers->chosen();
    if (choice.kind == Proposers::Kind::Person)
        return Q_EMIT toast(tr("Choose who writes the code first: a script or a model."));
    if (choice.kind == Proposers::Kind::Model && m_panel->requirement().trimmed().isEmpty())
        return Q_EMIT toast(tr("Write what the code has to do first: the model reads it."));
    if (!m_proposers->isMoneySound())
        return Q_EMIT toast(tr("The limit of dollars is no amount. Correct it or leave it empty."));
    const QString expected = m_panel->expectedOutput();
    auto generator =
        m_proposers->make({toUtf8(m_panel->requirement()),
                           expected.isEmpty() ? refine::Check{} : refine::Check::outputContains(toUtf8(expected)),
                           toUtf8(m_editor->text())});
    if (!generator)
        return;
    m_welcome->hide();
    m_output->setTab(OutputPanel::OutputTab);
    m_wasRefining = true;
    m_session.refine(std::move(generator), m_proposers->limits(),
                     choice.kind == Proposers::Kind::Script ? tr("script") : choice.name, isAnyway);
}

} // namespace sandglass::ui
