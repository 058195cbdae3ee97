#include "services/engine/api/gzip.h"

#include <zlib.h>

#include <array>

namespace sandglass::engine {

namespace {

constexpr int kGzipWindow = 15 + 16; ///< zlib's way to say gzip
constexpr int kMemory = 8;
constexpr std::size_t kPiece = 64U << 10;

void give(z_stream &stream, std::string_view bytes)
{
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data())); // zlib only reads it
    stream.avail_in = static_cast<uInt>(bytes.size());
}

} // namespace

Gzip::Gzip() : m_stream(std::make_unique<z_stream>())
{
    deflateInit2(m_stream.get(), Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
}

Gzip::~Gzip()
{
    deflateEnd(m_stream.get());
}

std::string Gzip::add(std::string_view bytes, bool last)
{
    give(*m_stream, bytes);
    std::string packed;
    std::array<char, kPiece> piece{};
    do {
        m_stream->next_out = reinterpret_cast<Bytef *>(piece.data());
        m_stream->avail_out = static_cast<uInt>(piece.size());
        deflate(m_stream.get(), last ? Z_FINISH : Z_NO_FLUSH);
        packed.append(piece.data(), piece.size() - m_stream->avail_out);
    } while (m_stream->avail_out == 0);
    return packed;
}

Gunzip::Gunzip() : m_stream(std::make_unique<z_stream>())
{
    inflateInit2(m_stream.get(), kGzipWindow);
}

Gunzip::~Gunzip()
{
    inflateEnd(m_stream.get());
}

bool Gunzip::add(std::string_view bytes, const std::function<bool(std::string_view)> &take)
{
    give(*m_stream, bytes);
    std::array<char, kPiece> piece{};
    bool more = m_stream->avail_in > 0;
    while (more) {
        if (m_atEnd && inflateReset(m_stream.get()) != Z_OK)
            return false;
        m_stream->next_out = reinterpret_cast<Bytef *>(piece.data());
        m_stream->avail_out = static_cast<uInt>(piece.size());
        const int state = inflate(m_stream.get(), Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
            return false;
        m_atEnd = state == Z_STREAM_END;
        if (!take({piece.data(), piece.size() - m_stream->avail_out}))
            return false;
        more = m_stream->avail_in > 0 || (!m_atEnd && m_stream->avail_out == 0);
    }
    return true;
}

} // namespace sandglass::engine
