#!/usr/bin/env python3
"""Checks the Markdown files: every relative link leads somewhere, and every C++ block is code that the tests compile.

A link to a heading (file.md#heading) needs that heading. A ```cpp block has to follow a line
<!-- from examples/simple.cpp --> and to stand in that file as it is, but for its indentation.
"""

import argparse
import pathlib
import re
import sys
import textwrap

LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ORIGIN = re.compile(r"<!-- from (\S+) -->\n\Z")
LEFT_OUT = ("build", ".git")


def anchor(heading):
    """The name that a heading is linked by, as GitHub and most viewers make it."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def check_links(root, path, text):
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        goal = (path.parent / name).resolve() if name else path
        if not goal.is_relative_to(root) or not goal.exists():
            yield f"link to {target}, which is not there"
        elif heading and goal.suffix == ".md":
            headings = HEADING.findall(FENCE.sub("", goal.read_text(encoding="utf-8")))
            if heading not in map(anchor, headings):
                yield f"link to {target}, but {goal.name} has no such heading"


def squeeze(code):
    """Code without what a document may change: common indentation and lines' ends."""
    return "\n".join(line.rstrip() for line in textwrap.dedent(code).strip("\n").splitlines())


def holds(source, block):
    lines, wanted = source.splitlines(), squeeze(block)
    count = len(wanted.splitlines())
    return any(squeeze("\n".join(lines[at:at + count])) == wanted for at in range(len(lines) - count + 1))


def check_blocks(root, text):
    for block in FENCE.finditer(text):
        if block.group(1) != "cpp":
            continue
        first = block.group(2).split("\n", 1)[0]
        origin = ORIGIN.search(text[:block.start()])
        if not origin:
            yield f'the C++ block "{first}" does not say which file it is from'
        elif not (root / origin.group(1)).is_file():
            yield f'the C++ block "{first}" is from {origin.group(1)}, which is not there'
        elif not holds((root / origin.group(1)).read_text(encoding="utf-8"), block.group(2)):
            yield f'the C++ block "{first}" does not stand in {origin.group(1)} like this'


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if path.relative_to(root).parts[0] not in LEFT_OUT:
            yield path


def check(root):
    errors, count = [], 0
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        count += 1
        for message in [*check_links(root, path, text), *check_blocks(root, text)]:
            errors.append(f"{path.relative_to(root)}: {message}")
    if count == 0:
        errors.append("no Markdown file found: is the root right?")
    return errors, count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    errors, count = check(parser.parse_args().root.resolve())
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        return 1
    print(f"docs: {count} files, links and C++ blocks hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
