"""check_layers.py passes a good tree and fails one that breaks any of its rules."""

from tests.checks.tree import TreeTest, python

TABLE = """# Architecture

## Modules

| row | module | purpose | deps | third party | public headers |
|---|---|---|---|---|---|
| top | `door` | opens | core base | fmt | – |
| middle | `core` | thinks | engine base | – | core |
| ground | `engine` | runs | base | llama.cpp | – |
| ground | `base` | holds | – | – | types |
"""


class LayersTest(TreeTest):
    files = {
        "ARCHITECTURE.md": TABLE,
        "include/mullama/types.h": "#pragma once\n#include <string>\n",
        "include/mullama/core.h": "#pragma once\n#include <mullama/types.h>\n",
        "src/base/CMakeLists.txt": "mullama_module(base SOURCES a.cpp)\n",
        "src/base/a.h": "#pragma once\n#include <mullama/types.h>\n#include <sys/stat.h>\n",
        "src/base/a.cpp": '#include "base/a.h"\n',
        "src/engine/CMakeLists.txt": "mullama_module(engine SOURCES e.cpp DEPS base)\n",
        "src/engine/e.cpp": '#include <llama.h>\n#include "base/a.h"\n',
        "src/core/CMakeLists.txt": "mullama_module(core SOURCES c.cpp DEPS engine base TESTS c_test.cpp)\n",
        "src/core/c.cpp": '#include <mullama/core.h>\n#include "base/a.h"\n',
        "src/core/c_test.cpp": '#include <gtest/gtest.h>\n#include "tests/support/models.h"\n',
        "src/door/CMakeLists.txt": "mullama_module(door\n    SOURCES d.cpp\n    DEPS core base\n    LIBRARIES fmt::fmt\n)\n",
        "src/door/d.cpp": '#include <mullama/core.h>\n#include <fmt/format.h>\n#include "base/a.h"\n',
        "examples/simple.cpp": "#include <mullama/core.h>\n#include <iostream>\n",
    }

    def command(self):
        return python("check_layers.py", "--root", self.root)

    def test_good_tree_passes(self):
        self.passes()

    def test_include_of_a_row_above_fails(self):
        self.add("src/base/a.cpp", "#include <mullama/core.h>\n")
        self.fails_with("src/base/a.cpp: includes mullama/core.h of core, which lies in a row above base")

    def test_include_outside_the_tables_deps_fails(self):
        self.write("src/engine/x.h", "#pragma once\n")
        self.add("src/door/d.cpp", '#include "engine/x.h"\n')
        self.fails_with("which is none of door's deps in ARCHITECTURE.md")

    def test_include_that_cmake_does_not_declare_fails(self):
        self.write("src/core/CMakeLists.txt", "mullama_module(core SOURCES c.cpp DEPS engine)\n")
        self.fails_with("which src/core/CMakeLists.txt leaves out of DEPS")

    def test_cmake_dep_that_the_table_does_not_name_fails(self):
        self.write("src/door/CMakeLists.txt", "mullama_module(door SOURCES d.cpp DEPS core engine base)\n")
        self.fails_with("DEPS names engine, the table in ARCHITECTURE.md does not")

    def test_module_passed_as_a_library_fails(self):
        self.write("src/door/CMakeLists.txt", "mullama_module(door SOURCES d.cpp DEPS core base LIBRARIES mullama_engine)\n")
        self.fails_with("mullama_engine belongs in DEPS")

    def test_dep_of_a_row_above_in_the_table_fails(self):
        self.write("ARCHITECTURE.md", TABLE.replace("| runs | base |", "| runs | core base |"))
        self.fails_with("engine depends on core, which lies in a row above")

    def test_cycle_of_modules_fails(self):
        self.write("ARCHITECTURE.md", TABLE.replace("| holds | – |", "| holds | engine |"))
        self.fails_with("modules depend on each other: base -> engine -> base")

    def test_cycle_of_headers_fails(self):
        self.write("src/base/b.h", '#pragma once\n#include "base/a.h"\n')
        self.add("src/base/a.h", '#include "base/b.h"\n')
        self.fails_with("headers include each other: src/base/a.h -> src/base/b.h -> src/base/a.h")

    def test_engine_header_outside_its_module_fails(self):
        self.add("src/core/c.cpp", "#include <llama.h>\n")
        self.fails_with("src/core/c.cpp: includes llama.h, which the table in ARCHITECTURE.md does not give to core")

    def test_library_that_the_table_does_not_give_fails(self):
        self.add("src/base/a.cpp", "#include <fmt/format.h>\n")
        self.fails_with("does not give to base")

    def test_test_library_outside_a_test_fails(self):
        self.add("src/core/c.cpp", "#include <gtest/gtest.h>\n")
        self.fails_with("includes gtest/gtest.h")

    def test_third_party_in_a_public_header_fails(self):
        self.add("include/mullama/core.h", "#include <fmt/format.h>\n")
        self.fails_with("public headers include only <mullama/...> and the standard library")

    def test_private_header_in_a_public_one_fails(self):
        self.add("include/mullama/core.h", '#include "core/c.h"\n')
        self.fails_with("public headers include only")

    def test_public_header_without_an_owner_fails(self):
        self.write("include/mullama/orphan.h", "#pragma once\n")
        self.fails_with("no module of the table in ARCHITECTURE.md owns this public header")

    def test_public_header_of_the_table_that_is_missing_fails(self):
        (self.root / "include/mullama/core.h").unlink()
        self.fails_with("there is no include/mullama/core.h, which core is to own")

    def test_folder_without_a_row_fails(self):
        self.write("src/extra/x.cpp", "")
        self.fails_with("src/extra: this folder is no module")

    def test_example_of_a_client_has_what_clients_are_written_with(self):
        self.add("examples/simple.cpp", "#include <curl/curl.h>\n#include <nlohmann/json.hpp>\n")
        self.passes()

    def test_example_with_the_engines_header_fails(self):
        self.add("examples/simple.cpp", "#include <llama.h>\n")
        self.fails_with("examples use the public headers only")

    def test_example_with_a_private_header_fails(self):
        self.add("examples/simple.cpp", '#include "core/c.h"\n')
        self.fails_with("examples use the public headers only")
