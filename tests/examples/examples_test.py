"""Runs each example on a real model, as its first lines say, and looks at what it prints."""

import os
import subprocess
import tempfile
import unittest

PROGRAMS = os.environ["MULLAMA_PROGRAMS"]


def run(name, *arguments):
    return subprocess.run(
        [os.path.join(PROGRAMS, name), *arguments], capture_output=True, text=True, timeout=600
    )


MODEL = run("mullama_model_path").stdout.strip()


class Examples(unittest.TestCase):
    def output(self, name, *arguments):
        result = run("example_" + name, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_simple_answers_a_question(self):
        self.assertGreater(len(self.output("simple", MODEL, "Say hello.").strip()), 3)

    def test_batch_continues_each_prompt(self):
        lines = self.output("batch", MODEL, "One, two, three, four,", "The capital of France is")
        self.assertIn("One, two, three, four, -> five", lines)
        self.assertIn("The capital of France is -> Paris", lines)

    def test_session_goes_on_from_the_saved_state_as_from_the_prompt(self):
        with tempfile.TemporaryDirectory() as folder:
            arguments = (MODEL, os.path.join(folder, "state"), "The capital of France is")
            first = self.output("session", *arguments).splitlines()
            second = self.output("session", *arguments).splitlines()
        self.assertIn("read and saved", first[0])
        self.assertIn("restored", second[0])
        self.assertIn("Paris", first[1])
        self.assertEqual(first[1:], second[1:])

    def test_session_refuses_a_damaged_state(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state")
            self.output("session", MODEL, path, "The capital of France is")
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) // 2)
            result = run("example_session", MODEL, path, "The capital of France is")
        self.assertEqual(result.returncode, 1)
        self.assertIn("error: ", result.stderr)

    def test_streaming_reads_both_answers(self):
        lines = self.output("streaming", MODEL, "Name a colour.", "Name an animal.")
        self.assertIn("answer 1: ", lines)
        self.assertIn("answer 2: ", lines)
        self.assertEqual(lines.count("---\n"), 2)

    def test_embedding_ranks_the_nearest_sentence_first(self):
        lines = self.output(
            "embedding", MODEL, "A kitten naps.", "The stock market fell.", "A cat sleeps."
        ).splitlines()
        self.assertIn("A cat sleeps.", lines[0])

    def test_each_says_how_to_use_it(self):
        for name in ("simple", "batch", "session", "streaming", "embedding"):
            result = run("example_" + name)
            self.assertEqual(result.returncode, 2, name)
            self.assertIn("usage: " + name, result.stderr)

    def test_a_missing_model_is_an_error(self):
        result = run("example_simple", "no-such-file.gguf", "Hi")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no-such-file.gguf", result.stderr)


if __name__ == "__main__":
    unittest.main()
