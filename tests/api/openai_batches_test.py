"""The official OpenAI client's files and batches."""

import json
import signal
import time
import unittest

from tests.api.harness import MODEL, TIMEOUT_S, ServerTest

import openai

CHAT = "/v1/chat/completions"
ENDED = ("completed", "failed", "cancelled")


def chat_line(name, question="Say one.", **named):
    body = {"model": MODEL, "messages": [{"role": "user", "content": question}], "max_tokens": 8, **named}
    return {"custom_id": name, "method": "POST", "url": CHAT, "body": body}


def jsonl(lines):
    return "\n".join(map(json.dumps, lines)).encode()


class OpenAiBatchesTest(ServerTest):
    def setUp(self):
        self.connect()

    def connect(self):
        self.client = openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="unused", max_retries=0)

    def upload(self, content):
        return self.client.files.create(file=("in put.jsonl", content), purpose="batch")

    def begin(self, content, endpoint=CHAT, **named):
        return self.client.batches.create(
            input_file_id=self.upload(content).id, endpoint=endpoint, completion_window="24h", **named
        )

    def wait(self, batch, until=lambda batch: batch.status in ENDED):
        deadline = time.monotonic() + TIMEOUT_S
        while not until(batch):
            self.assertLess(time.monotonic(), deadline, batch)
            time.sleep(0.1)
            batch = self.client.batches.retrieve(batch.id)
        return batch

    def results(self, name):
        return [json.loads(line) for line in self.client.files.content(name).text.splitlines()]

    def test_a_file_is_kept_and_deleted(self):
        file = self.upload(b"some\r\nbytes\x00")
        self.assertEqual((file.object, file.filename, file.bytes), ("file", "in put.jsonl", 12))
        self.assertEqual(self.client.files.content(file.id).content, b"some\r\nbytes\x00")
        self.assertEqual(self.client.files.retrieve(file.id), file)
        self.assertIn(file.id, [each.id for each in self.client.files.list(purpose="batch")])
        self.assertTrue(self.client.files.delete(file.id).deleted)
        with self.assertRaises(openai.NotFoundError):
            self.client.files.content(file.id)
        with self.assertRaises(openai.BadRequestError):
            self.client.files.create(file=b"x", purpose="none")

    def test_a_batch_answers_each_line(self):
        lines = [chat_line(f"line {i}", f"Say {i}.") for i in range(5)] + [chat_line("bad", model="none")]
        batch = self.wait(self.begin(jsonl(lines), metadata={"k": "v"}))
        self.assertEqual((batch.status, batch.metadata), ("completed", {"k": "v"}))
        counts = batch.request_counts
        self.assertEqual((counts.total, counts.completed, counts.failed), (6, 5, 1))
        answered = {each["custom_id"]: each["response"] for each in self.results(batch.output_file_id)}
        self.assertEqual(set(answered), {f"line {i}" for i in range(5)})
        for response in answered.values():
            self.assertEqual(response["status_code"], 200)
            self.assertTrue(response["body"]["choices"][0]["message"]["content"])
        (failed,) = self.results(batch.error_file_id)
        self.assertEqual((failed["custom_id"], failed["response"]["status_code"]), ("bad", 404))

    def test_batches_reach_other_endpoints(self):
        for endpoint, body in (
            ("/v1/completions", {"prompt": "One, two,", "max_tokens": 4}),
            ("/v1/embeddings", {"input": "hi"}),
            ("/v1/responses", {"input": "hi", "max_output_tokens": 4}),
        ):
            with self.subTest(endpoint):
                line = {"custom_id": "a", "method": "POST", "url": endpoint, "body": {"model": MODEL, **body}}
                batch = self.wait(self.begin(jsonl([line]), endpoint))
                self.assertEqual((batch.status, batch.request_counts.completed), ("completed", 1))

    def test_a_bad_input_is_told_by_line(self):
        batch = self.wait(self.begin(b"nope\n" + jsonl([chat_line("a"), chat_line("a")])))
        self.assertEqual(batch.status, "failed")
        self.assertEqual([error.line for error in batch.errors.data], [1, 3])

    def test_a_batch_is_cancelled(self):
        lines = [chat_line(f"line {i}", "Write a story.", max_tokens=200) for i in range(100)]
        batch = self.wait(self.begin(jsonl(lines)), lambda batch: batch.request_counts.completed >= 1)
        self.client.batches.cancel(batch.id)
        batch = self.wait(batch)
        self.assertEqual(batch.status, "cancelled")
        self.assertEqual(len(self.results(batch.output_file_id)), batch.request_counts.completed)
        self.assertLess(batch.request_counts.completed, 100)
        with self.assertRaises(openai.BadRequestError):
            self.client.batches.cancel(batch.id)

    def test_a_batch_goes_on_after_the_server_was_killed(self):
        lines = [chat_line(f"line {i}", f"Say {i}.", max_tokens=20) for i in range(16)]
        batch = self.wait(self.begin(jsonl(lines)), lambda batch: batch.request_counts.completed >= 2)
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait(TIMEOUT_S)
        self.server.start()
        self.connect()
        batch = self.wait(batch)
        self.assertEqual((batch.status, batch.request_counts.completed), ("completed", 16))
        names = [each["custom_id"] for each in self.results(batch.output_file_id)]
        self.assertEqual(sorted(names), sorted(line["custom_id"] for line in lines))

    def test_mistakes_are_told(self):
        file = self.upload(jsonl([chat_line("a")])).id
        for named in ({"input_file_id": "file-none"}, {"endpoint": "/v1/images"}, {"completion_window": "1h"}):
            with self.subTest(named), self.assertRaises(openai.BadRequestError):
                self.client.batches.create(
                    **{"input_file_id": file, "endpoint": CHAT, "completion_window": "24h", **named}
                )
        with self.assertRaises(openai.NotFoundError):
            self.client.batches.retrieve("batch_none")


if __name__ == "__main__":
    unittest.main()
