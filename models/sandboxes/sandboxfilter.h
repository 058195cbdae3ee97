#pragma once

#include "services/lifecycle/fold.h"

#include <QStringList>

namespace sandglass::models {

/// Which sandboxes a table shows.
struct SandboxFilter
{
    enum class States { Live /**< running and paused */, Running, Paused, Ended, All };
    States states = States::Live;
    QStringList words; ///< all must occur in id, template or metadata; lower case

    [[nodiscard]] static QStringList wordsOf(const QString &search);
    [[nodiscard]] bool accepts(const lifecycle::Sandbox &sandbox) const;
};

} // namespace sandglass::models
