#!/usr/bin/env python3
"""Holds every #include and every DEPS against the module table in ARCHITECTURE.md.

Fails on an include that goes up the rows, that a module's deps do not name or that its CMakeLists.txt leaves out of
DEPS; on a cycle of modules or of headers; on a library that the table does not give to the module; on anything but the
standard library in the public headers; and on a public header that no module owns.
"""

import argparse
import fnmatch
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
STANDARD = re.compile(r"[a-z_0-9]+")
SYSTEM = re.compile(r"(sys/.*|unistd|fcntl|signal|termios|pthread|poll|sched|time|errno|locale|langinfo|wchar|dlfcn|spawn|netdb)\.h|sys/.*|(arpa|linux|net|netinet)/.*")

# What a library in the table's column "third party" is called in an #include.
LIBRARIES = {
    "boost": ["boost/*"],
    "curl": ["curl/*"],
    "tomlplusplus": ["toml++/*"],
    "openssl": ["openssl/*"],
    "zlib": ["zlib.h"],
    "zstd": ["zstd.h"],
    "fmt": ["fmt/*"],
    "CLI11": ["CLI/*"],
    "libedit": ["histedit.h", "editline/*"],
    "nlohmann": ["nlohmann/*"],
    "llama.cpp": ["llama.h", "llama-cpp.h", "ggml*.h", "gguf.h"],
    "xgrammar": ["xgrammar/*"],
    "mtmd": ["mtmd.h", "mtmd-helper.h"],
    "llama-common": ["chat.h", "chat-peg-parser.h", "peg-parser.h", "common.h", "json.h", "log.h", "json-schema-to-grammar.h", "sampling.h", "jinja/*"],
}
TEST_LIBRARIES = ["gtest/*", "gmock/*", "fmt/*"]
# What a client of the server is written with in place of the library.
CLIENT_LIBRARIES = ["curl/*", "nlohmann/*"]


class Module:
    def __init__(self, row, name, deps, libraries, headers):
        self.row, self.name, self.deps, self.libraries, self.headers = row, name, deps, libraries, headers


def read_table(text):
    """The modules of the first table after the heading "Modules", by name, and the rows from top to bottom."""
    section = text.split("\n## Modules\n", 1)
    if len(section) < 2:
        raise ValueError("ARCHITECTURE.md has no section ## Modules")
    lines = [line for line in section[1].split("\n## ")[0].splitlines() if line.startswith("|")]
    words = lambda cell: re.findall(r"[A-Za-z0-9_.-]+", cell)
    modules, rows = {}, []
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 6:
            raise ValueError(f"ARCHITECTURE.md: this row of the module table has {len(cells)} cells, not 6: {line}")
        row, name = cells[0], cells[1].strip("`")
        modules[name] = Module(row, name, words(cells[3]), words(cells[4]), words(cells[5]))
        if row not in rows:
            rows.append(row)
    return modules, rows


