"""check_sources.py passes a good build folder and fails where something is built or run by nothing."""

import json

from tests.checks.tree import TreeTest, python


class SourcesTest(TreeTest):
    files = {
        "src/base/a.h": "#pragma once\n",
        "src/base/a.cpp": '#include "base/a.h"\n',
        "src/base/a_test.cpp": '#include "base/a.h"\n',
        "tests/package/consumer.cpp": "a project of its own\n",
        "build/CTestTestfile.cmake": 'subdirs("src")\n',
        "build/src/base/CTestTestfile.cmake": 'include("/somewhere/mullama_base_test[1]_include.cmake")\n',
    }

    def setUp(self):
        super().setUp()
        self.compile({"src/base/a.cpp": "mullama_base", "src/base/a_test.cpp": "mullama_base_test"})

    def compile(self, targets):
        entries = [
            {"directory": str(self.root / "build"), "file": str(self.root / source),
             "command": f"c++ -include mullama_headers.dir/all.hxx -o src/CMakeFiles/{target}.dir/x.o -c {source}"}
            for source, target in targets.items()
        ]
        self.write("build/compile_commands.json", json.dumps(entries))

    def command(self):
        return python("check_sources.py", "--root", self.root, "--build", self.root / "build")

    def test_good_tree_passes(self):
        self.passes()

    def test_source_in_no_target_fails(self):
        self.write("src/base/lost.cpp", "")
        self.fails_with("src/base/lost.cpp: no target of build builds it")

    def test_example_in_no_target_fails(self):
        self.write("examples/lost.cpp", "")
        self.fails_with("examples/lost.cpp: no target of build builds it")

    def test_test_that_ctest_does_not_run_fails(self):
        self.write("build/src/base/CTestTestfile.cmake", "")
        self.fails_with("src/base/a_test.cpp: ctest runs none of its targets: mullama_base_test")

    def test_test_in_a_library_only_fails(self):
        self.compile({"src/base/a.cpp": "mullama_base", "src/base/a_test.cpp": "mullama_base"})
        self.fails_with("src/base/a_test.cpp: ctest runs none of its targets: mullama_base")

    def test_header_that_nothing_includes_fails(self):
        self.write("src/base/lost.h", "#pragma once\n")
        self.fails_with("src/base/lost.h: no file includes it")

    def test_empty_tree_fails(self):
        for name in ("src/base/a.cpp", "src/base/a_test.cpp", "src/base/a.h"):
            (self.root / name).unlink()
        self.fails_with("no source found")
