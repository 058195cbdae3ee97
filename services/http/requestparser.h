#pragma once

#include "services/http/server.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

namespace sandglass::http {

/// Fills a RequestHead and a body (or a BodySink) straight from Beast's parser, without Beast's own message types.
/// Included by one translation unit only: the templates below it are heavy.
class RequestParser final : public boost::beast::http::basic_parser<true>
{
public:
    using ErrorCode = boost::beast::error_code;

    RequestHead head;
    std::string body;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    BodySink *sink = nullptr;
    bool isHttp10 = false;
    bool isTargetBad = false;

private:
    using View = boost::beast::string_view;
    using Verb = boost::beast::http::verb;
    using Field = boost::beast::http::field;

    static std::string_view view(View v) { return {v.data(), v.size()}; }

    void on_request_impl(Verb, View method, View target, int version, ErrorCode &) override
    {
        head.method.assign(method.data(), method.size());
        std::ranges::transform(head.method, head.method.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        head.target.assign(target.data(), target.size());
        isHttp10 = head.isHttp10 = version == 10;
        splitTarget();
    }

    void splitTarget()
    {
        std::string_view target = head.target;
        if (const std::size_t scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
            target.remove_prefix(scheme + 3); // absolute form, as sent to proxies
            target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
        }
        const std::size_t mark = std::min(target.find('?'), target.size());
        const std::string_view path = target.substr(0, mark);
        head.path = path.empty() ? "/" : percentDecode(path);
        head.query = target.substr(std::min(mark + 1, target.size()));
        isTargetBad = (!head.path.starts_with('/') && head.path != "*") || head.path.find('\0') != std::string::npos;
    }

    void on_response_impl(int, View, int, ErrorCode &) override {}

    void on_field_impl(Field field, View name, View value, ErrorCode &ec) override
    {
        if (is_header_done())
            return; // trailers of a chunked body: nothing here uses them
        // Any other coding would leave the end of the body to guesswork.
        if (field == Field::transfer_encoding && !boost::beast::iequals(value, "chunked"))
            ec = boost::beast::http::error::bad_transfer_encoding;
        else
            head.headers.emplace_back(view(name), view(value));
    }

    void on_header_impl(ErrorCode &) override {}

    void on_body_init_impl(const boost::optional<std::uint64_t> &length, ErrorCode &) override
    {
        constexpr std::uint64_t trusted = 16U << 10; // a promise of more is believed when it arrives
        if (length && !sink)
            body.reserve(static_cast<std::size_t>(std::min(*length, trusted)));
    }

    std::size_t on_body_impl(View piece, ErrorCode &ec) override { return take(piece, ec); }

    void on_chunk_header_impl(std::uint64_t size, View, ErrorCode &ec) override
    {
        if (size > limit - m_received)
            ec = boost::beast::http::error::body_limit;
    }

    std::size_t on_chunk_body_impl(std::uint64_t, View piece, ErrorCode &ec) override { return take(piece, ec); }

    void on_finish_impl(ErrorCode &) override {}

    std::size_t take(View piece, ErrorCode &ec)
    {
        if (piece.size() > limit - m_received) {
            ec = boost::beast::http::error::body_limit;
            return 0;
        }
        m_received += piece.size();
        if (sink)
            sink->data(view(piece));
        else
            body.append(piece.data(), piece.size());
        return piece.size();
    }

    std::uint64_t m_received = 0;
};

} // namespace sandglass::http
