// The official OpenAI client for JavaScript, as its users write it.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const { MULLAMA_URL: host, MULLAMA_MODEL: model } = process.env;
const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: "unused", maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
const greedy = { model, messages, temperature: 0, max_completion_tokens: 24 };

test("lists models", async () => {
    const ids = [];
    for await (const each of client.models.list()) ids.push(each.id);
    assert.ok(ids.includes(model));
});

test("chats", async () => {
    const answer = await client.chat.completions.create(greedy);
    assert.equal(answer.choices[0].message.content, "Hello! How can I help you today?");
    assert.equal(answer.choices[0].finish_reason, "stop");
});

test("streams", async () => {
    const stream = client.chat.completions.stream({ ...greedy, stream_options: { include_usage: true } });
    let text = "";
    stream.on("content", (delta) => (text += delta));
    const answer = await stream.finalChatCompletion();
    assert.equal(text, "Hello! How can I help you today?");
    assert.equal(answer.choices[0].message.content, text);
    assert.ok(answer.usage.completion_tokens > 0);
});

test("answers with JSON", async () => {
    const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"], additionalProperties: false };
    const answer = await client.chat.completions.create({
        ...greedy, response_format: { type: "json_schema", json_schema: { name: "a", strict: true, schema } },
    });
    assert.equal(typeof JSON.parse(answer.choices[0].message.content).ok, "boolean");
});

test("continues prompts and embeds texts", async () => {
    const text = await client.completions.create({ model, prompt: "One, two,", max_tokens: 4 });
    assert.equal(text.usage.completion_tokens, 4);
    const { data } = await client.embeddings.create({ model, input: ["a", "b"] });
    assert.deepEqual(data.map((each) => each.embedding.length), [576, 576]);
});

test("errors are of its classes", async () => {
    await assert.rejects(client.chat.completions.create({ ...greedy, model: "nope" }), OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create({ ...greedy, messages: [] }), OpenAI.BadRequestError);
});
