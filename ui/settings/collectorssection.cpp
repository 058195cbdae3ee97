#include "ui/settings/collectorssection.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace sandglass::ui {

namespace {

QString lineText(const CollectorLine &line)
{
    using State = CollectorLine::State;
    QString state;
    switch (line.state) {
    case State::Connecting:
        state = CollectorsSection::tr("◌ connecting");
        break;
    case State::CatchingUp:
        state = CollectorsSection::tr("◐ catching up");
        break;
    case State::Live:
        state = CollectorsSection::tr("● live");
        break;
    case State::Waiting:
        state = CollectorsSection::tr("○ will try again: %1").arg(line.reason);
        break;
    case State::Refused:
        state = CollectorsSection::tr("✕ cannot be used: %1").arg(line.reason);
        break;
    }
    return CollectorsSection::tr("%1\n%2 · events taken over: %3")
        .arg(line.url, state, formatCount(static_cast<std::int64_t>(line.events)));
}

} // namespace

CollectorsSection::CollectorsSection(QWidget *parent)
    : Section(tr("Collectors"),
              tr("A sandglass-collector on a server receives webhooks while this machine is away. What it holds is "
                 "fetched into this journal, once, however many collectors tell it."),
              parent)
    , m_list(new QListWidget(this))
    , m_empty(makeText("muted", tr("No collector yet.")))
    , m_url(new QLineEdit(this))
    , m_token(new QLineEdit(this))
    , m_problem(makeText("error"))
    , m_add(new QPushButton(tr("Add collector"), this))
    , m_remove(new QPushButton(tr("Remove"), this))
{
    m_list->setObjectName(QStringLiteral("collectorList"));
    m_list->setAccessibleName(tr("Collectors"));
    m_list->setWordWrap(true);
    m_list->setSpacing(metrics::unit);
    m_empty->setObjectName(QStringLiteral("noCollectors"));
    body()->addWidget(m_empty);
    body()->addWidget(m_list);
    body()->addWidget(buildForm());
    connect(m_list, &QListWidget::currentRowChanged, this, &CollectorsSection::updateButtons);
    connect(m_url, &QLineEdit::textChanged, this, &CollectorsSection::updateButtons);
    connect(m_token, &QLineEdit::textChanged, this, &CollectorsSection::updateButtons);
    connect(m_add, &QPushButton::clicked, this,
            [this] { Q_EMIT addRequested(m_url->text().trimmed(), m_token->text().trimmed()); });
    connect(m_token, &QLineEdit::returnPressed, m_add, &QPushButton::click);
    connect(m_remove, &QPushButton::clicked, this, [this] {
        const QString url = m_collectors.value(m_list->currentRow()).url;
        m_url->setText(url); // to take it back with the token
        Q_EMIT removeRequested(url);
        Q_EMIT toast(tr("Removed %1. The events it has told stay.").arg(url));
    });
    setCollectors({});
}

QWidget *CollectorsSection::buildForm()
{
    auto *box = new QWidget(this);
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *form = new QFormLayout;
    form->setVerticalSpacing(metrics::gap);
    form->setHorizontalSpacing(metrics::cardGap);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    m_url->setObjectName(QStringLiteral("collectorUrl"));
    m_url->setPlaceholderText(QStringLiteral("wss://collector.example.org:8001"));
    m_url->setAccessibleName(tr("Address of the collector"));
    m_token->setObjectName(QStringLiteral("collectorToken"));
    m_token->setPlaceholderText(tr("from the collector's token file"));
    m_token->setAccessibleName(tr("Token of the collector"));
    m_token->setEchoMode(QLineEdit::Password);
    form->addRow(makeText("muted", tr("Address")), m_url);
    form->addRow(makeText("muted", tr("Token")), m_token);
    m_problem->setObjectName(QStringLiteral("collectorProblem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_add->setObjectName(QStringLiteral("addCollector"));
    m_remove->setObjectName(QStringLiteral("removeCollector"));
    m_remove->setProperty("kind", QStringLiteral("danger"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_add);
    buttons->addWidget(m_remove);
    buttons->addStretch();
    layout->addLayout(form);
    layout->addWidget(m_problem);
    layout->addLayout(buttons);
    return box;
}

void CollectorsSection::setCollectors(const QList<CollectorLine> &collectors)
{
    while (m_list->count() > collectors.size())
        delete m_list->takeItem(m_list->count() - 1);
    for (qsizetype row = 0; row < collectors.size(); ++row) {
        if (row >= m_list->count())
            m_list->addItem(QString());
        if (const QString text = lineText(collectors[row]); m_list->item(static_cast<int>(row))->text() != text)
            m_list->item(static_cast<int>(row))->setText(text);
    }
    m_collectors = collectors;
    constexpr qsizetype mostRows = 4;
    const int rows = static_cast<int>(std::min(collectors.size(), mostRows));
    m_list->setFixedHeight(rows * (m_list->sizeHintForRow(0) + 2 * metrics::unit) + 2 * m_list->frameWidth());
    m_list->setVisible(!collectors.isEmpty());
    m_empty->setVisible(collectors.isEmpty());
    updateButtons();
}

void CollectorsSection::answerAdd(const QString &problem)
{
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    if (problem.isEmpty()) {
        m_url->clear();
        m_token->clear();
    }
}

void CollectorsSection::updateButtons()
{
    m_add->setEnabled(!m_url->text().trimmed().isEmpty() && !m_token->text().trimmed().isEmpty());
    m_remove->setEnabled(m_list->currentRow() >= 0);
    m_remove->setVisible(!m_collectors.isEmpty());
}

} // namespace sandglass::ui
