#pragma once

#include "services/core/result.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace sandglass::lifecycle {

/// A file that appears under its name when finish() has succeeded, and not at all otherwise.
class TransferFile final
{
public:
    explicit TransferFile(std::filesystem::path file);
    ~TransferFile();
    TransferFile(const TransferFile &) = delete;
    TransferFile &operator=(const TransferFile &) = delete;

    [[nodiscard]] Result<> write(std::string &text); ///< empties `text`
    [[nodiscard]] Result<> finish();

private:
    [[nodiscard]] Error failed() const;

    std::filesystem::path m_file, m_part;
    std::ofstream m_stream;
};

} // namespace sandglass::lifecycle
