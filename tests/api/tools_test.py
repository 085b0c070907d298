"""Tools and thinking, which SmolLM2 knows only behind templates of other models."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from tests.api.harness import ServerTest, run_javascript

import anthropic
import ollama
import openai
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

TEMPLATES = {"tools": "Qwen-Qwen2.5-7B-Instruct", "thinks": "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"}
ASK = [{"role": "user", "content": "What is the weather in Paris?"}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
    "required": ["city"],
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": SCHEMA}}


def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: Its name.
    """
    return f"Sun over {city}."


class ToolsTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mullama_api_models_"))
        cls.addClassCleanup(shutil.rmtree, folder)
        arguments = []
        for name, template in TEMPLATES.items():
            file = folder / f"{name}.gguf"
            subprocess.run([os.environ["MULLAMA_TEMPLATE_MODEL"], template, file], check=True)
            arguments += ["--model", f"{name}={file}"]
        cls.ARGUMENTS = arguments
        super().setUpClass()

    def setUp(self):
        self.openai = openai.OpenAI(base_url=f"{self.server.url}/v1", api_key="unused", max_retries=0)
        self.anthropic = anthropic.Anthropic(base_url=self.server.url, api_key="unused", max_retries=0)
        self.ollama = ollama.Client(self.server.url)

    def chat(self, messages=ASK, **named):
        return self.openai.chat.completions.create(
            **{"model": "tools", "messages": messages, "max_tokens": 120, "temperature": 0, "tools": [WEATHER, TIME],
               "parallel_tool_calls": False, **named}
        )

    def message(self, messages=ASK, **named):
        tools = [{"name": "get_weather", "input_schema": SCHEMA}, {"name": "get_time", "input_schema": SCHEMA}]
        return {"model": "tools", "messages": messages, "max_tokens": 120, "extra_body": {"temperature": 0},
                "tools": tools, **named}

    def test_an_answer_with_a_shape_is_that_or_a_call(self):
        shape = {"type": "json_schema", "json_schema": {"name": "sky", "schema": SCHEMA}}
        message = self.chat(response_format=shape).choices[0].message
        if not message.tool_calls:
            self.assertIn(json.loads(message.content)["city"], ("Paris", "Rome"))
        called = self.chat(response_format=shape, tool_choice="required").choices[0]
        self.assertEqual(called.finish_reason, "tool_calls")
        self.assertEqual(len(called.message.tool_calls), 1)

    def test_openai_calls_and_takes_the_result(self):
        choice = self.chat(tool_choice="required").choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        [call] = choice.message.tool_calls
        self.assertIn(call.function.name, ("get_weather", "get_time"))
        self.assertIn(json.loads(call.function.arguments)["city"], ("Paris", "Rome"))
        result = {"role": "tool", "tool_call_id": call.id, "content": "Sun."}
        answer = self.chat([*ASK, choice.message, result], tool_choice="none")
        self.assertTrue(answer.choices[0].message.content)
        self.assertGreater(answer.usage.prompt_tokens, self.chat(tool_choice="none").usage.prompt_tokens + 20)

    def test_openai_streams_a_named_call(self):
        named = {"type": "function", "function": {"name": "get_time"}}
        whole = self.chat(tool_choice=named).choices[0].message.tool_calls[0].function
        self.assertEqual(whole.name, "get_time")
        pieces = []
        for chunk in self.chat(tool_choice=named, stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                pieces.append(call.function)
        self.assertEqual(pieces[0].name, "get_time")
        self.assertEqual("".join(piece.arguments or "" for piece in pieces), whole.arguments)

    def test_openai_responses_call(self):
        answer = self.openai.responses.create(
            model="tools", input=ASK, temperature=0, max_output_tokens=120, tool_choice="required",
            parallel_tool_calls=False,
            tools=[{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}]
        )
        [call] = [item for item in answer.output if item.type == "function_call"]
        self.assertEqual(call.name, "get_weather")
        answer = self.openai.responses.create(
            model="tools", previous_response_id=answer.id, temperature=0, max_output_tokens=8,
            input=[{"type": "function_call_output", "call_id": call.call_id, "output": "Sun."}]
        )
        self.assertTrue(answer.output_text)

    def test_anthropic_uses_a_tool_and_takes_the_result(self):
        choice = {"type": "any", "disable_parallel_tool_use": True}
        with self.anthropic.messages.stream(**self.message(tool_choice=choice)) as stream:
            events = [event.type for event in stream]
            answer = stream.get_final_message()
        self.assertIn("input_json", events)
        self.assertEqual(answer.stop_reason, "tool_use")
        [use] = [block for block in answer.content if block.type == "tool_use"]
        self.assertRegex(use.id, "^toolu_")
        self.assertIn(use.input["city"], ("Paris", "Rome"))
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "No such city.", "is_error": True}
        answer = self.anthropic.messages.create(**self.message(
            [*ASK, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}],
            tool_choice={"type": "none"},
        ))
        self.assertEqual(answer.content[0].type, "text")
        named = self.message(tool_choice={"type": "tool", "name": "get_time"})
        self.assertEqual(self.anthropic.messages.create(**named).content[-1].name, "get_time")

    def test_ollama_takes_functions_and_results(self):
        call = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}
        told = [*ASK, {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_name": "get_weather", "content": get_weather("Paris")}]
        options = {"temperature": 0, "num_predict": 60}
        asked = self.ollama.chat("tools", ASK, tools=[get_weather], options=options)
        for made in asked.message.tool_calls or []:
            self.assertIsInstance(made.function.arguments, dict)
        answer = self.ollama.chat("tools", told, tools=[get_weather], options=options)
        self.assertGreater(answer.prompt_eval_count, asked.prompt_eval_count + 20)
        self.assertIn("tools", self.ollama.show("tools").capabilities)

    def test_langchain_binds_tools(self):
        chats = (
            ChatOpenAI(model="tools", base_url=f"{self.server.url}/v1", api_key="unused", temperature=0, max_tokens=120),
            ChatAnthropic(model="tools", base_url=self.server.url, api_key="unused", temperature=0, max_tokens=120),
        )
        for chat in chats:
            with self.subTest(type(chat).__name__):
                calls = chat.bind_tools([get_weather], tool_choice="any").invoke("Weather in Rome?").tool_calls
                self.assertEqual(calls[0]["name"], "get_weather")
                self.assertIn("city", calls[0]["args"])

    def test_javascript_clients_call(self):
        run_javascript(self, "tools_test.mjs")

    def test_thinking_comes_apart(self):
        answer = self.ollama.chat("thinks", ASK, think=True, options={"temperature": 0, "num_predict": 24})
        self.assertTrue(answer.message.thinking)
        self.assertIn("thinking", self.ollama.show("thinks").capabilities)
        chunks = self.openai.chat.completions.create(model="thinks", messages=ASK, max_tokens=24, stream=True)
        self.assertTrue("".join(getattr(chunk.choices[0].delta, "reasoning", None) or "" for chunk in chunks))
        # A budget is at least 1,024 tokens; the small context ends it sooner.
        answer = self.anthropic.messages.create(
            model="thinks", messages=ASK, max_tokens=1100, thinking={"type": "enabled", "budget_tokens": 1024},
            extra_body={"temperature": 0, "num_ctx": 128}
        )
        self.assertEqual(answer.content[0].type, "thinking")
        self.assertTrue(answer.content[0].thinking)


if __name__ == "__main__":
    unittest.main()
