// The official Ollama client for JavaScript, as its users write it.
import assert from "node:assert/strict";
import test from "node:test";
import { Ollama } from "ollama";

const { MULLAMA_URL: host, MULLAMA_MODEL: model, MULLAMA_BASE_MODEL: base } = process.env;
const client = new Ollama({ host });
const messages = [{ role: "user", content: "Hi" }];
const options = { temperature: 0, num_predict: 24 };

test("lists, describes, and tells its version", async () => {
    const { models } = await client.list();
    assert.ok(models.some((each) => each.name === model));
    const shown = await client.show({ model });
    assert.equal(shown.details.family, "llama");
    assert.match((await client.version()).version, /^[0-9]+\./);
    await assert.rejects(client.show({ model: "nope" }), { status_code: 404 });
});

test("chats", async () => {
    const answer = await client.chat({ model, messages, options });
    assert.equal(answer.message.content, "Hello! How can I help you today?");
    assert.equal(answer.done_reason, "stop");
});

test("streams", async () => {
    let text = "";
    for await (const part of await client.chat({ model, messages, options, stream: true })) text += part.message.content;
    assert.equal(text, "Hello! How can I help you today?");
});

test("a stream may be left", async () => {
    const stream = await client.generate({ model, prompt: "Tell a long story.", stream: true });
    for await (const part of stream) {
        assert.ok(!part.done);
        stream.abort();
        break;
    }
});

test("generates with both models", async () => {
    assert.ok((await client.generate({ model, prompt: "Hi", options })).response);
    const raw = await client.generate({ model: base, prompt: "One, two, three, four,", raw: true, options });
    assert.match(raw.response, /five/);
    await assert.rejects(client.chat({ model: base, messages }), { status_code: 400, error: /does not support chat/ });
});

test("follows a format", async () => {
    const format = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
    const answer = await client.chat({ model, messages, format, options });
    assert.equal(typeof JSON.parse(answer.message.content).ok, "boolean");
});

test("embeds", async () => {
    const { embeddings } = await client.embed({ model, input: ["a", "b"] });
    assert.deepEqual(embeddings.map((row) => row.length), [576, 576]);
    assert.equal((await client.embeddings({ model, prompt: "a" })).embedding.length, 576);
});

test("what is not built yet says so", async () => {
    for (const call of [
        () => client.pull({ model }),
        () => client.push({ model }),
        () => client.create({ model: "mine", from: model }),
        () => client.copy({ source: model, destination: "mine" }),
        () => client.delete({ model }),
    ]) {
        await assert.rejects(call, { status_code: 501 });
    }
});

test("loads and unloads", async () => {
    await client.generate({ model, prompt: "", keep_alive: "1h" });
    const loaded = async () => (await client.ps()).models.map((each) => each.name);
    assert.ok((await loaded()).includes(model));
    await client.generate({ model, prompt: "", keep_alive: 0 });
    assert.ok(!(await loaded()).includes(model));
});

test("errors carry the status and the message", async () => {
    await assert.rejects(client.chat({ model: "nope", messages }), { status_code: 404, error: /model 'nope' not found/ });
});
