"""Runs the program as a user would: with pipes, and in a terminal."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest

PROGRAM = os.environ["MULLAMA_PROGRAM"]
MODEL = "smollm2:135m"
BASE_MODEL = "gemma3:270m"
# Generous: sanitizer builds on a busy machine are slow.
TIMEOUT_S = 120


def real_home():
    return pathlib.Path(os.environ.get("MULLAMA_HOME") or pathlib.Path.home() / ".mullama")


class ProgramTest(unittest.TestCase):
    """A home of its own with the models that are downloaded already."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="mullama_cli_")
        self.addCleanup(shutil.rmtree, folder)
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.home.mkdir()
        (self.home / "downloads").symlink_to(real_home() / "downloads")
        self.environment = dict(os.environ, MULLAMA_HOME=str(self.home), TERM="xterm-256color")
        for name in ("MULLAMA_NOHISTORY", "OLLAMA_HOST", "OLLAMA_MODELS", "MULLAMA_API_KEY"):
            self.environment.pop(name, None)
        self.socket = self.folder / "server.sock"
        self.environment["MULLAMA_HOST"] = f"unix:{self.socket}"
        self.addCleanup(self.stop_server)
        # Two threads that wait for each other crawl on a machine whose other cores run tests too.
        self.environment["OMP_THREAD_LIMIT"] = "1"

    def server_pid(self):
        """The process that listens on the test's socket, or None."""
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self.socket))
            except OSError:
                return None
            credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[0]

    def stop_server(self):
        """Ends the server that the program has started, and waits until it has."""
        pid = self.server_pid()
        if pid is None:
            return
        server = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        ended, _, _ = select.select([server], [], [], TIMEOUT_S)
        os.close(server)
        self.assertTrue(ended, "the server does not stop")
        log = (self.home / "logs" / "server.log").read_text()
        self.assertNotRegex(log, "Sanitizer|runtime error")

    def run_program(self, *arguments, stdin=b"", timeout=TIMEOUT_S):
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=timeout,
            check=False,
        )

    def output_of(self, *arguments, stdin=b""):
        """What a command that must succeed prints to stdout."""
        result = self.run_program(*arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def fails(self, status, message, *arguments, stdin=b""):
        """A command fails with one line on stderr and nothing on stdout."""
        result = self.run_program(*arguments, stdin=stdin)
        stderr = result.stderr.decode()
        self.assertEqual(result.returncode, status, stderr)
        self.assertEqual(result.stdout, b"")
        self.assertRegex(stderr, r"\AError: [^\n]+\n\Z")
        self.assertIn(message, stderr)


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments, environment, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, *arguments], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.seen = ""
        self.position = 0

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.fd)

    def type(self, text):
        os.write(self.fd, text.encode())

    def enter(self, line):
        self.type(line + "\r")

    def _read(self, timeout):
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return None
        self.seen += data.decode(errors="replace")
        return bool(data) or None

    def expect(self, pattern, timeout=TIMEOUT_S):
        """Waits until `pattern` comes and gives the text up to and with it."""
        end = time.monotonic() + timeout
        while True:
            found = re.compile(pattern).search(self.seen, self.position)
            if found:
                text = self.seen[self.position : found.end()]
                self.position = found.end()
                return text
            if time.monotonic() > end or self._read(0.2) is None:
                raise AssertionError(f"no {pattern!r} in {self.seen[self.position:]!r}")

    def exit_status(self, timeout=TIMEOUT_S):
        """Waits for the end of the program."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self._read(0.1) is None:
                _, status = os.waitpid(self.pid, 0)
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still running: {self.seen[self.position:]!r}")


class TerminalTest(ProgramTest):
    def start(self, *arguments, columns=80):
        terminal = Terminal(*map(str, arguments), environment=self.environment, columns=columns)
        self.addCleanup(terminal.close)
        return terminal
