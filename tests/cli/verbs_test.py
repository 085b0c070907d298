"""The verbs beside `run`, and the command line itself."""

import json
import math
import pathlib
import re
import unittest

from tests.cli.harness import BASE_MODEL, MODEL, ProgramTest


class CommandLineTest(ProgramTest):
    def test_version(self):
        for flag in ("--version", "-v"):
            self.assertRegex(self.output_of(flag), r"\Amullama version is [0-9]+\.[0-9]+\.[0-9]+\n\Z")

    def test_help_of_the_program(self):
        for arguments in ((), ("--help",), ("-h",), ("help",)):
            text = self.output_of(*arguments)
            for part in ("Examples:", "MULLAMA_HOME", "Exit status:", "tokenize"):
                self.assertIn(part, text)

    def test_help_of_each_verb(self):
        for verb in ("serve", "run", "show", "tokenize", "embed", "bench", "pull", "list", "ps", "stop", "logs"):
            text = self.output_of(verb, "--help")
            self.assertIn(f"mullama {verb}", text)
            self.assertEqual(text, self.output_of("help", verb))

    def test_help_names_all_options_and_models(self):
        self.assertIn("num_predict=int", self.output_of("run", "--help"))
        self.assertIn(MODEL, self.output_of("pull", "--help"))

    def test_the_documentation_has_every_setting_of_the_server(self):
        documented = (pathlib.Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
        flags = re.findall(r"^  (--[a-z-]+) ", self.output_of("serve", "--help"), re.MULTILINE)
        self.assertGreater(len(flags), 20)
        for flag in flags:
            self.assertIn(f"`{flag}`", documented)

    def test_usage_errors_name_the_help(self):
        self.fails(2, "see `mullama run --help`", "run")
        self.fails(2, "see `mullama run --help`", "run", MODEL, "--nonsense")
        self.fails(2, "there is no command 'nonsense': see `mullama --help`", "nonsense", "more")
        self.fails(2, "see `mullama --help`", "--nonsense")
        self.fails(2, "there is no command 'nonsense'", "help", "nonsense")
        self.fails(2, "see `mullama show --help`", "show", MODEL, "more")


class BenchTest(ProgramTest):
    def test_a_table_has_a_row_for_each_test(self):
        lines = self.output_of("bench", MODEL, "-p", "8,16", "-n", "4", "-r", "2", "-t", "1,2").splitlines()
        self.assertRegex(lines[0], r"\A\| model +\| +size \| +params \| backend +\| threads \| +test \| +t/s \|\Z")
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:-2]]
        self.assertEqual([(row[4], row[5]) for row in rows],
                         [(threads, test) for threads in ("1", "2") for test in ("pp8", "pp16", "tg4")])
        for row in rows:
            self.assertEqual(row[2], "134.52 M")
            speed, deviation = map(float, row[6].split(" ± "))
            self.assertGreater(speed, deviation)
        self.assertEqual(lines[-2:], ["", "weights: rearranged, where this CPU has kernels for it"])

    def test_weights_are_measured_and_kept_or_taken_as_told(self):
        tests = ("-p", "8", "-n", "0", "-r", "1")
        self.assertTrue(self.output_of("bench", MODEL, *tests, "--repack", "off").endswith(
            "\nweights: as they lie in the file\n"))
        self.output_of("bench", MODEL, *tests)
        kept = (self.home / "tuning").read_text()
        self.assertRegex(kept, r"(?m)^[0-9a-f]{16} q4_1 ")
        self.fails(2, "--repack", "bench", MODEL, "--repack", "sometimes")

    def test_json_has_the_samples(self):
        row = json.loads(self.output_of("bench", MODEL, "-p", "0", "-n", "4", "-r", "3", "--output", "jsonl"))
        self.assertEqual((row["n_prompt"], row["n_gen"], len(row["samples_ns"])), (0, 4, 3))
        self.assertGreaterEqual(row["n_threads"], 1)
        self.assertTrue(all(math.isclose(4e9 / ns, ts, rel_tol=1e-3)
                            for ns, ts in zip(row["samples_ns"], row["samples_ts"])))

    def test_refusals(self):
        self.fails(2, "there is nothing to measure", "bench", MODEL, "-p", "0", "-n", "0")
        self.fails(2, "see `mullama bench --help`", "bench", MODEL, "-p", "many")
        self.fails(2, "see `mullama bench --help`", "bench", MODEL, "-r", "0")
        self.fails(3, "not found", "bench", "nope")
        self.fails(2, "see `mullama bench --help`", "bench")

    def test_refusals_of_serve(self):
        self.assertIn("mullama bench serve [OPTIONS]", self.output_of("bench", "serve", "--help"))
        self.fails(2, "see `mullama bench serve --help`", "bench", "serve", "--num-prompts", "0")
        self.fails(2, "'fast:3' is no goal", "bench", "serve", "--goodput", "ttft:200,fast:3")
        self.fails(1, "no server answers at http://127.0.0.1:9", "bench", "serve", "127.0.0.1:9", "--model", MODEL)


