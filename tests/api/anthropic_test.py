"""The official Anthropic client, as its users write it."""

import unittest

from tests.api.harness import BASE_MODEL, MODEL, ServerTest

import anthropic

HELLO = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def prompt_tokens(answer):
    return answer.usage.input_tokens + answer.usage.cache_read_input_tokens


class AnthropicTest(ServerTest):
    def setUp(self):
        self.client = anthropic.Anthropic(base_url=self.server.url, api_key="unused", max_retries=0)

    def create(self, messages=HELLO, **named):
        return self.client.messages.create(
            **{"model": MODEL, "messages": messages, "max_tokens": 24, "extra_body": {"temperature": 0}, **named}
        )

    def test_messages(self):
        answer = self.create()
        self.assertRegex(answer.id, r"^msg_")
        self.assertRegex(answer._request_id, r"^req_")
        self.assertEqual((answer.type, answer.role, answer.model), ("message", "assistant", MODEL))
        self.assertEqual((answer.stop_reason, answer.stop_sequence), ("end_turn", None))
        self.assertEqual(answer.content[0].type, "text")
        self.assertGreater(prompt_tokens(answer), 10)
        self.assertGreater(answer.usage.output_tokens, 1)

    def test_a_stream_adds_up_to_the_whole(self):
        whole = self.create().content[0].text
        with self.client.messages.stream(
            model=MODEL, messages=HELLO, max_tokens=24, extra_body={"temperature": 0}
        ) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(text, whole)
        self.assertEqual(final.content[0].text, whole)
        self.assertEqual(final.stop_reason, "end_turn")
        events = [event.type for event in self.create(stream=True)]
        self.assertEqual(events[:2], ["message_start", "content_block_start"])
        self.assertEqual(events[-3:], ["content_block_stop", "message_delta", "message_stop"])

    def test_the_limit_and_stop_sequences(self):
        self.assertEqual(self.create(max_tokens=2).stop_reason, "max_tokens")
        answer = self.create(stop_sequences=["xyz", "help"])
        self.assertEqual((answer.stop_reason, answer.stop_sequence), ("stop_sequence", "help"))
        self.assertEqual(answer.content[0].text, "Hello! How can I ")

    def test_system_blocks_and_parts(self):
        plain = self.create(system="Be brief. Be kind.")
        blocks = self.create(
            [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}],
            system=[{"type": "text", "text": "Be brief. "}, {"type": "text", "text": "Be kind.",
                    "cache_control": {"type": "ephemeral"}}],
        )
        self.assertGreater(prompt_tokens(plain), 0)
        self.assertTrue(blocks.content[0].text)

    def test_an_answer_may_be_begun(self):
        answer = self.create([*HELLO, {"role": "assistant", "content": "Ahoy"}])
        self.assertFalse(answer.content[0].text.startswith("Ahoy"))

    def test_counts_tokens(self):
        counted = self.client.messages.count_tokens(model=MODEL, messages=HELLO)
        self.assertEqual(counted.input_tokens, prompt_tokens(self.create()))

    def test_tells_what_was_read_from_the_cache(self):
        system = "You keep the harbour master's diary. " * 20
        first = self.create(system=system)
        self.create([{"role": "user", "content": "Who comes?"}], system=system)
        second = self.create([{"role": "user", "content": "What comes?"}], system=system)
        self.assertGreater(second.usage.cache_read_input_tokens, 100)
        self.assertLess(second.usage.input_tokens, 40)
        self.assertLess(abs(prompt_tokens(second) - prompt_tokens(first)), 10)

    def test_tools_need_a_template_that_knows_them(self):
        with self.assertRaises(anthropic.BadRequestError) as caught:
            self.create(tools=[WEATHER])
        self.assertIn("does not support tools", str(caught.exception))

    def test_errors_have_anthropics_shape(self):
        with self.assertRaises(anthropic.NotFoundError) as caught:
            self.create(model="nope")
        self.assertEqual(caught.exception.body["error"]["type"], "not_found_error")
        self.assertRegex(caught.exception.request_id, r"^req_")
        with self.assertRaisesRegex(anthropic.BadRequestError, "does not support chat"):
            self.create(model=BASE_MODEL)
        with self.assertRaises(anthropic.BadRequestError):
            self.create([])
        with self.assertRaises(anthropic.BadRequestError):
            self.create([{"role": "nobody", "content": "x"}])


class AsyncAnthropicTest(unittest.IsolatedAsyncioTestCase, ServerTest):
    async def test_a_stream(self):
        async with anthropic.AsyncAnthropic(base_url=self.server.url, api_key="unused") as client:
            async with client.messages.stream(model=MODEL, messages=HELLO, max_tokens=8) as stream:
                text = "".join([piece async for piece in stream.text_stream])
        self.assertTrue(text)


if __name__ == "__main__":
    unittest.main()
