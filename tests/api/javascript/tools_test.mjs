// Tools by the clients for JavaScript, on a model whose template knows them.
import assert from "node:assert/strict";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";

const { MULLAMA_URL: host } = process.env;
const model = "tools";
const messages = [{ role: "user", content: "What is the weather in Paris?" }];
const parameters = {
    type: "object", properties: { city: { type: "string", enum: ["Paris", "Rome"] } }, required: ["city"],
};
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

test("OpenAI's calls a function and gives back its result", async () => {
    const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: "unused", maxRetries: 0 });
    const cities = [];
    const get_weather = ({ city }) => {
        cities.push(city);
        return "Sun.";
    };
    const runner = client.chat.completions.runTools({
        model, messages, temperature: 0, max_tokens: 120, tool_choice: { type: "function", function: { name: "get_weather" } },
        tools: [{ type: "function", function: { name: "get_weather", description: "", parameters, parse: JSON.parse,
            function: get_weather } }],
    });
    await runner.done();
    assert.equal(cities.length, 1);
    assert.ok(["Paris", "Rome"].includes(cities[0]));
});

test("Anthropic's streams the use of a tool", async () => {
    const client = new Anthropic({ baseURL: host, apiKey: "unused", maxRetries: 0 });
    const stream = client.messages.stream({
        model, messages, max_tokens: 120, tool_choice: { type: "tool", name: "get_weather" },
        tools: [{ name: "get_weather", input_schema: parameters }],
    });
    const answer = await stream.finalMessage();
    assert.equal(answer.stop_reason, "tool_use");
    const use = answer.content.find((block) => block.type === "tool_use");
    assert.ok(["Paris", "Rome"].includes(use.input.city));
});

test("Ollama's takes tools and their results", async () => {
    const client = new Ollama({ host });
    const call = { function: { name: "get_weather", arguments: { city: "Paris" } } };
    const told = [...messages, { role: "assistant", content: "", tool_calls: [call] },
        { role: "tool", tool_name: "get_weather", content: "Sun." }];
    const options = { temperature: 0, num_predict: 24 };
    const asked = await client.chat({ model, messages, tools, options });
    const answer = await client.chat({ model, messages: told, tools, options });
    assert.ok(answer.prompt_eval_count > asked.prompt_eval_count + 10);
});
