#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace sandglass::engine {

/// Makes a gzip file piece by piece.
class Gzip final
{
public:
    Gzip();
    ~Gzip();
    Gzip(const Gzip &) = delete;
    Gzip &operator=(const Gzip &) = delete;

    /// What is ready of the file; with `last` the rest of it.
    [[nodiscard]] std::string add(std::string_view bytes, bool last);

private:
    std::unique_ptr<z_stream_s> m_stream;
};

/// Unpacks gzip files, also several one after the other, piece by piece.
class Gunzip final
{
public:
    Gunzip();
    ~Gunzip();
    Gunzip(const Gunzip &) = delete;
    Gunzip &operator=(const Gunzip &) = delete;

    /// Hands out what is unpacked in small pieces as long as `take` answers true. False when the bytes are no gzip
    /// file or `take` has had enough.
    [[nodiscard]] bool add(std::string_view bytes, const std::function<bool(std::string_view)> &take);
    [[nodiscard]] bool isComplete() const { return m_atEnd; } ///< nothing is missing at the end of a file

private:
    std::unique_ptr<z_stream_s> m_stream;
    bool m_atEnd = false;
};

} // namespace sandglass::engine
