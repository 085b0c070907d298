"""What clients do wrong, at every endpoint that reads a body: they are told so, and the server goes on."""

import http.client
import json
import socket
import unittest

from tests.api.harness import MODEL, TIMEOUT_S, ServerTest

CHAT = [{"role": "user", "content": "Hi"}]
# A request that is answered, and the fields it cannot do without.
GOOD = {
    "/api/generate": ({"model": MODEL, "prompt": "Hi", "stream": False, "options": {"num_predict": 2}}, ["model"]),
    "/api/chat": ({"model": MODEL, "messages": CHAT, "stream": False, "options": {"num_predict": 2}}, ["model"]),
    "/api/embed": ({"model": MODEL, "input": "Hi"}, ["model"]),
    "/api/embeddings": ({"model": MODEL, "prompt": "Hi"}, ["model"]),
    "/api/show": ({"model": MODEL}, ["model"]),
    "/v1/chat/completions": ({"model": MODEL, "messages": CHAT, "max_tokens": 2}, ["model", "messages"]),
    "/v1/completions": ({"model": MODEL, "prompt": "Hi", "max_tokens": 2}, ["model"]),
    "/v1/embeddings": ({"model": MODEL, "input": "Hi"}, ["model", "input"]),
    "/v1/responses": ({"model": MODEL, "input": "Hi", "max_output_tokens": 2}, ["model", "input"]),
    "/v1/messages": ({"model": MODEL, "messages": CHAT, "max_tokens": 2}, ["model", "messages", "max_tokens"]),
    "/v1/messages/count_tokens": ({"model": MODEL, "messages": CHAT}, ["model", "messages"]),
    "/completion": ({"model": MODEL, "prompt": "Hi", "n_predict": 2}, ["prompt"]),
    "/infill": ({"model": MODEL, "input_prefix": "a", "input_suffix": "b"}, ["input_prefix", "input_suffix"]),
    "/embedding": ({"model": MODEL, "content": "Hi"}, ["content"]),
    "/v1/rerank": ({"model": MODEL, "query": "a", "documents": ["b"]}, ["model", "query", "documents"]),
    "/tokenize": ({"model": MODEL, "content": "Hi"}, ["content"]),
    "/detokenize": ({"model": MODEL, "tokens": [1]}, ["tokens"]),
    "/apply-template": ({"model": MODEL, "messages": CHAT}, ["messages"]),
}
# SmolLM2 has no tokens for filling in and ranks nothing, which is said.
REFUSED = {"/infill": 501, "/v1/rerank": 400}


def message_of(path, body):
    """The message of an error in the dialect of its path."""
    error = body["error"]
    if path.startswith("/api/"):
        return error
    if path.startswith("/v1/messages"):
        assert body["type"] == "error", body
    return error["message"]


