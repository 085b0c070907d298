"""Requests of several keys on a server that answers one at a time: who goes first."""

import threading
import unittest

from tests.api.harness import MODEL, ServerTest

import openai


class PrioritiesTest(ServerTest):
    ARGUMENTS = ("--num-parallel", "1", "--api-key", "usual", "--api-key", "nightly priority=5")

    def setUp(self):
        # One that is made in the middle of an answer might come too late.
        self.clients = {
            key: openai.OpenAI(base_url=f"{self.server.url}/v1", api_key=key, max_retries=0)
            for key in ("usual", "nightly")
        }

    def ask(self, key, tokens, **more):
        return self.clients[key].completions.create(
            model=MODEL, prompt="One day a fox", max_tokens=tokens, temperature=0, seed=1, stream=True,
            extra_body={"ignore_eos": True, **more}
        )

    def overtake(self, key, **more):
        """Lets a request of this key come amid a long answer of the other. Gives whether it came first, and the text of
        the long answer."""
        ended = []
        long = iter(self.ask("usual" if key == "nightly" else "nightly", 400))
        text = next(long).choices[0].text

        def ask():
            for _ in self.ask(key, 3, **more):
                pass
            ended.append("short")

        asking = threading.Thread(target=ask)
        asking.start()
        text += "".join(chunk.choices[0].text for chunk in long)
        ended.append("long")
        asking.join()
        return ended[0] == "short", text

    def test_a_lower_number_takes_the_place_of_a_higher_one_that_goes_on_later(self):
        alone = "".join(chunk.choices[0].text for chunk in self.ask("usual", 400))
        first, text = self.overtake("usual")
        self.assertTrue(first)
        self.assertEqual(text, alone)

    def test_a_request_can_stand_back(self):
        first, _ = self.overtake("usual", priority=6)
        self.assertFalse(first)

    def test_a_request_cannot_go_before_its_keys_priority(self):
        first, _ = self.overtake("nightly", priority=-1000)
        self.assertFalse(first)


if __name__ == "__main__":
    unittest.main()
