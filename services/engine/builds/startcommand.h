#pragma once

#include "services/engine/api/processtable.h"
#include "services/engine/api/templatecatalog.h"

#include <functional>
#include <memory>
#include <optional>

namespace sandglass::engine {

/// What a template's user and directory mean for processes; nothing where they are those of every sandbox.
[[nodiscard]] std::optional<ProcessDefaults> processDefaults(const TemplateDefaults &defaults);

/// Starts the template's start command in a new sandbox: processes are not part of a template, its files are. Calls
/// `then` once the ready command says so, as whoever makes a sandbox counts on what runs there; after 10 s without it
/// calls it all the same. A ready command that only sleeps is not waited for.
void runStartCommand(boost::asio::io_context &io, std::shared_ptr<ProcessTable> processes,
                     const TemplateDefaults &defaults, std::function<void()> then);

} // namespace sandglass::engine
