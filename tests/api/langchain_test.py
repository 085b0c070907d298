"""LangChain's three connectors."""

import unittest

from tests.api.harness import MODEL, ServerTest

from langchain_anthropic import ChatAnthropic
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


class LangChainTest(ServerTest):
    def chats(self):
        """The same model by each connector."""
        yield ChatOllama(model=MODEL, base_url=self.server.url, temperature=0, num_predict=12)
        yield ChatOpenAI(model=MODEL, base_url=f"{self.server.url}/v1", api_key="unused", temperature=0, max_tokens=12)
        yield ChatAnthropic(model=MODEL, base_url=self.server.url, api_key="unused", max_tokens=12)

    def test_chats_answer(self):
        for chat in self.chats():
            with self.subTest(type(chat).__name__):
                answer = chat.invoke([("system", "Be brief."), ("human", "Say hello.")])
                self.assertTrue(answer.content)
                self.assertGreater(answer.usage_metadata["input_tokens"], 5)

    def test_chats_stream(self):
        for chat in self.chats():
            with self.subTest(type(chat).__name__):
                chunks = list(chat.stream("Say hello."))
                self.assertGreater(len(chunks), 1)
                self.assertTrue("".join(chunk.text for chunk in chunks))

    def test_structured_answers(self):
        chats = (
            ChatOllama(model=MODEL, base_url=self.server.url, temperature=0, num_predict=80),
            ChatOpenAI(model=MODEL, base_url=f"{self.server.url}/v1", api_key="unused", temperature=0),
        )
        for chat in chats:
            with self.subTest(type(chat).__name__):
                answer = chat.with_structured_output(Person, method="json_schema").invoke("Anna is 30 years old.")
                self.assertIsInstance(answer, Person)

    def test_completions(self):
        self.assertTrue(OllamaLLM(model=MODEL, base_url=self.server.url, num_predict=8).invoke("Once upon a time"))
        llm = OpenAI(model=MODEL, base_url=f"{self.server.url}/v1", api_key="unused", max_tokens=8)
        self.assertTrue(llm.invoke("Once upon a time"))

    def test_embeddings(self):
        for embeddings in (
            OllamaEmbeddings(model=MODEL, base_url=self.server.url),
            OpenAIEmbeddings(
                model=MODEL, base_url=f"{self.server.url}/v1", api_key="unused", check_embedding_ctx_length=False
            ),
        ):
            with self.subTest(type(embeddings).__name__):
                rows = embeddings.embed_documents(["a cat", "a dog"])
                self.assertEqual([len(row) for row in rows], [576, 576])
                self.assertEqual(len(embeddings.embed_query("a cat")), 576)


if __name__ == "__main__":
    unittest.main()
