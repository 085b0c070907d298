"""The official clients for JavaScript."""

import unittest

from tests.api.harness import ServerTest, run_javascript


class JavaScriptTest(ServerTest):
    def test_ollama(self):
        run_javascript(self, "ollama_test.mjs")

    def test_openai(self):
        run_javascript(self, "openai_test.mjs")

    def test_anthropic(self):
        run_javascript(self, "anthropic_test.mjs")


if __name__ == "__main__":
    unittest.main()
