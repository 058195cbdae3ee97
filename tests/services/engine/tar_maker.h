#pragma once

#include <QByteArray>
#include <QStringBuilder>

/// A tar archive made by hand, so that it can hold what no tar program would write.
class TarMaker
{
public:
    TarMaker &file(const QByteArray &name, const QByteArray &content) { return entry(name, '0', content); }
    TarMaker &folder(const QByteArray &name) { return entry(name, '5'); }
    TarMaker &symbolicLink(const QByteArray &name, const QByteArray &target) { return entry(name, '2', {}, target); }
    TarMaker &hardLink(const QByteArray &name, const QByteArray &target) { return entry(name, '1', {}, target); }
    TarMaker &entry(const QByteArray &name, char type, const QByteArray &content = {}, const QByteArray &link = {},
                    qint64 toldSize = -1)
    {
        QByteArray head(512, '\0');
        head.replace(0, name.size(), name);
        head.replace(100, 7, m_mode);
        head.replace(108, 7, "0001750");
        head.replace(116, 7, "0001750");
        const qint64 size = toldSize >= 0 ? toldSize : content.size();
        head.replace(124, 11, QByteArray::number(size, 8).rightJustified(11, '0'));
        head.replace(136, 11, "14000000000");
        head.replace(148, 8, "        ");
        head[156] = type;
        head.replace(157, link.size(), link);
        head.replace(257, 8,
                     QByteArray("ustar\0"
                                "00",
                                8));
        int sum = 0;
        for (const char c : head)
            sum += static_cast<unsigned char>(c);
        head.replace(148, 7, QByteArray(QByteArray::number(sum, 8).rightJustified(6, '0') + '\0'));
        m_bytes += head + content + QByteArray((512 - content.size() % 512) % 512, '\0');
        return *this;
    }
    /// Of the entries from now on: seven octal digits.
    TarMaker &mode(const QByteArray &octal)
    {
        m_mode = octal;
        return *this;
    }
    /// A record of a pax header for the next entry.
    TarMaker &pax(const QByteArray &key, const QByteArray &value)
    {
        const QByteArray rest = ' ' + key + '=' + value + '\n';
        qsizetype length = rest.size();
        while (QByteArray::number(length).size() + rest.size() != length)
            length = QByteArray::number(length).size() + rest.size();
        return entry("pax", 'x', QByteArray::number(length) + rest);
    }
    [[nodiscard]] QByteArray withoutEnd() const { return m_bytes; }
    [[nodiscard]] QByteArray done() const { return m_bytes + QByteArray(1024, '\0'); }

private:
    QByteArray m_bytes, m_mode = "0000644";
};