class BadInputTest(ServerTest):
    def ask(self, path, body, method="POST"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.server.address, timeout=TIMEOUT_S)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, text

    def assert_refused(self, path, body, statuses=(400,)):
        status, text = self.ask(path, body)
        self.assertIn(status, statuses, text[:300])
        self.assertTrue(message_of(path, json.loads(text)), text[:300])

    def tearDown(self):
        status, text = self.ask("/v1/chat/completions", GOOD["/v1/chat/completions"][0])
        self.assertEqual(status, 200, text)

    def test_good_requests_are_answered(self):
        for path, (body, _) in GOOD.items():
            with self.subTest(path):
                self.assertEqual(self.ask(path, body)[0], REFUSED.get(path, 200))

    def test_bodies_that_are_no_json_objects(self):
        deep = b'{"model": "%s", "messages": ' % MODEL.encode() + b"[" * 100_000 + b"]" * 100_000 + b"}"
        for path in GOOD:
            for body in (b"", b"{", b"[]", b"7", b'"text"', b"null", b'{"model": \xff}', b"{} {}", deep):
                with self.subTest(path=path, body=body[:40]):
                    self.assert_refused(path, body)

    def test_what_is_no_character_is_read_as_the_replacement_character(self):
        for path, (body, _) in GOOD.items():
            text = json.dumps(body).encode().replace(b'"Hi"', b'"Hi \\ud83d \xff"')
            with self.subTest(path):
                self.assertEqual(self.ask(path, text)[0], REFUSED.get(path, 200))
        text = b'{"model": "%s", "content": "\\ud83d \xff"}' % MODEL.encode()
        replaced = self.ask("/tokenize", {"model": MODEL, "content": "\ufffd \ufffd"})
        self.assertEqual(self.ask("/tokenize", text), replaced)

    def test_fields_of_a_wrong_type(self):
        for path, (body, _) in GOOD.items():
            for field, value in body.items():
                for wrong in (7.5, [[[]]], {"a": {}}, True, "text"):
                    if type(wrong) is type(value) or field in ("prompt", "content"):
                        continue
                    with self.subTest(path=path, field=field, wrong=wrong):
                        self.assert_refused(path, {**body, field: wrong})

    def test_fields_that_are_missing(self):
        for path, (body, needed) in GOOD.items():
            for field in needed:
                with self.subTest(path=path, field=field):
                    self.assert_refused(path, {name: value for name, value in body.items() if name != field})

    def test_models_that_are_not_there(self):
        for path, (body, _) in GOOD.items():
            for model in ("nope", "library/nope:latest", "no/such/thing:1b"):
                with self.subTest(path=path, model=model):
                    self.assert_refused(path, {**body, "model": model}, (404,))

    def test_names_that_are_none(self):
        for path, (body, _) in GOOD.items():
            for model in ("../../etc/passwd", "a b", ":", "\x00", "x" * 100_000):
                with self.subTest(path=path, model=model[:20]):
                    self.assert_refused(path, {**body, "model": model}, (400, 404))

    def test_texts_that_are_too_long(self):
        text = "hello " * 300_000
        for path, body in (
            ("/v1/chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": text}]}),
            ("/v1/completions", {"model": MODEL, "prompt": text}),
            ("/v1/messages", {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 2}),
            ("/api/embed", {"model": MODEL, "input": text, "truncate": False}),
            ("/completion", {"model": MODEL, "prompt": text}),
        ):
            with self.subTest(path):
                self.assert_refused(path, body)

    def test_wrong_methods(self):
        for path in GOOD:
            for method in ("PUT", "PATCH", "DELETE"):
                with self.subTest(path=path, method=method):
                    self.assertEqual(self.ask(path, b"{}", method)[0], 405)
        self.assertEqual(self.ask("/nope", b"{}")[0], 404)

    def send(self, data):
        """Sends bytes as they are, and gives what comes back until the server closes or a second passes."""
        host, port = self.server.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=1) as connection:
            connection.sendall(data)
            try:
                return connection.recv(65536)
            except TimeoutError:
                return b""

    def test_bodies_that_do_not_come_whole(self):
        for path, (body, _) in GOOD.items():
            text = json.dumps(body).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n".encode()
            for cut in (len(head) // 2, len(head), len(head) + len(text) // 2):
                with self.subTest(path=path, cut=cut):
                    host, port = self.server.address.rsplit(":", 1)
                    with socket.create_connection((host, int(port))) as connection:
                        connection.sendall((head + text)[:cut])

    def test_heads_that_are_none(self):
        chunked = b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        for data in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
            b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            chunked + b"zz\r\n{}\r\n0\r\n\r\n",
            chunked + b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ):
            with self.subTest(data=data[:60]):
                self.assertRegex(self.send(data), rb"^HTTP/1\.1 (4\d\d|50[15]) ")
        huge = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 2_000_000 + b"\r\n\r\n"
        try:
            self.assertRegex(self.send(huge), rb"^HTTP/1\.1 4\d\d |^$")
        except (ConnectionResetError, BrokenPipeError):
            pass  # it has said its word and closed, while we were still sending


if __name__ == "__main__":
    unittest.main()
