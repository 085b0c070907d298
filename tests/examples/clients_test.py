"""Runs the examples that are clients against a server with a real model."""

import http.server
import json
import os
import subprocess
import threading
import unittest

from tests.cli.harness import MODEL, PROGRAM, ProgramTest, TIMEOUT_S

PROGRAMS = os.environ["MULLAMA_PROGRAMS"]
# A port at which nobody listens.
NOBODY = "http://127.0.0.1:1"


def run(name, *arguments, stdin=""):
    return subprocess.run(
        [os.path.join(PROGRAMS, "example_" + name), *arguments], input=stdin, capture_output=True, text=True,
        timeout=TIMEOUT_S
    )


class ClientTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen(
            [PROGRAM, "serve", "--host", "127.0.0.1:0"], env=self.environment, stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(self.stop)
        line = self.server.stderr.readline()
        self.assertIn("listening on ", line)
        self.url = "http://" + line.split()[-1]

    def stop(self):
        self.server.terminate()
        _, log = self.server.communicate(timeout=TIMEOUT_S)
        self.assertEqual(self.server.returncode, 0, log)

    def output(self, name, *arguments, stdin=""):
        result = run(name, *arguments, stdin=stdin)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def test_web_service_prints_an_answer(self):
        answer = self.output("web_service", self.url, MODEL, "Say \"hello\" in one word.\n")
        self.assertGreater(len(answer.strip()), 1)

    def test_chatbot_answers_each_line(self):
        text = self.output("chatbot", self.url, MODEL, stdin="Hello!\n\nHow are you?\n")
        self.assertTrue(text.startswith("> "))
        answers = [part.strip() for part in text.split("> ")]
        self.assertEqual(len([answer for answer in answers if answer]), 2, text)

    def test_each_says_what_the_server_refuses(self):
        result = run("web_service", self.url, "nope", "Hi")
        self.assertEqual((result.returncode, result.stderr), (1, "error: 404 model 'nope' not found\n"))
        result = run("chatbot", self.url, "nope", stdin="Hi\n")
        self.assertEqual((result.returncode, result.stderr), (1, "error: model 'nope' not found\n"))
        result = run("web_service", self.url + "/elsewhere", MODEL, "Hi")
        self.assertEqual((result.returncode, result.stderr), (1, "error: 404 \n"))


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what it is asked, and answers in two pieces that do not end where lines end."""

    asked = []

    def do_POST(self):
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"message":{"content":"Good "}}\n{"mess')
        self.wfile.write(b'age":{"content":"day"},"done":true}\n')

    def log_message(self, *_):
        pass


class NoServerTest(unittest.TestCase):
    def test_chatbot_keeps_what_was_said(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever).start()
        result = run("chatbot", f"http://127.0.0.1:{server.server_port}", MODEL, stdin="Hello\nAgain\n")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, "> Good day\n> Good day\n> \n")
        self.assertEqual([message["content"] for message in Recorder.asked[0]["messages"]], ["Hello"])
        self.assertEqual(
            [(message["role"], message["content"]) for message in Recorder.asked[1]["messages"]],
            [("user", "Hello"), ("assistant", "Good day"), ("user", "Again")],
        )

    def test_each_says_that_no_server_runs(self):
        error = f"error: no server answers at {NOBODY}: start `mullama serve`\n"
        result = run("web_service", NOBODY, MODEL, "Hi")
        self.assertEqual((result.returncode, result.stderr), (1, error))
        result = run("chatbot", NOBODY, MODEL, stdin="Hi\n")
        self.assertEqual((result.returncode, result.stderr), (1, error))

    def test_each_says_how_to_use_it(self):
        for name in ("web_service", "chatbot"):
            result = run(name)
            self.assertEqual(result.returncode, 2, name)
            self.assertIn("usage: " + name, result.stderr)


if __name__ == "__main__":
    unittest.main()