class ShowTest(ProgramTest):
    def test_tables_read_as_ollamas(self):
        self.assertEqual(
            self.output_of("show", MODEL),
            "  Model\n"
            "    architecture        llama\n"
            "    parameters          134.52M\n"
            "    context length      8192\n"
            "    embedding length    576\n"
            "    quantization        Q4_1\n"
            "\n"
            "  Capabilities\n"
            "    completion\n"
            "\n"
            "  License\n"
            "    apache-2.0\n"
            "\n",
        )

    def test_a_base_model(self):
        text = self.output_of("show", BASE_MODEL)
        self.assertIn("architecture        gemma3\n", text)
        self.assertIn("quantization        Q4_K_M\n", text)

    def test_verbose_adds_metadata_and_tensors(self):
        text = self.output_of("show", MODEL, "--verbose")
        self.assertRegex(text, r"\n    tokenizer\.ggml\.tokens +\[.+ \.\.\.\+49149 more\]\n")
        self.assertRegex(text, r"\n    token_embd\.weight +q[0-9]_[0-9] +\[576 49152\]\n")

    def test_parts_alone(self):
        self.assertIn("<|im_start|>", self.output_of("show", MODEL, "--template"))
        self.assertEqual(self.output_of("show", MODEL, "--license"), "apache-2.0\n")
        self.fails(2, "only one of", "show", MODEL, "--license", "--template")

    def test_refusals(self):
        self.fails(3, "not found", "show", "nope")
        (self.folder / "bad.gguf").write_bytes(b"GGUF")
        self.fails(1, "bad.gguf", "show", self.folder / "bad.gguf")


class TokenizeTest(ProgramTest):
    def ids(self, *arguments, stdin=b""):
        return json.loads(self.output_of("tokenize", MODEL, *arguments, "--ids", stdin=stdin))

    def test_prints_ids_and_pieces(self):
        self.assertEqual(
            self.output_of("tokenize", MODEL, "Hello, world\n"),
            '   19556  "Hello"\n      28  ","\n     905  " world"\n     198  "\\n"\n',
        )

    def test_ids_are_a_json_array(self):
        self.assertEqual(self.ids("Hello, world"), [19556, 28, 905])
        self.assertEqual(self.ids(stdin=b"Hello, world"), [19556, 28, 905])
        self.assertEqual(self.ids(stdin=b""), [])

    def test_special_tokens_are_read_unless_told_not_to(self):
        self.assertEqual(self.ids("<|im_end|>"), [2])
        self.assertGreater(len(self.ids("<|im_end|>", "--no-special")), 1)

    def test_special_tokens_are_added_unless_told_not_to(self):
        with_bos = json.loads(self.output_of("tokenize", BASE_MODEL, "Hello", "--ids"))
        without = json.loads(self.output_of("tokenize", BASE_MODEL, "Hello", "--ids", "--no-special"))
        self.assertEqual(with_bos, [2, *without])


class EmbedTest(ProgramTest):
    def vectors(self, *arguments, stdin=b""):
        lines = self.output_of("embed", MODEL, *arguments, stdin=stdin).splitlines()
        return [json.loads(line) for line in lines]

    def test_one_line_a_text(self):
        cat, dog = self.vectors("a cat", "a dog")
        self.assertEqual((len(cat), len(dog)), (576, 576))
        self.assertNotEqual(cat, dog)
        self.assertAlmostEqual(math.hypot(*cat), 1, places=4)

    def test_stdin_is_one_text(self):
        self.assertEqual(self.vectors(stdin=b"a cat"), self.vectors("a cat"))

    def test_cut_vectors_are_normalized_again(self):
        (cat,) = self.vectors("a cat", "--dimensions", "64")
        self.assertEqual(len(cat), 64)
        self.assertAlmostEqual(math.hypot(*cat), 1, places=4)

    def test_lengths_may_be_left_alone(self):
        (cat,) = self.vectors("a cat", "--no-normalize")
        self.assertGreater(abs(math.hypot(*cat) - 1), 0.01)

    def test_pooling_kinds_differ(self):
        mean, last = (self.vectors("a cat", "--pooling", kind) for kind in ("mean", "last"))
        self.assertNotEqual(mean, last)

    def test_without_pooling_each_token_has_a_vector(self):
        (tokens,) = self.vectors("Hello, world", "--pooling", "none")
        self.assertEqual([len(vector) for vector in tokens], [576] * 3)

    def test_refusals(self):
        self.fails(2, "mullama embed --help", "embed", MODEL, "x", "--pooling", "sum")
        self.fails(2, "mullama embed --help", "embed", MODEL, "x", "--dimensions", "-1")
        self.fails(2, "", "embed", MODEL, "x", "--dimensions", "577")
        self.fails(2, "", "embed", MODEL)
        self.fails(3, "not found", "embed", "nope", "x")


class StoreTest(ProgramTest):
    def test_list_prints_ollamas_columns(self):
        for verb in ("list", "ls"):
            header, *rows = self.output_of(verb, "smol").splitlines()
            self.assertEqual(header.split(), ["NAME", "ID", "SIZE", "MODIFIED"])
            self.assertEqual(len(rows), 1)
            self.assertRegex(rows[0], r"\Asmollm2:135m    b179c9523d0e    98 MB    .+ ago\Z")

    def test_list_without_models_is_its_header(self):
        (self.home / "downloads").unlink()
        self.assertEqual(self.output_of("list"), "NAME    ID    SIZE    MODIFIED\n")

    def test_pull_verifies_what_is_there(self):
        result = self.run_program("pull", MODEL)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, b"verifying sha256 digest\nsuccess\n")

    def test_pull_finds_a_damaged_file(self):
        downloads = self.home / "downloads"
        name = max(downloads.glob("sha256-b179*.gguf")).name
        size = (downloads / name).stat().st_size
        downloads.unlink()
        downloads.mkdir()
        with (downloads / name).open("wb") as file:
            file.truncate(size)
        result = self.run_program("pull", MODEL)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"delete it, and it is downloaded again", result.stderr)

    def test_pull_refuses_what_is_no_name(self):
        self.fails(3, "model 'nope' not found", "pull", "nope")
        self.fails(2, "is a file", "pull", "./x.gguf")


if __name__ == "__main__":
    unittest.main()
