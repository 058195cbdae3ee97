#include "services/engine/network/hostname.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace sandglass::engine {

std::string lowered(std::string_view text)
{
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

bool isDomainName(std::string_view text)
{
    boost::system::error_code noAddress;
    boost::asio::ip::make_address(std::string(text), noAddress);
    if (!noAddress)
        return false;
    if (text.starts_with("*."))
        text.remove_prefix(2);
    return !text.empty() && text.size() <= 253 && text.front() != '.' && text.back() != '.'
        && text.find("..") == text.npos && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

} // namespace sandglass::engine
