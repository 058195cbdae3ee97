#include "models/runs/codedocument.h"

#include "services/core/qtstring.h"
#include "services/core/savefile.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStringDecoder>

namespace sandglass::models {

using namespace std::chrono_literals;

namespace {

// First line of the autosave file: which file the text belongs to. The text follows unchanged.
const QByteArray autosaveMark = QByteArrayLiteral("sandglass-autosave ");

/// As the file at `path` ends its lines: as its first line does.
QByteArray bytesFor(const QString &path, QString text)
{
    QFile file(path);
    if (file.open(QIODevice::ReadOnly) && file.readLine(CodeDocument::sizeLimit).endsWith("\r\n"))
        text.replace(QStringLiteral("\n"), QStringLiteral("\r\n"));
    return text.toUtf8();
}

/// As the editor has it: lines end with a line feed.
Result<QString> readText(const QString &path)
{
    constexpr qint64 limit = CodeDocument::sizeLimit;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return failure(Error::Kind::Local, toUtf8(file.errorString()));
    if (file.size() > limit)
        return failure(Error::Kind::Local, "the file is larger than 8 MiB");
    const QByteArray data = file.read(limit + 1); // a pipe or a growing file has no honest size()
    if (data.size() > limit)
        return failure(Error::Kind::Local, "the file is larger than 8 MiB");
    QStringDecoder decode(QStringDecoder::Utf8);
    QString text = decode(data);
    if (decode.hasError() || data.contains('\0'))
        return failure(Error::Kind::Local, "the file is not UTF-8 text");
    return text.replace(QStringLiteral("\r\n"), QStringLiteral("\n"));
}

} // namespace

CodeDocument::CodeDocument(QString autosavePath, QObject *parent)
    : QObject(parent), m_autosavePath(std::move(autosavePath)), m_untitled(QStringLiteral("untitled.py"))
{
    m_firstStart = !m_autosavePath.isEmpty() && !QFile::exists(m_autosavePath);
    m_timer.setSingleShot(true);
    m_timer.setInterval(2s);
    connect(&m_timer, &QTimer::timeout, this, &CodeDocument::autosaveNow);
}

QString CodeDocument::title() const
{
    return m_path.isEmpty() ? m_untitled : QFileInfo(m_path).fileName();
}

void CodeDocument::setPath(const QString &path, bool modified)
{
    m_path = path;
    m_modified = modified;
    Q_EMIT titleChanged();
}

void CodeDocument::open(const QString &path)
{
    m_disk.post([this, path] {
        m_answers.post([this, path, text = readText(path)] {
            if (!text) {
                Q_EMIT openFailed(path, toQString(text.error().message));
                return;
            }
            const bool isOverUnsaved = m_modified;
            m_text = *text;
            setPath(QFileInfo(path).absoluteFilePath(), false);
            m_dirty = true;
            autosaveNow();
            Q_EMIT opened(*text, isOverUnsaved);
        });
    });
}

void CodeDocument::save(const QString &path, const QString &text)
{
    m_text = text;
    m_disk.post([this, path, text] {
        m_answers.post([this, path, text, written = saveFile(path, bytesFor(path, text))] {
            if (!written) {
                Q_EMIT saveFailed(toQString(written.error().message));
                return;
            }
            setPath(QFileInfo(path).absoluteFilePath(), m_text != text); // typed on meanwhile
            m_dirty = true;
            autosaveNow();
            Q_EMIT saved();
        });
    });
}

void CodeDocument::startNew(const QString &title)
{
    m_untitled = title;
    setPath({}, false);
}

void CodeDocument::resume(const QString &path, const QString &title, bool isModified)
{
    m_untitled = title;
    setPath(path, isModified);
}

QString CodeDocument::recover()
{
    QFile file(m_autosavePath);
    if (m_autosavePath.isEmpty() || !file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray data = file.read(sizeLimit + 4096);
    const qsizetype lineEnd = data.indexOf('\n');
    if (!data.startsWith(autosaveMark) || lineEnd < 0)
        return {};
    const QString path = QString::fromUtf8(data.mid(autosaveMark.size(), lineEnd - autosaveMark.size()));
    m_text = QString::fromUtf8(data.mid(lineEnd + 1));
    bool modified = true;
    if (!path.isEmpty())
        modified = readText(path).value_or(QString()) != m_text;
    setPath(path, modified);
    return m_text;
}

void CodeDocument::noteText(const QString &text)
{
    if (text == m_text)
        return;
    m_text = text;
    m_dirty = true;
    if (!m_modified) {
        m_modified = true;
        Q_EMIT titleChanged();
    }
    if (!m_timer.isActive())
        m_timer.start();
}

void CodeDocument::autosaveNow()
{
    m_timer.stop();
    if (!m_dirty || m_autosavePath.isEmpty())
        return;
    m_dirty = false;
    m_disk.post([this, path = m_autosavePath, head = QByteArray(autosaveMark + m_path.toUtf8() + '\n'), text = m_text] {
        QDir().mkpath(QFileInfo(path).absolutePath());
        m_answers.post([this, written = saveFile(path, head + text.toUtf8())] {
            if (written) {
                Q_EMIT autosaved();
                return;
            }
            m_dirty = true;
            Q_EMIT autosaveFailed(toQString(written.error().message));
        });
    });
}

} // namespace sandglass::models
