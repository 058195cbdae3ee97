#include "ui/refine/resultsview.h"

#include "services/core/qtstring.h"
#include "ui/theme/theme.h"

#include <QBuffer>
#include <QImageReader>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextDocumentFragment>

namespace sandglass::ui {

namespace {

constexpr std::size_t textLimit = 256U << 10;
constexpr std::size_t htmlLimit = 512U << 10;
constexpr std::size_t pictureLimit = 24U << 20; // base64 characters
constexpr qint64 pixelLimit = 40'000'000;       // a small PNG may unfold to gigabytes

QString defaultSheet()
{
    const Tokens &t = Theme::tokens();
    return QStringLiteral("body,p,td,th{color:%1} th{text-align:right;color:%2} td,th{padding:3px 10px} "
                          "table{border-color:%3;border-style:solid;border-width:1px} a{color:%4}")
        .arg(t.text.name(), t.muted.name(), t.border.name(), t.accent.name());
}

// A document that can load nothing.
class ClosedDocument final : public QTextDocument
{
protected:
    QVariant loadResource(int, const QUrl &) override { return {}; }
};

// The layout of QTextDocument opens pictures it was not given as local files, so foreign pictures have to go before
// the text meets a document with a layout.
QTextDocumentFragment safeFragment(const QString &html)
{
    ClosedDocument document;
    document.setUndoRedoEnabled(false);
    document.setDefaultStyleSheet(defaultSheet());
    document.setHtml(html);
    QTextCursor cursor(&document);
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        for (qsizetype at = block.text().indexOf(QChar::ObjectReplacementCharacter); at >= 0;
             at = block.text().indexOf(QChar::ObjectReplacementCharacter)) {
            cursor.setPosition(block.position() + static_cast<int>(at));
            cursor.movePosition(QTextCursor::NextCharacter, QTextCursor::KeepAnchor);
            cursor.insertText(ResultsView::tr("[picture not loaded]"), QTextCharFormat());
        }
    }
    return QTextDocumentFragment(&document);
}

} // namespace

ResultsView::ResultsView(QWidget *parent) : QTextBrowser(parent)
{
    setObjectName(QStringLiteral("resultsView"));
    setAccessibleName(tr("Results"));
    setFrameShape(QFrame::NoFrame);
    setOpenLinks(false);
    setOpenExternalLinks(false);
    setUndoRedoEnabled(false);
    if (Theme *theme = Theme::instance())
        connect(theme, &Theme::changed, this, &ResultsView::rebuild);
}

void ResultsView::setResults(std::vector<e2b::ExecutionResult> results)
{
    m_results = std::move(results);
    rebuild();
}

QVariant ResultsView::loadResource(int, const QUrl &)
{
    return {}; // pictures of ours are registered in the document; everything else stays unloaded
}

void ResultsView::rebuild()
{
    m_images.clear();
    document()->clear();
    document()->setDefaultStyleSheet(defaultSheet());
    QTextCursor cursor(document());
    bool isFirst = true;
    for (const e2b::ExecutionResult &result : m_results) {
        const auto part = [&result](const char *key) -> const std::string * {
            const auto found = result.formats.find(key);
            return found == result.formats.end() || found->second.empty() ? nullptr : &found->second;
        };
        if (!isFirst)
            cursor.insertBlock();
        isFirst = false;
        if (const std::string *png = part("png"))
            addPicture(cursor, *png);
        else if (const std::string *jpeg = part("jpeg"))
            addPicture(cursor, *jpeg);
        else if (const std::string *html = part("html"); html && html->size() <= htmlLimit)
            cursor.insertFragment(safeFragment(toQString(*html)));
        else if (const std::string *text = part("text"))
            addPlain(cursor, toQString(std::string_view(*text).substr(0, textLimit)));
        else if (!result.formats.empty())
            addPlain(cursor, toQString(std::string_view(result.formats.begin()->second).substr(0, textLimit)));
        cursor.movePosition(QTextCursor::End);
    }
    verticalScrollBar()->setValue(0);
}

void ResultsView::addPicture(QTextCursor &cursor, const std::string &base64)
{
    if (base64.size() > pictureLimit) {
        addPlain(cursor, tr("The picture is larger than 18 MiB and is not shown."));
        return;
    }
    QByteArray bytes =
        QByteArray::fromBase64(QByteArray::fromRawData(base64.data(), static_cast<qsizetype>(base64.size())));
    QBuffer buffer(&bytes);
    QImageReader reader(&buffer);
    const QSize size = reader.size();
    if (!size.isValid() || qint64{size.width()} * size.height() > pixelLimit) {
        addPlain(cursor, tr("The picture cannot be shown: it is damaged or too large."));
        return;
    }
    const QImage image = reader.read();
    if (image.isNull()) {
        addPlain(cursor, tr("The picture cannot be shown: %1").arg(reader.errorString()));
        return;
    }
    const QUrl name(QStringLiteral("result:%1").arg(m_images.size()));
    document()->addResource(QTextDocument::ImageResource, name, image);
    m_images.push_back(image);
    QTextImageFormat format;
    format.setName(name.toString());
    format.setWidth(std::min(image.width(), std::max(120, viewport()->width() - 24)));
    cursor.insertImage(format);
}

void ResultsView::addPlain(QTextCursor &cursor, const QString &text)
{
    QTextCharFormat format;
    format.setFont(Theme::monoFont(12));
    format.setForeground(Theme::tokens().text);
    cursor.insertText(text, format);
}

void ResultsView::resizeEvent(QResizeEvent *event)
{
    QTextBrowser::resizeEvent(event);
    if (!m_images.empty() && event->oldSize().width() != event->size().width())
        rebuild();
}

void ResultsView::paintEvent(QPaintEvent *event)
{
    QTextBrowser::paintEvent(event);
    if (!m_results.empty())
        return;
    QPainter painter(viewport());
    painter.setPen(Theme::tokens().faint);
    painter.setFont(Theme::uiFont(13));
    painter.drawText(viewport()->rect().adjusted(4, 4, -8, 0), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                     tr("Plots, tables and the value of the last line appear here."));
}

} // namespace sandglass::ui
