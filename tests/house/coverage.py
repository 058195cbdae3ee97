#!/usr/bin/env python3
"""Holds docs/coverage.md and docs/engine.md against the tree: every test program, test function, benchmark and picture it names exists."""
import pathlib
import re
import sys

DOCUMENTS = ("docs/coverage.md", "docs/engine.md")


def registered(source: pathlib.Path, name: str) -> bool:
    """Whether the CMakeLists.txt beside `source` makes the program; engine_NAME stands there as NAME."""
    words = re.findall(r"\w+", (source.parent / "CMakeLists.txt").read_text(encoding="utf-8"))
    return name in words or name.removeprefix("engine_") in words


def sources_of(root: pathlib.Path) -> dict[str, pathlib.Path]:
    return {file.stem: file for pattern in ("tst_*.cpp", "bench_*.cpp") for file in (root / "tests").rglob(pattern)}


def check_line(root: pathlib.Path, sources: dict[str, pathlib.Path], line: str) -> list[str]:
    faults = []
    program = None  # what a bare "::function" belongs to
    for name in re.findall(r"`([^`]+)`", line):
        if name.startswith(("docs/", "tests/")):
            if not (root / name).exists():
                faults.append(f"{name} does not exist")
            continue
        test = re.fullmatch(r"(?:((?:tst|bench)_\w+))?(?:::(\w+))?", name)
        if not test:
            continue  # a route, an option, a program
        program = test[1] or program
        source = sources.get(program)
        if source is None:
            faults.append(f"{name}: there is no such program")
        elif not registered(source, program.removeprefix("tst_")):
            faults.append(f"{name}: {source.relative_to(root)} is built nowhere")
        elif test[2] and not re.search(rf"\bvoid {test[2]}\(\)", source.read_text(encoding="utf-8")):
            faults.append(f"{name}: no such function in {source.relative_to(root)}")
    return faults


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    sources = sources_of(root)
    faults = [f"{document}:{number}: {fault}" for document in DOCUMENTS
              for number, line in enumerate((root / document).read_text(encoding="utf-8").splitlines(), 1)
              for fault in check_line(root, sources, line)]
    print("\n".join(faults) if faults else f"{' and '.join(DOCUMENTS)} name what there is")
    return 1 if faults else 0


sys.exit(main())
