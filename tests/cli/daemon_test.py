"""The program and the server that it starts in the background."""

import http.server
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree

from tests.cli.harness import BASE_MODEL, MODEL, PROGRAM, ProgramTest, TIMEOUT_S

GREEDY = ("--option", "temperature=0", "--option", "num_predict=8")


class ServerTest(ProgramTest):
    def run_hi(self, *arguments):
        return self.output_of("run", MODEL, "Hi", *GREEDY, *arguments)

    def row(self, name=MODEL):
        """The columns of `ps` for a model."""
        rows = self.output_of("ps").splitlines()
        self.assertRegex(rows[0], r"\ANAME +ID +SIZE +PROCESSOR +CONTEXT +UNTIL\Z")
        found = [row for row in rows[1:] if row.startswith(name)]
        return found[0] if found else None

    def test_the_first_command_starts_it_and_the_next_ones_find_it(self):
        self.assertIsNone(self.server_pid())
        self.run_hi()
        pid = self.server_pid()
        self.assertIsNotNone(pid)
        self.run_hi()
        self.assertEqual(self.server_pid(), pid)

    def test_commands_that_start_at_once_share_one(self):
        command = [PROGRAM, "run", MODEL, "Hi", *GREEDY]
        started = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.environment)
            for _ in range(3)
        ]
        for process in started:
            stdout, stderr = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual((process.returncode, stderr), (0, b""))
            self.assertTrue(stdout.strip())

    def test_it_holds_none_of_the_callers_files_open(self):
        reader, writer = os.pipe()
        subprocess.run(
            [PROGRAM, "ps"], env=self.environment, pass_fds=(writer,), stdout=subprocess.DEVNULL,
            timeout=TIMEOUT_S, check=True
        )
        os.close(writer)
        with os.fdopen(reader, "rb") as end:
            self.assertEqual(end.read(), b"")
        self.assertIsNotNone(self.server_pid())

    def test_ps_lists_what_is_loaded(self):
        self.assertIsNone(self.row())
        self.run_hi()
        self.assertRegex(self.row(), rf"\A{MODEL} +b179c9523d0e +[0-9]+ MB +100% CPU +4096 +[45] minutes from now\Z")
        self.run_hi("--keepalive", "-1")
        self.assertRegex(self.row(), "Forever")

    def test_bench_serve_asks_it(self):
        self.output_of("ps")
        load = ("bench", "serve", "--num-prompts", "3", "--max-concurrency", "2", "--input-words", "5",
                "--output-len", "4", "--goodput", "ttft:100000")
        lines = self.output_of(*load, "--model", MODEL, "--output", "jsonl").splitlines()
        *requests, last = map(json.loads, lines)
        self.assertEqual([request["completion_tokens"] for request in requests], [4, 4, 4])
        for request in requests:
            self.assertGreater(request["prompt_tokens"], 5)
            self.assertGreaterEqual(request["e2el_ms"], request["ttft_ms"] + sum(request["itl_ms"]))
        summary = last["summary"]
        self.assertEqual((summary["completed"], summary["failed"]), (3, 0))
        self.assertAlmostEqual(summary["request_goodput"], summary["request_throughput"])
        self.assertAlmostEqual(summary["output_throughput"] * summary["duration_s"], 12)
        plot = self.home / "plot.svg"
        self.assertIn("| to the first token ", self.output_of(*load, "--model", MODEL, "--plot", plot))
        self.assertEqual(len(xml.etree.ElementTree.parse(plot).findall("{*}polyline")), 2)
        base = ("--model", BASE_MODEL, "--prefix-words", "3")
        self.fails(2, "does not support chat", *load, *base)
        self.assertIn("|        3 |      0 |", self.output_of(*load, *base, "--endpoint", "/v1/completions"))
        named = self.output_of("bench", "serve", "--model", MODEL, "--output-len", "5", "--workload", "decode",
                               "--output", "jsonl").splitlines()
        self.assertEqual([json.loads(line).get("completion_tokens") for line in named], [5] * 8 + [None])
        people = self.output_of("bench", "serve", "--model", MODEL, "--workload", "json", "--num-prompts", "2",
                                "--output-len", "20", "--temperature", "0.8", "--output", "jsonl").splitlines()
        self.assertEqual(json.loads(people[-1])["summary"]["completed"], 2)
        for line in people[:-1]:
            self.assertIn(json.loads(line)["completion_tokens"], range(1, 21))
        def summary_of(*arguments):
            lines = self.output_of("bench", "serve", "--input-words", "5", "--output-len", "4", "--output", "jsonl",
                                   *arguments).splitlines()
            rows = list(map(json.loads, lines))
            return rows[:-1], rows[-1]["summary"]
        turns, _ = summary_of("--model", MODEL, "--num-prompts", "4", "--turns", "2", "--max-concurrency", "1")
        prompts = [turn["prompt_tokens"] for turn in turns]
        self.assertLess(prompts[0] + 4, prompts[1])  # the second has the first's question and answer
        self.assertLess(prompts[2] + 4, prompts[3])
        self.assertLess(prompts[2], prompts[1])
        _, beside = summary_of("--model", MODEL, "--num-prompts", "3", "--streams", "2")
        self.assertGreater(beside["stream_itl_ms"]["p50"], 0)
        _, vectors = summary_of("--model", MODEL, "--num-prompts", "3", "--texts", "2")
        self.assertAlmostEqual(vectors["vector_throughput"] * vectors["duration_s"], 6)
        summary_of("--model", f"{MODEL},{BASE_MODEL}", "--num-prompts", "2", "--endpoint", "/v1/completions")
        self.assertIn(BASE_MODEL, self.output_of("ps"))
        self.fails(2, "no workload is called 'nope'", "bench", "serve", "--workload", "nope")
        self.fails(3, "not found", *load, "--model", "nope")

    def test_stop_unloads_a_model(self):
        self.run_hi()
        self.assertEqual(self.output_of("stop", MODEL), "")
        self.assertIsNone(self.row())
        self.fails(3, 'couldn\'t find model "nope" to stop', "stop", "nope")
        self.fails(2, "see `mullama stop --help`", "stop")

    def test_stop_server_ends_it(self):
        self.run_hi()
        self.assertEqual(self.output_of("stop", "--server"), "")
        self.assertIsNone(self.server_pid())
        self.assertEqual(self.output_of("stop", "--server"), "")

    def test_a_number_that_is_another_programs_by_now_is_left_alone(self):
        with subprocess.Popen(["sleep", "100"]) as other:
            (self.home / "logs").mkdir()
            (self.home / "logs" / "server.pid").write_text(f"{other.pid}\n")
            self.assertEqual(self.output_of("stop", "--server"), "")
            self.assertIsNone(other.poll())
            other.kill()

    def test_list_is_the_same_with_a_server_and_without(self):
        alone = self.output_of("list")
        self.assertIsNone(self.server_pid())
        self.run_hi()
        self.assertEqual(self.output_of("list"), alone)
        self.assertIn(BASE_MODEL, alone)

    def test_logs_show_what_it_answered(self):
        self.fails(3, "there is no log", "logs")
        self.run_hi()
        # A request is logged once its answer has been sent, which the command may notice first.
        wanted = r"listening on unix:.*\n(.*\n)*.* POST /api/chat 200 "
        deadline = time.monotonic() + TIMEOUT_S
        while not re.search(wanted, self.output_of("logs")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertRegex(self.output_of("logs"), wanted)
        self.assertEqual(self.output_of("logs", "-n", "1").count("\n"), 1)

    def test_logs_follow(self):
        self.run_hi()
        with subprocess.Popen(
            [PROGRAM, "logs", "--follow", "-n", "0"], stdout=subprocess.PIPE, env=self.environment
        ) as logs:
            shown = False
            while not shown:
                self.output_of("list")
                shown = bool(select.select([logs.stdout], [], [], 0.1)[0])
            self.assertRegex(logs.stdout.readline().decode(), "GET /api/tags 200")
            logs.send_signal(signal.SIGINT)
            self.assertEqual(logs.wait(TIMEOUT_S), 0)

    def test_why_it_did_not_start_is_said(self):
        (self.home / "config.toml").write_text("no_such_setting = 1\n")
        self.fails(1, "the server did not start: Error: ", "run", MODEL, "Hi")
        self.fails(1, "no_such_setting", "ps")

    def test_one_elsewhere_is_not_started(self):
        self.environment["MULLAMA_HOST"] = "192.0.2.1:1"
        # Where there is no network at all the answer is the same.
        result = self.run_program("run", MODEL, "Hi")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr.decode(), r"\AError: .*192\.0\.2\.1:1.*\n\Z")

    def test_another_program_at_its_address_is_said(self):
        class Other(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(200, b'{"version":"0.1"}')

            def do_POST(self):
                self.answer(404, b'{"error":"model not found"}')

            def log_message(self, *_):
                pass

        other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        threading.Thread(target=other.serve_forever).start()
        self.environment["MULLAMA_HOST"] = f"127.0.0.1:{other.server_port}"
        self.fails(3, "it is another program", "run", MODEL, "Hi")

    def test_where_tls_fails_none_is_started(self):
        class Plain(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

        plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plain)
        self.addCleanup(plain.server_close)
        self.addCleanup(plain.shutdown)
        threading.Thread(target=plain.serve_forever).start()
        address = f"https://127.0.0.1:{plain.server_port}"
        self.environment["MULLAMA_HOST"] = address
        for command in (("ps",), ("run", MODEL, "Hi")):
            self.fails(1, f"the connection to {address} failed: SSL", *command)
        self.assertFalse((self.home / "logs" / "server.log").exists())

    def test_a_certificate_of_ones_own_is_trusted(self):
        certificate, key = self.folder / "server.pem", self.folder / "server.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
            capture_output=True, check=True
        )
        server = subprocess.Popen(
            [PROGRAM, "serve", "--host", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key],
            stderr=subprocess.PIPE, text=True, env=self.environment
        )
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)
        port = server.stderr.readline().rpartition(":")[2].strip()
        self.environment["MULLAMA_HOST"] = f"https://localhost:{port}"
        self.fails(1, "SSL peer certificate", "ps")
        self.environment["SSL_CERT_FILE"] = str(certificate)
        self.assertIn("NAME", self.output_of("ps"))

    def test_thinking_is_refused_by_a_model_that_cannot(self):
        self.fails(2, "does not support thinking", "run", MODEL, "Hi", "--think")
        self.fails(2, "see `mullama run --help`", "run", MODEL, "Hi", "--think=maybe")

    def test_a_key_is_sent(self):
        (self.home / "config.toml").write_text('api_key = "secret"\n')
        self.fails(2, "API key", "run", MODEL, "Hi")
        self.environment["MULLAMA_API_KEY"] = "secret"
        self.assertTrue(self.run_hi())


if __name__ == "__main__":
    unittest.main()
