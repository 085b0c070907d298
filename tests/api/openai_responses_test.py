"""The official OpenAI client's responses: kept, continued, cancelled and deleted."""

import unittest

from tests.api.harness import MODEL, ServerTest

import openai
import pydantic

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Capital(pydantic.BaseModel):
    city: str
    population: int


class OpenAiResponsesTest(ServerTest):
    def setUp(self):
        self.client = openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="unused", max_retries=0)

    def respond(self, question="Say hello.", **named):
        return self.client.responses.create(
            **{"model": MODEL, "input": question, "max_output_tokens": 16, "temperature": 0, **named}
        )

    def test_a_response_is_kept(self):
        response = self.respond(metadata={"a": "b"})
        self.assertRegex(response.id, r"^resp_")
        self.assertTrue(response.output_text)
        self.assertEqual(response.metadata, {"a": "b"})
        usage = response.usage
        self.assertEqual(usage.total_tokens, usage.input_tokens + usage.output_tokens)
        self.assertEqual(self.client.responses.retrieve(response.id), response)
        self.client.responses.delete(response.id)
        with self.assertRaises(openai.NotFoundError):
            self.client.responses.retrieve(response.id)

    def test_a_response_is_not_kept_where_it_shall_not_be(self):
        response = self.respond(store=False)
        with self.assertRaises(openai.NotFoundError):
            self.client.responses.retrieve(response.id)

    def test_a_response_continues_another(self):
        first = self.respond()
        second = self.respond("What did I ask?", previous_response_id=first.id)
        self.assertGreater(second.usage.input_tokens, first.usage.input_tokens + first.usage.output_tokens)
        self.assertEqual(second.previous_response_id, first.id)
        items = self.client.responses.input_items.list(second.id, order="asc")
        self.assertEqual(
            [item.content[0].text for item in items],
            ["What did I ask?"],
        )
        with self.assertRaisesRegex(openai.BadRequestError, "resp_none"):
            self.respond(previous_response_id="resp_none")

    def test_tokens_are_counted_before_a_response_is_made(self):
        counted = self.client.responses.input_tokens.count(model=MODEL, input="Say hello.")
        self.assertEqual(counted.input_tokens, self.respond().usage.input_tokens)

    def test_responses_outlive_the_server(self):
        response = self.respond()
        self.server.stop()
        self.server.start()
        self.setUp()
        self.assertEqual(self.client.responses.retrieve(response.id), response)

    def test_a_stream_has_its_order(self):
        with self.client.responses.stream(
            model=MODEL, input="Say hello.", temperature=0, max_output_tokens=200,
            include=["message.output_text.logprobs"], top_logprobs=1,
        ) as stream:
            events = [event for event in stream]
            final = stream.get_final_response()
        types = [event.type for event in events]
        self.assertEqual(types[:4], ["response.created", "response.in_progress", "response.output_item.added",
                                     "response.content_part.added"])
        self.assertEqual(types[-4:-1], ["response.output_text.done", "response.content_part.done",
                                        "response.output_item.done"])
        self.assertEqual(types[-1], "response.completed")
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        self.assertEqual(text, final.output_text)
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))

    def test_a_shape_is_kept_to(self):
        response = self.client.responses.parse(
            model=MODEL, input="What is the capital of France?", text_format=Capital, temperature=0,
            max_output_tokens=100,
        )
        self.assertIsInstance(response.output_parsed, Capital)

    def test_a_tool_result_is_read(self):
        answer = self.respond([
            {"role": "user", "content": "Weather in Paris?"},
            {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"},
        ])
        self.assertEqual(answer.output[0].type, "message")
        with self.assertRaisesRegex(openai.BadRequestError, "does not support tools"):
            self.respond(tools=[WEATHER])

    def test_a_running_response_is_cancelled(self):
        events = self.respond("Write a very long story.", stream=True, max_output_tokens=4000)
        created = next(events).response
        self.assertEqual(self.client.responses.retrieve(created.id).status, "in_progress")
        for event in events:
            if event.type == "response.output_text.delta":
                break
        self.assertEqual(self.client.responses.cancel(created.id).status, "cancelled")
        *_, last = events
        self.assertEqual(last.response.status, "cancelled")
        self.assertEqual(self.client.responses.retrieve(created.id).status, "cancelled")

    def test_mistakes_are_told(self):
        for named, text in (
            ({"background": True}, "background"),
            ({"tools": [{"type": "web_search"}]}, "web_search"),
            ({"conversation": "conv_1"}, "previous_response_id"),
            ({"truncation": "some"}, "auto or disabled"),
            ({"input": []}, "input is required"),
        ):
            with self.subTest(named), self.assertRaisesRegex(openai.BadRequestError, text):
                self.respond(**{"question": named.pop("input", "Hi"), **named})
        with self.assertRaises(openai.NotFoundError):
            self.respond(model="none")
        finished = self.respond()
        with self.assertRaisesRegex(openai.BadRequestError, "synchronous"):
            self.client.responses.cancel(finished.id)


if __name__ == "__main__":
    unittest.main()
