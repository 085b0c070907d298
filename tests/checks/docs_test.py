"""check_docs.py passes good documents and fails dead links and C++ blocks that are nobody's code."""

from tests.checks.tree import TreeTest, python

BLOCK = """
<!-- from examples/simple.cpp -->
```cpp
int answer = 42;
use(answer);
```
"""


class DocsTest(TreeTest):
    files = {
        "README.md": "# Title\n\nSee [the guide](docs/guide.md#first-steps), [below](#title), [the web](https://example.org).\n",
        "docs/guide.md": "# Guide\n\n## First steps\n\nBack to [the start](../README.md).\n" + BLOCK,
        "examples/simple.cpp": "int main() {\n    int answer = 42;\n    use(answer);\n}\n",
    }

    def command(self):
        return python("check_docs.py", "--root", self.root)

    def test_good_documents_pass(self):
        self.passes()

    def test_link_to_a_missing_file_fails(self):
        self.add("README.md", "[gone](docs/gone.md)\n")
        self.fails_with("README.md: link to docs/gone.md, which is not there")

    def test_link_out_of_the_tree_fails(self):
        self.add("README.md", "[out](../../etc/passwd)\n")
        self.fails_with("which is not there")

    def test_link_to_a_missing_heading_fails(self):
        self.add("README.md", "[gone](docs/guide.md#last-steps)\n")
        self.fails_with("guide.md has no such heading")

    def test_links_in_code_are_not_links(self):
        self.add("README.md", "`[a](b.md)`\n\n```\n[c](d.md)\n```\n")
        self.passes()

    def test_block_without_an_origin_fails(self):
        self.add("README.md", "```cpp\nint x;\n```\n")
        self.fails_with('the C++ block "int x;" does not say which file it is from')

    def test_block_from_a_missing_file_fails(self):
        self.add("README.md", BLOCK.replace("simple", "gone"))
        self.fails_with("examples/gone.cpp, which is not there")

    def test_block_that_differs_from_its_file_fails(self):
        self.add("README.md", BLOCK.replace("42", "43"))
        self.fails_with("does not stand in examples/simple.cpp like this")
