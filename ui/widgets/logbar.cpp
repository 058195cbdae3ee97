#include "ui/widgets/logbar.h"

#include "services/core/qtstring.h"
#include "services/core/savefile.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/filedialogs.h"
#include "ui/widgets/lineview.h"
#include "ui/widgets/searchfield.h"
#include "ui/widgets/segmentedcontrol.h"

#include <QCheckBox>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>

#include <utility>

namespace sandglass::ui {

LogBar::LogBar(LineView &view, const QString &searchHint, std::function<QString()> fileName, QWidget *parent)
    : QWidget(parent)
    , m_view(view)
    , m_fileName(std::move(fileName))
    , m_levels(new SegmentedControl({tr("All"), tr("Warnings"), tr("Errors")}, QStringLiteral("logLevels")))
    , m_search(new SearchField(searchHint, QStringLiteral("logSearch")))
    , m_copy(makeButton(tr("Copy"), QStringLiteral("copyLog")))
    , m_save(makeButton(tr("Save…"), QStringLiteral("saveLog")))
{
    m_levels->setCurrentIndex(0);
    auto *follow = new QCheckBox(tr("Follow"));
    follow->setObjectName(QStringLiteral("followLog"));
    follow->setToolTip(tr("New lines are shown as they come"));
    follow->setChecked(true);
    m_copy->setToolTip(tr("What is selected, or all that is shown"));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_levels);
    layout->addWidget(m_search, 2);
    layout->addStretch(1);
    layout->addWidget(follow);
    layout->addWidget(m_copy);
    layout->addWidget(m_save);
    connect(m_levels, &SegmentedControl::currentChanged, this, &LogBar::filterChanged);
    connect(m_search, &SearchField::searchChanged, this, &LogBar::filterChanged);
    connect(follow, &QCheckBox::toggled, this, &LogBar::followChanged);
    connect(m_copy, &QPushButton::clicked, this, &LogBar::copy);
    connect(m_save, &QPushButton::clicked, this, &LogBar::save);
}

LogBar::Least LogBar::least() const
{
    return static_cast<Least>(m_levels->currentIndex());
}

QString LogBar::search() const
{
    return m_search->text();
}

void LogBar::setHasRows(bool hasRows)
{
    m_copy->setEnabled(hasRows);
    m_save->setEnabled(hasRows);
}

void LogBar::copy()
{
    const QString text = m_view.chosenText();
    QGuiApplication::clipboard()->setText(text);
    const auto lines = text.count(u'\n') + (text.endsWith(u'\n') ? 0 : 1);
    Q_EMIT told(tr("Copied %n lines", nullptr, static_cast<int>(lines)));
}

void LogBar::save()
{
    askWhereToSave(this, tr("Save the log"), m_fileName(), tr("Text files (*.log *.txt)"),
                   [this](const QString &path) { write(path); });
}

void LogBar::write(const QString &path)
{
    const QString text = m_view.wholeText();
    saveFileInBackground(
        this, path, [text] { return text.toUtf8(); },
        [this, lines = static_cast<int>(text.count(u'\n'))](const Result<> &saved) {
            Q_EMIT told(saved ? tr("Saved %n lines", nullptr, lines)
                              : tr("The log could not be saved: %1").arg(toQString(saved.error().message)));
        });
}

} // namespace sandglass::ui
