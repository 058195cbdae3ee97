#include "ui/templates/templatedetails.h"

#include "models/templates/templatelistmodel.h"
#include "services/core/qtstring.h"
#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/scrollarea.h"

#include <QApplication>
#include <QClipboard>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

QLabel *makeLabel(const QString &text, const char *role, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    label->setProperty("role", QString::fromLatin1(role));
    if (QLatin1String(role) == QLatin1String("mono"))
        label->setFont(Theme::monoFont(12));
    return label;
}

QString dateText(const std::optional<Timestamp> &time)
{
    return time ? formatDateTime(*time) : QStringLiteral("—");
}

} // namespace

BuildMark buildMark(const QString &status)
{
    const Tokens &t = Theme::tokens();
    if (status == u"ready" || status == u"uploaded" || status == u"success")
        return {TemplateDetails::tr("● Ready"), t.run};
    if (status == u"building" || status == u"waiting" || status == u"snapshotting")
        return {TemplateDetails::tr("◐ Building"), t.accent};
    if (status == u"error" || status == u"failed")
        return {TemplateDetails::tr("✕ Failed"), t.err};
    return {status.isEmpty() ? TemplateDetails::tr("○ Unknown") : QStringLiteral("○ ") + status, t.muted};
}

TemplateDetails::TemplateDetails(QWidget *parent)
    : QWidget(parent)
    , m_body(new QWidget)
    , m_scroll(makeScrollArea(m_body))
    , m_name(makeLabel({}, "heading", m_body))
    , m_status(new QLabel(m_body))
    , m_rows(new QGridLayout)
    , m_code(makeLabel({}, "mono", m_body))
    , m_create(new QPushButton(tr("New sandbox…"), m_body))
    , m_refine(new QPushButton(tr("Open in Refine"), m_body))
{
    setObjectName(QStringLiteral("templateDetails"));
    m_name->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_name->setWordWrap(true);
    m_rows->setHorizontalSpacing(metrics::cardGap);
    m_rows->setVerticalSpacing(metrics::gap);
    m_rows->setColumnStretch(1, 1);
    m_code->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_code->setTextFormat(Qt::PlainText);
    m_code->setWordWrap(true);
    m_create->setObjectName(QStringLiteral("detailsNewSandbox"));
    m_refine->setObjectName(QStringLiteral("detailsOpenInRefine"));
    m_create->setProperty("kind", QStringLiteral("primary"));
    connect(m_create, &QPushButton::clicked, this, &TemplateDetails::newSandboxRequested);
    connect(m_refine, &QPushButton::clicked, this, &TemplateDetails::openInRefineRequested);
    connect(Theme::instance(), &Theme::changed, this, &TemplateDetails::showStatus);
    buildLayout();
    setTemplate(std::nullopt);
}

void TemplateDetails::buildLayout()
{
    auto *copyId = new QPushButton(tr("Copy id"), m_body);
    copyId->setProperty("kind", QStringLiteral("quiet"));
    auto *copyCode = new QPushButton(tr("Copy"), m_body);
    copyCode->setObjectName(QStringLiteral("copySnippet"));
    connect(copyId, &QPushButton::clicked, this, [this] { copyText(m_id, m_id); });
    connect(copyCode, &QPushButton::clicked, this, [this] { copyText(m_snippet, tr("the code")); });
    auto *top = new QHBoxLayout;
    top->addWidget(m_status);
    top->addStretch();
    top->addWidget(copyId);
    auto *actions = new QHBoxLayout;
    actions->addWidget(m_create);
    actions->addWidget(m_refine);
    actions->addStretch();
    auto *usage = new QHBoxLayout;
    usage->addWidget(makeLabel(tr("From an SDK"), "muted", m_body));
    usage->addStretch();
    usage->addWidget(copyCode);
    auto *column = new QVBoxLayout(m_body);
    column->setContentsMargins(metrics::cardPadding, metrics::cardPadding, metrics::cardPadding, metrics::cardPadding);
    column->setSpacing(12);
    column->addWidget(m_name);
    column->addLayout(top);
    column->addLayout(actions);
    column->addSpacing(metrics::unit);
    column->addLayout(m_rows);
    column->addSpacing(metrics::unit);
    column->addLayout(usage);
    column->addWidget(m_code);
    column->addStretch();
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_scroll);
}

void TemplateDetails::copyText(const QString &text, const QString &what)
{
    QApplication::clipboard()->setText(text);
    Q_EMIT copied(what);
}

void TemplateDetails::addRow(const QString &name, const QString &value, bool isMono)
{
    const int row = m_rows->rowCount();
    auto *text = makeLabel(value, isMono ? "mono" : "", m_body);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    text->setTextFormat(Qt::PlainText);
    text->setWordWrap(true);
    m_rows->addWidget(makeLabel(name, "muted", m_body), row, 0, Qt::AlignTop);
    m_rows->addWidget(text, row, 1);
}

void TemplateDetails::showStatus()
{
    const BuildMark mark = buildMark(m_buildStatus);
    m_status->setText(
        QStringLiteral("<span style='color:%1'>%2</span>").arg(mark.colour.name(), mark.text.toHtmlEscaped()));
}

void TemplateDetails::setTemplate(const std::optional<e2b::TemplateInfo> &info)
{
    while (QLayoutItem *item = m_rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_scroll->setVisible(info.has_value());
    if (!info)
        return;
    const QString name = models::TemplateListModel::displayName(*info);
    m_id = toQString(info->templateId);
    m_name->setText(name);
    m_buildStatus = toQString(info->buildStatus);
    showStatus();
    QStringList names;
    for (const std::string &each : info->names)
        names.append(toQString(each));
    const auto mib = [](int megabytes) { return formatBytes(std::int64_t{megabytes} << 20); };
    addRow(tr("Id"), m_id, true);
    if (names.size() > 1)
        addRow(tr("Names"), names.join(QStringLiteral(", ")), true);
    if (info->cpuCount > 0)
        addRow(tr("Size"), tr("%1 vCPU · %2 memory").arg(QString::number(info->cpuCount), mib(info->memoryMb)));
    if (info->diskSizeMb > 0)
        addRow(tr("Disk"), mib(info->diskSizeMb));
    addRow(tr("Started"), tr("%1 times").arg(formatCount(info->spawnCount)));
    addRow(tr("Builds"), formatCount(info->buildCount));
    addRow(tr("Visible to"), info->isPublic ? tr("everyone") : tr("this team"));
    if (info->createdAt)
        addRow(tr("Created"), dateText(info->createdAt));
    if (info->updatedAt)
        addRow(tr("Updated"), dateText(info->updatedAt));
    addRow(tr("Last used"), info->lastSpawnedAt ? dateText(info->lastSpawnedAt) : tr("never"));
    if (!info->envdVersion.empty())
        addRow(tr("envd"), toQString(info->envdVersion), true);
    m_snippet = QStringLiteral("from e2b_code_interpreter import Sandbox\n\nsandbox = Sandbox.create(\"%1\")\n"
                               "print(sandbox.run_code(\"21 + 21\").text)\nsandbox.kill()")
                    .arg(name);
    m_code->setText(m_snippet);
}

} // namespace sandglass::ui
