"""check_format.sh passes formatted files, fails others, and mends them when asked."""

import subprocess

from tests.checks.tree import ROOT, SCRIPTS, TreeTest


class FormatTest(TreeTest):
    files = {
        ".clang-format": (ROOT / ".clang-format").read_text(encoding="utf-8"),
        "src/base/a.cpp": "int main() {\n    return 0;\n}\n",
    }

    def command(self, *arguments):
        return [str(SCRIPTS / "check_format.sh"), "--root", str(self.root), *arguments]

    def test_good_tree_passes(self):
        self.passes()

    def test_badly_formatted_source_fails(self):
        self.write("src/base/b.cpp", "int  main( ) { return 0 ; }\n")
        self.fails_with("b.cpp:1:")

    def test_badly_formatted_header_fails(self):
        self.write("include/mullama/b.h", "struct  B{};\n")
        self.fails_with("b.h:1:")

    def test_fix_mends_what_failed(self):
        self.write("src/base/b.cpp", "struct  B{};\n")
        subprocess.run(self.command("--fix"), check=True, capture_output=True, timeout=120)
        self.passes()

    def test_tree_without_sources_fails(self):
        (self.root / "src/base/a.cpp").unlink()
        self.fails_with("no C++ file found")
