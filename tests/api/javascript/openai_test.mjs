// The official OpenAI client for JavaScript, as its users write it.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { toFile } from "openai";

const { MULLAMA_URL: host, MULLAMA_MODEL: model, MULLAMA_BASE_MODEL: base } = process.env;
const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: "unused", maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
const greedy = { model, messages, temperature: 0, max_completion_tokens: 24 };

test("lists models", async () => {
    const ids = [];
    for await (const each of client.models.list()) ids.push(each.id);
    assert.ok(ids.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
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
    const prompt = "One, two, three, four,";
    const text = await client.completions.create({ model: base, prompt, max_tokens: 4, temperature: 0 });
    assert.match(text.choices[0].text, /five/);
    let streamed = "";
    const stream = await client.completions.create({ model: base, prompt, max_tokens: 4, temperature: 0, stream: true });
    for await (const chunk of stream) streamed += chunk.choices[0].text;
    assert.equal(streamed, text.choices[0].text);
    const { data } = await client.embeddings.create({ model, input: ["a", "b"] });
    assert.deepEqual(data.map((each) => each.embedding.length), [576, 576]);
});

test("keeps, continues and deletes responses", async () => {
    const asked = { model, input: "Say hello.", max_output_tokens: 8, temperature: 0 };
    const first = await client.responses.create(asked);
    assert.ok(first.output_text);
    const second = await client.responses.create({ ...asked, input: "Again.", previous_response_id: first.id });
    assert.equal((await client.responses.retrieve(second.id)).previous_response_id, first.id);
    const { data } = await client.responses.inputItems.list(second.id);
    assert.equal(data[0].content[0].text, "Again.");
    await client.responses.delete(first.id);
    await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
    await assert.rejects(client.responses.cancel(second.id), OpenAI.BadRequestError);
});

test("streams responses", async () => {
    const events = [];
    let text = "";
    const stream = client.responses.stream({ model, input: "Say hello.", max_output_tokens: 8, temperature: 0 });
    for await (const event of stream) {
        events.push(event.type);
        if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(events[0], "response.created");
    const response = await stream.finalResponse();
    assert.equal(response.output_text, text);
});

test("keeps files and answers batches", async () => {
    const body = { model, messages, max_tokens: 4 };
    const line = JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body });
    const file = await client.files.create({ file: await toFile(Buffer.from(line), "in.jsonl"), purpose: "batch" });
    assert.equal((await client.files.retrieve(file.id)).filename, "in.jsonl");
    let batch = await client.batches.create({
        input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h",
    });
    while (!["completed", "failed"].includes(batch.status)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        batch = await client.batches.retrieve(batch.id);
    }
    assert.equal(batch.status, "completed");
    const answers = await (await client.files.content(batch.output_file_id)).text();
    assert.equal(JSON.parse(answers).custom_id, "a");
    await assert.rejects(client.batches.cancel(batch.id), OpenAI.BadRequestError);
    const listed = [];
    for await (const each of client.batches.list()) listed.push(each.id);
    assert.ok(listed.includes(batch.id));
    assert.ok((await client.files.delete(file.id)).deleted);
});

test("speech is not there yet", async () => {
    const file = await toFile(Buffer.from("RIFF"), "a.wav");
    await assert.rejects(client.audio.transcriptions.create({ model, file }), { status: 501 });
});

test("errors are of its classes", async () => {
    await assert.rejects(client.chat.completions.create({ ...greedy, model: "nope" }), OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create({ ...greedy, messages: [] }), OpenAI.BadRequestError);
});