def find_cycle(edges):
    """One cycle of the graph as a list of its nodes, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for target in sorted(edges.get(node, ())):
            cycle = visit(target)
            if cycle:
                return cycle
        path.pop()
        done.add(node)
        return None

    for node in sorted(edges):
        cycle = visit(node)
        if cycle:
            return cycle
    return None


def cmake_list(text, keyword):
    """The words after `keyword` up to the next all-capitals keyword or the closing bracket."""
    match = re.search(rf"\b{keyword}\b((?:\s+(?![A-Z_]+\s)[^\s()]+)*)", text)
    return match.group(1).split() if match else []


class Checker:
    def __init__(self, root):
        self.root = root
        self.errors = []
        self.modules, self.rows = read_table((root / "ARCHITECTURE.md").read_text(encoding="utf-8"))
        self.owner = {header: module.name for module in self.modules.values() for header in module.headers}
        self.header_edges = {}

    def fail(self, where, message):
        self.errors.append(f"{where}: {message}")

    def run(self):
        self.check_table()
        for folder in sorted((self.root / "src").iterdir()):
            if folder.is_dir():
                self.check_module(folder)
        for header in sorted((self.root / "include" / "mullama").glob("*.h")):
            self.check_public_header(header)
        for path in sorted((self.root / "examples").glob("**/*.cpp")):
            self.check_example(path)
        cycle = find_cycle(self.header_edges)
        if cycle:
            self.fail(cycle[0], "headers include each other: " + " -> ".join(cycle))
        return self.errors

    def check_table(self):
        for module in self.modules.values():
            for dep in module.deps:
                if dep not in self.modules:
                    self.fail("ARCHITECTURE.md", f"{module.name} depends on {dep}, which is no module of the table")
                elif self.rows.index(self.modules[dep].row) < self.rows.index(module.row):
                    self.fail("ARCHITECTURE.md", f"{module.name} depends on {dep}, which lies in a row above")
            for library in module.libraries:
                if library not in LIBRARIES:
                    self.fail("ARCHITECTURE.md", f"{module.name} uses {library}, whose headers this script does not know")
            if not (self.root / "src" / module.name).is_dir():
                self.fail("ARCHITECTURE.md", f"there is no folder src/{module.name}")
            for header in module.headers:
                if not (self.root / "include" / "mullama" / f"{header}.h").is_file():
                    self.fail("ARCHITECTURE.md", f"there is no include/mullama/{header}.h, which {module.name} is to own")
        cycle = find_cycle({module.name: module.deps for module in self.modules.values()})
        if cycle:
            self.fail("ARCHITECTURE.md", "modules depend on each other: " + " -> ".join(cycle))

    def check_module(self, folder):
        module = self.modules.get(folder.name)
        if not module:
            self.fail(f"src/{folder.name}", "this folder is no module of the table in ARCHITECTURE.md")
            return
        declared = self.declared_deps(folder, module)
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".h", ".cpp", ".in"):
                self.check_source(path, module, declared)

    def declared_deps(self, folder, module):
        cmake = folder / "CMakeLists.txt"
        text = cmake.read_text(encoding="utf-8") if cmake.is_file() else ""
        declared = cmake_list(text, "DEPS")
        for dep in declared:
            if dep not in module.deps:
                self.fail(f"src/{module.name}/CMakeLists.txt", f"DEPS names {dep}, the table in ARCHITECTURE.md does not")
        for target in cmake_list(text, "LIBRARIES"):
            if target.startswith("mullama_"):
                self.fail(f"src/{module.name}/CMakeLists.txt", f"{target} belongs in DEPS, by its module's name")
        return declared

    def includes(self, path):
        return INCLUDE.findall(path.read_text(encoding="utf-8"))

    def used_module(self, path, name):
        """The module that a project include leads to; None for other libraries' headers."""
        parts = pathlib.PurePosixPath(name).parts
        if parts[0] == "mullama":
            owner = self.owner.get(pathlib.PurePosixPath(name).stem)
            if len(parts) != 2 or not owner:
                self.fail(path, f"<{name}> is no public header of the table in ARCHITECTURE.md")
            return owner
        return parts[0] if len(parts) > 1 and (self.root / "src" / parts[0]).is_dir() else None

    def check_source(self, path, module, declared):
        where = path.relative_to(self.root).as_posix()
        is_test = path.stem.endswith("_test")
        for kind, name in self.includes(path):
            used = self.used_module(where, name)
            if used:
                self.check_dep(where, module, declared, used, name)
                self.note_edge(where, name)
            elif name.startswith("mullama/") or self.is_system(kind, name):
                continue
            elif is_test and (name.startswith("tests/") or self.matches(name, TEST_LIBRARIES)):
                continue
            else:
                self.check_library(where, module, name)

    def check_dep(self, where, module, declared, used, name):
        if used == module.name:
            return
        if used in self.modules and self.rows.index(self.modules[used].row) < self.rows.index(module.row):
            self.fail(where, f"includes {name} of {used}, which lies in a row above {module.name}")
        elif used not in module.deps:
            self.fail(where, f"includes {name} of {used}, which is none of {module.name}'s deps in ARCHITECTURE.md")
        elif used not in declared:
            self.fail(where, f"includes {name} of {used}, which src/{module.name}/CMakeLists.txt leaves out of DEPS")

    def check_library(self, where, module, name):
        allowed = [pattern for library in module.libraries for pattern in LIBRARIES.get(library, ())]
        if not self.matches(name, allowed):
            self.fail(where, f"includes {name}, which the table in ARCHITECTURE.md does not give to {module.name}")

    def check_public_header(self, path):
        where = path.relative_to(self.root).as_posix()
        module = self.modules.get(self.owner.get(path.stem, ""))
        if not module:
            self.fail(where, "no module of the table in ARCHITECTURE.md owns this public header")
            return
        for kind, name in self.includes(path):
            if name.startswith("mullama/") and kind == "<":
                used = self.used_module(where, name)
                if used:
                    self.check_dep(where, module, module.deps, used, name)
                    self.note_edge(where, name)
            elif kind != "<" or not STANDARD.fullmatch(name):
                self.fail(where, f"includes {name}: public headers include only <mullama/...> and the standard library")

    def check_example(self, path):
        """Examples are written as a user of the library writes."""
        where = path.relative_to(self.root).as_posix()
        for kind, name in self.includes(path):
            if name.startswith("mullama/") and kind == "<":
                self.used_module(where, name)
            elif not self.is_system(kind, name) and not self.matches(name, CLIENT_LIBRARIES):
                self.fail(where, f"includes {name}: examples use the public headers only")

    def note_edge(self, where, name):
        if where.endswith(".h"):
            folder = "include/" if name.startswith("mullama/") else "src/"
            self.header_edges.setdefault(where, set()).add(folder + name)

    @staticmethod
    def is_system(kind, name):
        return kind == "<" and bool(STANDARD.fullmatch(name) or SYSTEM.fullmatch(name))

    @staticmethod
    def matches(name, patterns):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    checker = Checker(parser.parse_args().root)
    errors = checker.run()
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        return 1
    print(f"layers: {len(checker.modules)} modules in {len(checker.rows)} rows, no include out of place")
    return 0


if __name__ == "__main__":
    sys.exit(main())
