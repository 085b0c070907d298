"""The official Ollama client, as its users write it."""

import json
import math
import unittest
import urllib.error
import urllib.request

from tests.api.harness import BASE_MODEL, MODEL, ServerTest

import ollama

GREEDY = {"temperature": 0, "num_predict": 24}
HELLO = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def post(url, body):
    """Sends what the client has no argument for."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class OllamaTest(ServerTest):
    def setUp(self):
        self.client = ollama.Client(self.server.url)

    def refused(self, status, message, call, *arguments, **named):
        with self.assertRaises(ollama.ResponseError) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        self.assertIn(message, caught.exception.error)

    def test_lists_and_describes_models(self):
        models = {model.model: model for model in self.client.list().models}
        self.assertIn(MODEL, models)
        self.assertGreater(models[MODEL].size, 90_000_000)
        self.assertEqual(models[MODEL].details.family, "llama")
        shown = self.client.show(MODEL)
        self.assertEqual(shown.modelinfo["general.architecture"], "llama")
        self.assertEqual(shown.modelinfo["llama.context_length"], 8192)
        self.assertIn("completion", shown.capabilities)
        self.assertIn("im_start", shown.template)
        self.assertEqual(self.client.show(BASE_MODEL).modelinfo["general.architecture"], "gemma3")
        self.assertGreater(shown.modelinfo["general.parameter_count"], 134_000_000)
        self.refused(404, "not found", self.client.show, "nope")
        named = post(self.server.url + "/api/show", {"model": "", "name": MODEL})
        self.assertEqual(named["model_info"]["general.architecture"], "llama")

    def test_options_are_answered(self):
        request = urllib.request.Request(self.server.url + "/api/chat", method="OPTIONS")
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.status, 204)

    def test_chat(self):
        answer = self.client.chat(MODEL, HELLO, options=GREEDY)
        self.assertEqual(answer.message.role, "assistant")
        self.assertTrue(answer.message.content)
        self.assertEqual((answer.model, answer.done, answer.done_reason), (MODEL, True, "stop"))
        self.assertGreater(answer.prompt_eval_count, 10)
        self.assertGreater(answer.eval_count, 1)
        for duration in (answer.total_duration, answer.prompt_eval_duration, answer.eval_duration):
            self.assertGreater(duration, 0)

    def test_a_stream_adds_up_to_the_whole(self):
        whole = self.client.chat(MODEL, HELLO, options=GREEDY).message.content
        parts = list(self.client.chat(MODEL, HELLO, options=GREEDY, stream=True))
        self.assertEqual("".join(part.message.content for part in parts), whole)
        self.assertEqual([part.done for part in parts], [False] * (len(parts) - 1) + [True])

    def test_generate_goes_on_from_its_context(self):
        first = self.client.generate(MODEL, "My name is Anna.", options=GREEDY)
        self.assertGreater(len(first.context), 10)
        second = self.client.generate(MODEL, "What is my name?", context=first.context, options=GREEDY)
        self.assertEqual(second.context[: len(first.context)], first.context)
        self.assertGreater(len(second.context), len(first.context) + 5)

    def test_what_does_not_fit_the_context_is_cut_and_shifted(self):
        short = {"temperature": 0, "num_ctx": 64, "num_predict": 80, "ignore_eos": True}
        counting = " ".join(str(number) for number in range(200))
        for call in (
            lambda **named: self.client.generate(MODEL, counting, raw=True, **named),
            lambda **named: self.client.generate(MODEL, counting, **named),
            lambda **named: self.client.chat(MODEL, [{"role": "user", "content": counting}], **named),
        ):
            answer = call(options=short)
            self.assertEqual((answer.eval_count, answer.done_reason), (80, "length"))
            self.assertLessEqual(answer.prompt_eval_count, 64)

    def test_what_may_not_be_cut_or_shifted_is_not(self):
        short = {"temperature": 0, "num_ctx": 64, "num_predict": 80, "ignore_eos": True}
        url = self.server.url + "/api/generate"
        body = {"model": MODEL, "prompt": "1 2 3", "raw": True, "stream": False, "options": short}
        answer = post(url, {**body, "shift": False})
        self.assertEqual((answer["done_reason"], answer["eval_count"]), ("length", 65 - answer["prompt_eval_count"]))
        cut = post(url, {**body, "prompt": "1 2 3 " * 40})
        whole = post(url, {**body, "prompt": "1 2 3 " * 40, "options": {"num_predict": 1}})
        self.assertEqual(cut["prompt_eval_count"] + cut["prompt_cut_count"], whole["prompt_eval_count"])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            post(url, {**body, "prompt": "1 2 3 " * 40, "truncate": False})
        self.assertEqual(caught.exception.code, 400)
        self.assertIn("raise num_ctx", caught.exception.read().decode())

    def test_raw_prompts_are_continued_as_they_are(self):
        answer = self.client.generate(BASE_MODEL, "One, two, three, four,", raw=True, options=GREEDY)
        self.assertIn("five", answer.response)
        self.assertIsNone(answer.context)

    def test_a_system_message_and_a_suffix(self):
        short = self.client.generate(MODEL, "Hi", system="Be brief.", options=GREEDY)
        long = self.client.generate(MODEL, "Hi", system="Be brief. " * 20, options=GREEDY)
        self.assertGreater(long.prompt_eval_count, short.prompt_eval_count + 20)
        self.refused(400, "does not support insert", self.client.generate, MODEL, "a", suffix="b")
        self.refused(400, "does not support thinking", self.client.generate, BASE_MODEL, "a", raw=True, think=True)

    def test_answers_follow_a_format(self):
        schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                  "required": ["name", "age"]}
        answer = self.client.chat(
            MODEL, [{"role": "user", "content": "Anna is 30 years old."}], format=schema,
            options={"temperature": 0, "num_predict": 60}
        )
        self.assertRegex(answer.message.content, r'^\{\s*"name"\s*:\s*"[^"]*"\s*,\s*"age"\s*:\s*[0-9]+\s*\}$')
        answer = self.client.chat(MODEL, HELLO, format="json", options=GREEDY)
        self.assertTrue(answer.message.content.lstrip().startswith("{"))

    def test_tells_logprobs(self):
        answer = self.client.chat(MODEL, HELLO, options=GREEDY, logprobs=True, top_logprobs=3)
        self.assertEqual(len(answer.logprobs), answer.eval_count)
        for each in answer.logprobs:
            self.assertEqual(len(each.top_logprobs), 3)
            self.assertLessEqual(each.logprob, 0)
            self.assertEqual(each.token, each.top_logprobs[0].token)

    def test_tools_need_a_template_that_knows_them(self):
        self.refused(400, "does not support tools", self.client.chat, MODEL, HELLO, tools=[WEATHER])
        self.refused(400, "does not support thinking", self.client.chat, MODEL, HELLO, think=True)
        self.refused(400, "does not support chat", self.client.chat, BASE_MODEL, HELLO)

    def test_embeds_texts(self):
        answer = self.client.embed(MODEL, ["a cat", "a dog", "stock market"])
        self.assertEqual([len(row) for row in answer.embeddings], [576] * 3)
        for row in answer.embeddings:
            self.assertAlmostEqual(math.sqrt(sum(x * x for x in row)), 1, 3)
        self.assertEqual(len(self.client.embed(MODEL, "a cat", dimensions=64).embeddings[0]), 64)
        self.assertEqual(len(self.client.embeddings(MODEL, "a cat").embedding), 576)
        self.assertEqual(len(self.client.embed(BASE_MODEL, "a cat").embeddings[0]), 640)

    def test_loads_lists_and_unloads(self):
        self.assertEqual(self.client.generate(BASE_MODEL, "", keep_alive="1h").done_reason, "load")
        self.assertEqual(self.client.generate(MODEL, "", keep_alive="1h").done_reason, "load")
        running = {model.model: model for model in self.client.ps().models}
        self.assertEqual(running[MODEL].context_length, 4096)
        self.assertIn(BASE_MODEL, running)
        self.assertEqual(self.client.generate(MODEL, "", keep_alive=0).done_reason, "unload")
        left = {model.model for model in self.client.ps().models}
        self.assertNotIn(MODEL, left)
        self.assertIn(BASE_MODEL, left)

    def test_what_is_not_built_yet_says_so(self):
        self.refused(501, "", self.client.pull, "smollm2:135m")
        self.refused(501, "", self.client.create, "mine", from_=MODEL)
        self.refused(501, "", self.client.copy, MODEL, "mine")
        self.refused(501, "", self.client.delete, MODEL)

    def test_bad_calls_are_refused_and_do_no_harm(self):
        self.refused(404, "model 'nope' not found", self.client.chat, "nope", HELLO)
        self.refused(400, "", self.client.chat, MODEL, HELLO, options={"num_ctx": "big"})
        self.refused(400, "", self.client.chat, MODEL, HELLO, format={"type": "nonsense"})
        self.assertTrue(self.client.chat(MODEL, HELLO, options=GREEDY).message.content)


class AsyncOllamaTest(unittest.IsolatedAsyncioTestCase, ServerTest):
    async def test_a_stream(self):
        client = ollama.AsyncClient(self.server.url)
        parts = [part async for part in await client.chat(MODEL, HELLO, options=GREEDY, stream=True)]
        self.assertTrue("".join(part.message.content for part in parts))
        self.assertTrue(parts[-1].done)


if __name__ == "__main__":
    unittest.main()
