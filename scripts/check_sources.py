#!/usr/bin/env python3
"""Finds sources that nothing builds and tests that nothing runs.

Every .cpp file under src, tests, examples and bench has to be compiled by a target of the build folder, every
*_test.cpp by a target that ctest runs, and every header under src and tests has to be included by some file.
tests/package is a project of its own and is left out.
"""

import argparse
import json
import pathlib
import re
import sys

FOLDERS = ("src", "tests", "examples", "bench")
FOREIGN = ("tests/package/",)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def own_files(root, pattern):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob(pattern)):
            name = path.relative_to(root).as_posix()
            if not name.startswith(FOREIGN):
                yield name


def compiled_by(root, build):
    """The names of the targets that compile each source."""
    targets = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        # What is compiled names the target; the precompiled headers in a command may be another one's.
        target = re.search(r" -o \S*?([^/\s]+)\.dir/", entry["command"])
        if path.is_relative_to(root) and target:
            targets.setdefault(path.relative_to(root).as_posix(), set()).add(target.group(1))
    return targets


def run_by_ctest(build):
    """The text of all of the build folder's test lists; gtest's name the target in a file name."""
    return "\n".join(path.read_text(encoding="utf-8") for path in build.rglob("CTestTestfile.cmake"))


def check(root, build):
    errors = []
    targets, tests = compiled_by(root, build), run_by_ctest(build)
    sources = list(own_files(root, "*.cpp"))
    if not sources:
        errors.append("no source found: is the root right?")
    for source in sources:
        if source not in targets:
            errors.append(f"{source}: no target of {build.name} builds it")
        elif source.endswith("_test.cpp") and not any(re.search(rf"\b{re.escape(name)}\b", tests) for name in targets[source]):
            errors.append(f"{source}: ctest runs none of its targets: {' '.join(sorted(targets[source]))}")
    headers = list(own_files(root, "*.h"))
    included = set()
    for name in [*sources, *headers, *own_files(root, "*.in")]:
        included.update(INCLUDE.findall((root / name).read_text(encoding="utf-8")))
    for header in headers:
        if header.removeprefix("src/") not in included:
            errors.append(f"{header}: no file includes it")
    return errors, len(sources)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a configured build folder with all targets")
    arguments = parser.parse_args()
    errors, count = check(arguments.root.resolve(), arguments.build.resolve())
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        return 1
    print(f"sources: {count} files, each in a target, each test run by ctest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
