#!/usr/bin/env python3
"""Checks that the house keeps its shape: include arrows between rooms, and what each room keeps its hands off."""
import pathlib
import re
import sys

# room -> rooms whose headers it may include, besides its own
ARROWS = {
    "services/core": set(),
    "services/telemetry": {"services/core"},  # any room may report there
    "services/telemetry/otlp": {"services/core", "services/net", "services/telemetry"},
    "services/http": {"services/core"},
    "services/net": {"services/core"},
    "services/cost": {"services/core"},
    "services/lifecycle": {"services/core", "services/http", "services/cost", "services/telemetry"},
    "services/e2b": {"services/core", "services/net", "services/lifecycle", "services/telemetry"},
    "services/stream": {"services/core", "services/http", "services/net", "services/cost", "services/lifecycle"},
    "services/refine": {"services/core", "services/net", "services/cost", "services/e2b", "services/telemetry"},
    "services/engine": {"services/core", "services/http", "services/lifecycle", "services/telemetry"},
    # The application speaks to the engine over HTTP, as to any E2B: nobody above includes services/engine.
    "models": {"services/core", "services/cost", "services/lifecycle", "services/e2b", "services/refine",
               "services/telemetry"},
    "ui": {"models", "services/core", "services/cost", "services/lifecycle", "services/e2b", "services/refine"},
    "app": {"ui", "models", "services/core", "services/http", "services/cost", "services/lifecycle", "services/e2b",
            "services/net", "services/refine", "services/stream", "services/telemetry", "services/telemetry/otlp"},
    "app/collector": {"app", "services/core", "services/http", "services/cost", "services/lifecycle", "services/stream",
                      "services/telemetry", "services/telemetry/otlp"},
    "app/engine": {"services/core", "services/http", "services/lifecycle", "services/engine"},
}

# room -> Qt or system headers it must not use
FORBIDDEN = {
    "services": r"#include <(Q(Widget|Application|MainWindow|Painter|Dialog|Pixmap|Chart\w*|AbstractItemModel|Label)|Qsci/.*)>",
    "models": r"#include <(Q(Widget|Application|MainWindow|Painter|Dialog|Pixmap|Chart\w*|Label|TcpSocket|TcpServer)|Qsci/.*)>",
    "ui": r"#include <(Q(NetworkAccessManager|NetworkReply|TcpSocket|TcpServer|JsonDocument)|nlohmann/.*|sqlite3\.h|boost/.*)>",
}
BEAST_HOME = "services/http"


def room_of(path: str) -> str | None:
    """The longest room name that `path` lies in."""
    return max((room for room in ARROWS if path.startswith(room + "/")), key=len, default=None)


def check_file(root: pathlib.Path, file: pathlib.Path) -> list[str]:
    relative = file.relative_to(root).as_posix()
    room = room_of(relative)
    if room is None:
        return [f"{relative}: stands in no room"]
    faults = []
    text = file.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        own = re.match(r'\s*#include "([^"]+)"', line)
        if own and "/" in own.group(1):
            target = room_of(own.group(1))
            if target != room and target not in ARROWS[room]:
                faults.append(f"{relative}:{number}: {room} may not include {own.group(1)}")
        for area, pattern in FORBIDDEN.items():
            if relative.startswith("ui/theme/") and "QJson" in line:
                continue  # the tokens are data of the look
            if relative.startswith(area + "/") and re.match(r"\s*" + pattern, line):
                faults.append(f"{relative}:{number}: {area} keeps its hands off {line.strip()}")
        if "#include <boost/beast" in line and room != BEAST_HOME:
            faults.append(f"{relative}:{number}: Beast stays inside {BEAST_HOME}")
        if relative.startswith("services/") and re.search(r"\btr\(", line):
            faults.append(f"{relative}:{number}: texts for people belong to ui")
    if file.suffix == ".h" and "#pragma once" not in text:
        faults.append(f"{relative}: header without #pragma once")
    return faults


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    files = [file for top in ("app", "ui", "models", "services")
             for file in sorted((root / top).rglob("*")) if file.suffix in (".h", ".cpp")]
    faults = [fault for file in files for fault in check_file(root, file)]
    print("\n".join(faults) if faults else f"{len(files)} files keep to their rooms")
    return 1 if faults or not files else 0


sys.exit(main())
