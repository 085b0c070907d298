// The official Anthropic client for JavaScript, as its users write it.
import assert from "node:assert/strict";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const { MULLAMA_URL: baseURL, MULLAMA_MODEL: model } = process.env;
const client = new Anthropic({ baseURL, apiKey: "unused", maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
const greedy = { model, messages, temperature: 0, max_tokens: 24 };

test("answers", async () => {
    const answer = await client.messages.create(greedy);
    assert.equal(answer.content[0].text, "Hello! How can I help you today?");
    assert.equal(answer.stop_reason, "end_turn");
});

test("streams", async () => {
    const stream = client.messages.stream(greedy);
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const answer = await stream.finalMessage();
    assert.equal(text, "Hello! How can I help you today?");
    assert.equal(answer.content[0].text, text);
});

test("counts tokens", async () => {
    const counted = await client.messages.countTokens({ model, messages });
    assert.ok(counted.input_tokens > 10);
});

test("errors are of its classes", async () => {
    await assert.rejects(client.messages.create({ ...greedy, model: "nope" }), Anthropic.NotFoundError);
    await assert.rejects(client.messages.create({ ...greedy, messages: [] }), Anthropic.BadRequestError);
});
