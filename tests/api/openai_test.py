"""The official OpenAI client, as its users write it."""

import json
import math
import signal
import time
import unittest

from tests.api.harness import BASE_MODEL, MODEL, TIMEOUT_S, ServerTest

import openai
import pydantic

HELLO = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Person(pydantic.BaseModel):
    name: str
    age: int


class OpenAiTest(ServerTest):
    def setUp(self):
        self.client = openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="unused", max_retries=0)

    def chat(self, messages=HELLO, **named):
        return self.client.chat.completions.create(
            **{"model": MODEL, "messages": messages, "max_completion_tokens": 24, "temperature": 0, **named}
        )

    def test_models(self):
        self.assertIn(MODEL, [model.id for model in self.client.models.list()])
        for name in (MODEL, BASE_MODEL):
            self.assertEqual(self.client.models.retrieve(name).object, "model")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("nope")

    def test_chat(self):
        answer = self.chat()
        self.assertRegex(answer.id, r"^chatcmpl-")
        self.assertEqual((answer.object, answer.model), ("chat.completion", MODEL))
        choice = answer.choices[0]
        self.assertEqual((choice.message.role, choice.finish_reason), ("assistant", "stop"))
        self.assertTrue(choice.message.content)
        usage = answer.usage
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_a_chat_that_goes_on_computes_only_what_is_new(self):
        chat = [{"role": "system", "content": "You count the barrels in the harbour. " * 20}, *HELLO]
        alone = self.chat(chat, extra_body={"cache_prompt": False})
        self.assertEqual(alone.usage.prompt_tokens_details.cached_tokens, 0)
        first = self.chat(chat)
        self.assertEqual(first.choices[0].message.content, alone.choices[0].message.content)
        chat += [{"role": "assistant", "content": first.choices[0].message.content}, *HELLO]
        second = self.chat(chat).usage
        self.assertGreaterEqual(second.prompt_tokens_details.cached_tokens, first.usage.prompt_tokens)
        self.assertLess(second.prompt_tokens - second.prompt_tokens_details.cached_tokens, 40)

    def test_a_stream_adds_up_to_the_whole(self):
        whole = self.chat().choices[0].message.content
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True}))
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        self.assertEqual(text, whole)
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)
        self.assertEqual(chunks[-1].choices, [])
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)
        self.assertEqual(chunks[-2].choices[0].finish_reason, "stop")

    def test_several_choices(self):
        answer = self.chat(n=3, temperature=1, seed=7)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
        streamed = {}
        for chunk in self.chat(n=3, temperature=1, seed=7, stream=True):
            for choice in chunk.choices:
                streamed[choice.index] = streamed.get(choice.index, "") + (choice.delta.content or "")
        self.assertEqual(sorted(streamed), [0, 1, 2])

    def test_the_limit_and_stop_strings(self):
        self.assertEqual(self.chat(max_completion_tokens=2).choices[0].finish_reason, "length")
        self.assertEqual(self.chat(max_completion_tokens=None, max_tokens=2).usage.completion_tokens, 2)
        answer = self.chat(stop=["help"]).choices[0]
        self.assertEqual((answer.message.content, answer.finish_reason), ("Hello! How can I ", "stop"))

    def test_logprobs(self):
        content = self.chat(logprobs=True, top_logprobs=2).choices[0].logprobs.content
        for each in content:
            self.assertEqual(len(each.top_logprobs), 2)
            self.assertEqual(bytes(each.bytes).decode(), each.token)

    def test_a_biased_token_never_comes(self):
        first = self.chat(logprobs=True).choices[0].logprobs.content[0].token
        answer = self.client.post("/../tokenize", cast_to=dict, body={"model": MODEL, "content": first})
        self.assertEqual(len(answer["tokens"]), 1)
        biased = self.chat(logprobs=True, logit_bias={str(answer["tokens"][0]): -100})
        self.assertNotIn(first, [each.token for each in biased.choices[0].logprobs.content])

    def test_answers_follow_a_schema(self):
        answer = self.client.chat.completions.parse(
            model=MODEL, messages=[{"role": "user", "content": "Anna is 30 years old."}], response_format=Person,
            temperature=0
        )
        self.assertIsInstance(answer.choices[0].message.parsed, Person)
        answer = self.chat(
            [{"role": "user", "content": "Describe Paris as JSON with the keys name and country."}],
            response_format={"type": "json_object"}, max_completion_tokens=400
        )
        self.assertIsInstance(json.loads(answer.choices[0].message.content), dict)

    def test_conversations_with_parts_and_roles(self):
        answer = self.chat([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi."}, {"type": "text", "text": "Who are you?"}]},
            {"role": "assistant", "content": "A model."},
            {"role": "user", "content": "Go on."},
        ])
        self.assertTrue(answer.choices[0].message.content)

    def test_options_of_ollama_and_llama_server_are_extra_fields(self):
        self.assertTrue(self.chat(extra_body={"options": {"num_ctx": 512}, "min_p": 0.1, "top_k": 5}))
        answer = self.chat(extra_body={"grammar": 'root ::= "yes" | "no"'})
        self.assertIn(answer.choices[0].message.content, ("yes", "no"))
        for where in ({"regex": "\\d{4}-(0[1-9]|1[0-2])"}, {"options": {"regex": "^\\d{4}-(0[1-9]|1[0-2])$"}}):
            answer = self.chat(extra_body=where)
            self.assertRegex(answer.choices[0].message.content, r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z")
        for wrong, message in (({"regex": "(a"}, "the '(' has no ')'"),
                               ({"regex": "a", "grammar": 'root ::= "a"'}, "give one of them")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat(extra_body=wrong)
            self.assertIn(message, caught.exception.message)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat([{"role": "user", "content": "word " * 200}], extra_body={"num_ctx": 64})
        self.assertIn("num_ctx", caught.exception.message)

    def test_completions(self):
        answer = self.client.completions.create(
            model=BASE_MODEL, prompt=["One, two, three, four,", "Monday, Tuesday, Wednesday,"], max_tokens=4, temperature=0
        )
        self.assertIn("five", answer.choices[0].text)
        self.assertIn("Thursday", answer.choices[1].text)
        echoed = self.client.completions.create(model=BASE_MODEL, prompt="One, two,", max_tokens=2, echo=True, n=2)
        for choice in echoed.choices:
            self.assertTrue(choice.text.startswith("One, two,"))
        best = self.client.completions.create(model=BASE_MODEL, prompt="Once", max_tokens=4, best_of=3, logprobs=2)
        self.assertEqual(len(best.choices), 1)
        self.assertEqual(len(best.choices[0].logprobs.tokens), 4)
        chunks = self.client.completions.create(model=BASE_MODEL, prompt=[1, 2, 3], max_tokens=3, stream=True)
        self.assertEqual([chunk.choices[0].finish_reason for chunk in chunks][-1], "length")

    def test_embeddings(self):
        answer = self.client.embeddings.create(model=MODEL, input=["a cat", "a dog"])
        self.assertEqual([each.index for each in answer.data], [0, 1])
        self.assertAlmostEqual(math.sqrt(sum(x * x for x in answer.data[0].embedding)), 1, 3)
        floats = self.client.embeddings.create(model=MODEL, input="a cat", encoding_format="float", dimensions=32)
        self.assertEqual(len(floats.data[0].embedding), 32)
        self.assertEqual(len(self.client.embeddings.create(model=MODEL, input=[[1, 2, 3]]).data), 1)
        self.assertEqual(len(self.client.embeddings.create(model=BASE_MODEL, input="a cat").data[0].embedding), 640)

    def test_tools_need_a_template_that_knows_them(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(tools=[WEATHER])
        self.assertIn("does not support tools", caught.exception.message)

    def test_errors_have_openais_shape(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.chat(model="nope")
        self.assertEqual(caught.exception.body["type"], "not_found_error")
        with self.assertRaisesRegex(openai.BadRequestError, "does not support chat"):
            self.chat(model=BASE_MODEL)
        with self.assertRaises(openai.BadRequestError):
            self.chat([])
        with self.assertRaises(openai.BadRequestError):
            self.chat(n=0)
        with self.assertRaises(openai.BadRequestError):
            self.chat(temperature="hot")

    def test_speech_is_not_there_yet(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            self.client.audio.transcriptions.create(model=MODEL, file=("a.wav", b"RIFF"))
        self.assertEqual(caught.exception.status_code, 501)


class AsyncOpenAiTest(unittest.IsolatedAsyncioTestCase, ServerTest):
    async def test_a_stream(self):
        async with openai.AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key="unused") as client:
            stream = await client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8, stream=True)
            chunks = [chunk async for chunk in stream]
        self.assertTrue("".join(chunk.choices[0].delta.content or "" for chunk in chunks))


class RestartTest(ServerTest):
    def ask(self):
        chat = [{"role": "system", "content": "You count the barrels in the harbour. " * 40}, *HELLO]
        with openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="unused") as client:
            return client.chat.completions.create(model=MODEL, messages=chat, max_tokens=8, temperature=0)

    def test_prompts_are_known_after_the_server_was_killed(self):
        first = self.ask()
        self.assertEqual(first.usage.prompt_tokens_details.cached_tokens, 0)
        # Their writing ends soon after the answer.
        folder = self.server.home / "snapshots"
        for _ in range(TIMEOUT_S):
            if len(list(folder.glob("*/*.snapshot"))) * 256 >= first.usage.prompt_tokens:
                break
            time.sleep(1)
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait(TIMEOUT_S)
        self.server.start()
        second = self.ask()
        self.assertGreaterEqual(second.usage.prompt_tokens_details.cached_tokens, first.usage.prompt_tokens - 1)
        self.assertTrue(second.choices[0].message.content)
        self.assertEqual(folder.stat().st_mode & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
