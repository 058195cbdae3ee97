#include "ui/help/helpwindow.h"

#include "ui/theme/theme.h"
#include "ui/widgets/firstsize.h"

#include <QDesktopServices>
#include <QFile>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QListWidget>
#include <QShortcut>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextCursor>
#include <QTextDocument>
#include <QTextFrame>
#include <QTextList>
#include <QTextTable>
#include <QUrl>

#include <algorithm>

namespace sandglass::ui {

namespace {

QString fileOf(const QString &key)
{
    return QStringLiteral(":/sandglass/help/%1.md").arg(key);
}

void layOutTables(QTextDocument &document)
{
    const auto frames = document.rootFrame()->childFrames();
    for (QTextFrame *frame : frames) {
        auto *table = qobject_cast<QTextTable *>(frame);
        if (table == nullptr)
            continue;
        QTextTableFormat format = table->format();
        format.setBorder(1);
        format.setBorderBrush(Theme::tokens().border);
        format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
        format.setBorderCollapse(true);
        format.setWidth(QTextLength(QTextLength::PercentageLength, 98));
        format.setCellSpacing(0);
        format.setCellPadding(metrics::unit + 2);
        format.setTopMargin(metrics::gap);
        format.setBottomMargin(metrics::gap);
        table->setFormat(format);
    }
}

/// Markdown comes with the sizes of a printed page and no room between its parts.
void layOut(QTextDocument &document)
{
    constexpr int largest = 20, step = 3; // pixels
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        QTextCursor cursor(block);
        const int level = block.blockFormat().headingLevel();
        if (cursor.currentTable() == nullptr) {
            QTextBlockFormat format = block.blockFormat();
            format.setTopMargin(level > 1 ? 2 * metrics::gap : block.textList() != nullptr ? 2 : metrics::gap);
            format.setBottomMargin(metrics::unit);
            format.setLineHeight(125, QTextBlockFormat::ProportionalHeight);
            cursor.setBlockFormat(format);
        }
        for (auto it = block.begin(); it != block.end(); ++it) {
            QTextCharFormat format = it.fragment().charFormat();
            if (level > 0)
                format.setFont(Theme::uiFont(std::max(13, largest - step * (level - 1)), QFont::DemiBold));
            else if (format.fontFixedPitch())
                format.setFont(Theme::monoFont());
            cursor.setPosition(it.fragment().position());
            cursor.setPosition(it.fragment().position() + it.fragment().length(), QTextCursor::KeepAnchor);
            cursor.setCharFormat(format);
        }
    }
    layOutTables(document);
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
    m_topics->setProperty("topics", true);
    m_text->setObjectName(QStringLiteral("helpText"));
    m_text->setProperty("flat", true);
    m_text->setOpenLinks(false);
    m_text->document()->setDocumentMargin(metrics::pageMargin);
    for (const Topic &topic : topics) {
        auto *item = new QListWidgetItem(topic.title, m_topics);
        item->setData(Qt::UserRole, topic.key);
        item->setSizeHint({0, metrics::rowHeight});
    }
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::gap, 0, 0, 0);
    layout->setSpacing(metrics::gap);
    layout->addWidget(m_topics);
    layout->addWidget(m_text, 1);
    setFirstSize(*this, {900, 640});
    connect(Theme::instance(), &Theme::changed, this, [this] {
        if (const QListWidgetItem *item = m_topics->currentItem())
            load(item->data(Qt::UserRole).toString());
    });
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
    layOut(*m_text->document());
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
