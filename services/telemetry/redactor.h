#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sandglass::telemetry {

/// Takes secrets out of texts: what core's redacted() knows by its looks, and the values it has been told. Thread-safe.
class Redactor final
{
public:
    static constexpr std::size_t shortest = 6; ///< shorter values would take words out of every text
    static constexpr std::size_t most = 1000;  ///< values remembered; no more are learnt then

    /// A secret of any looks. JSON (a list of secrets in one entry of a key store) counts by the texts in it.
    void learn(std::string_view secret);
    [[nodiscard]] std::string clean(std::string_view text) const;
    /// As above; adds to `places` how many were taken out. `text` is UTF-8.
    [[nodiscard]] std::string clean(std::string_view text, int &places) const;

private:
    void learnOne(std::string secret);
    [[nodiscard]] std::string withoutKnown(std::string_view text, int &places) const;

    mutable std::shared_mutex m_mutex;
    std::vector<std::string> m_known; ///< longest first: one may be the beginning of another
};

[[nodiscard]] Redactor &redactor(); ///< of this process: log and traces

} // namespace sandglass::telemetry
