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

test("takes system blocks, stops where it is told to, and begins where it is told to", async () => {
    const stopped = await client.messages.create({
        ...greedy, stop_sequences: ["help"], system: [{ type: "text", text: "You are a helpful assistant." }],
    });
    assert.deepEqual([stopped.stop_reason, stopped.stop_sequence], ["stop_sequence", "help"]);
    const begun = await client.messages.create({ ...greedy, messages: [...messages, { role: "assistant", content: "Ahoy" }] });
    assert.ok(!begun.content[0].text.startsWith("Ahoy"));
});

test("streams events in their order", async () => {
    const events = [];
    for await (const event of await client.messages.create({ ...greedy, stream: true })) events.push(event.type);
    assert.deepEqual(events.slice(0, 2), ["message_start", "content_block_start"]);
    assert.deepEqual(events.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
});

test("counts tokens", async () => {
    const counted = await client.messages.countTokens({ model, messages });
    assert.ok(counted.input_tokens > 10);
});

test("errors are of its classes", async () => {
    await assert.rejects(client.messages.create({ ...greedy, model: "nope" }), Anthropic.NotFoundError);
    await assert.rejects(client.messages.create({ ...greedy, messages: [] }), Anthropic.BadRequestError);
});
