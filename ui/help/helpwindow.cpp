#include "ui/help/helpwindow.h"

#include "ui/theme/theme.h"

#include <QDesktopServices>
#include <QFile>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QListWidget>
#include <QShortcut>
#include <QTextBrowser>
#include <QTextDocument>
#include <QUrl>

namespace sandglass::ui {

namespace {

QString fileOf(const QString &key)
{
    return QStringLiteral(":/sandglass/help/%1.md").arg(key);
}

} // namespace

HelpWindow::HelpWindow(const QList<Topic> &topics, QWidget *parent)
    : QWidget(parent, Qt::Window), m_topics(new QListWidget), m_text(new QTextBrowser)
{
    setObjectName(QStringLiteral("helpWindow"));
    setWindowTitle(tr("Sandglass help"));
    m_topics->setObjectName(QStringLiteral("helpTopics"));
    m_topics->setAccessibleName(tr("Topics"));
    m_topics->setFixedWidth(metrics::sideBarWidth - 4 * metrics::cardPadding);
    m_topics->setFrameShape(QFrame::NoFrame);
    m_text->setObjectName(QStringLiteral("helpText"));
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setOpenLinks(false);
    m_text->document()->setDocumentMargin(metrics::pageMargin);
    for (const Topic &topic : topics) {
        auto *item = new QListWidgetItem(topic.title, m_topics);
        item->setData(Qt::UserRole, topic.key);
    }
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::gap, metrics::gap, 0, 0);
    layout->setSpacing(metrics::gap);
    layout->addWidget(m_topics);
    layout->addWidget(m_text, 1);
    resize(900, 640);
    connect(m_topics, &QListWidget::currentItemChanged, this, [this](const QListWidgetItem *item) {
        if (item != nullptr)
            load(item->data(Qt::UserRole).toString());
    });
    connect(m_text, &QTextBrowser::anchorClicked, this, &HelpWindow::follow);
    connect(new QShortcut(QKeySequence(Qt::Key_Escape), this), &QShortcut::activated, this, &QWidget::close);
    m_topics->setCurrentRow(0);
}

void HelpWindow::showTopic(const QString &key)
{
    for (int row = 0; row < m_topics->count(); ++row) {
        if (m_topics->item(row)->data(Qt::UserRole).toString() == key)
            m_topics->setCurrentRow(row);
    }
}

void HelpWindow::load(const QString &key)
{
    QFile file(fileOf(key));
    if (!file.open(QIODevice::ReadOnly))
        return m_text->setPlainText(tr("There is no help on this yet."));
    m_text->document()->setMarkdown(QString::fromUtf8(file.readAll()), QTextDocument::MarkdownDialectGitHub);
    m_text->moveCursor(QTextCursor::Start);
}

/// Another topic here, everything else in the browser.
void HelpWindow::follow(const QUrl &link)
{
    if (link.isRelative())
        showTopic(QFileInfo(link.path()).completeBaseName());
    else
        QDesktopServices::openUrl(link);
}

} // namespace sandglass::ui
