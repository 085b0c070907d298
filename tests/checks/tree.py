"""A small tree of our own shape in a temporary folder, for tests that break one thing in it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "scripts"


class TreeTest(unittest.TestCase):
    """Each test starts with the good tree of `files` and says what `command` makes of a change to it."""

    files = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        for name, text in self.files.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, name, text):
        self.write(name, (self.root / name).read_text(encoding="utf-8") + text)

    def command(self):
        raise NotImplementedError

    def run_check(self):
        return subprocess.run(self.command(), capture_output=True, text=True, check=False, timeout=120)

    def passes(self):
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)

    def fails_with(self, message):
        result = self.run_check()
        self.assertEqual(result.returncode, 1, result.stderr + result.stdout)
        self.assertIn(message, result.stderr)


def python(script, *arguments):
    return [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
