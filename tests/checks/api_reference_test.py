"""api_reference.sh writes pages for documented headers and fails on a public symbol without documentation."""

from tests.checks.tree import SCRIPTS, TreeTest


class ApiReferenceTest(TreeTest):
    files = {
        "include/mullama/a.h": (
            "#pragma once\n\n/// Our names.\nnamespace mullama {\n\n"
            "/// A thing.\nstruct Thing {\n    int size = 0;  ///< In bytes.\n};\n\n"
            "/// Makes a thing.\nThing make();\n\n}  // namespace mullama\n"
        ),
    }

    def command(self):
        return [str(SCRIPTS / "api_reference.sh"), str(self.root / "out"), str(self.root)]

    def change(self, old, new):
        name = "include/mullama/a.h"
        self.write(name, self.files[name].replace(old, new))

    def test_documented_header_passes(self):
        self.passes()
        self.assertTrue((self.root / "out/html/index.html").is_file())

    def test_undocumented_function_fails(self):
        self.change("/// Makes a thing.\n", "")
        self.fails_with("make() (function) of namespace mullama is not documented")

    def test_undocumented_member_fails(self):
        self.change("  ///< In bytes.", "")
        self.fails_with("Member size (variable) of struct mullama::Thing is not documented")

    def test_undocumented_struct_fails(self):
        self.change("/// A thing.\n", "")
        self.fails_with("Thing is not documented")
