"""bench/pair_llama_bench reads both programs' figures right and reckons its interval soundly."""

import importlib.machinery
import importlib.util
import sys
import types
import unittest

from tests.checks.tree import ROOT, TreeTest

sys.path.insert(0, str(ROOT / "bench"))
LOADER = importlib.machinery.SourceFileLoader("pair_llama_bench", str(ROOT / "bench" / "pair_llama_bench"))
bench = importlib.util.module_from_spec(importlib.util.spec_from_loader(LOADER.name, LOADER))
LOADER.exec_module(bench)
pairing = importlib.import_module("pairing")

TIMING = """total duration:       2.1s
load duration:        100ms
prompt eval count:    512 token(s)
prompt eval duration: 1s
prompt eval rate:     512.00 tokens/s
eval count:           128 token(s)
eval duration:        1s
eval rate:            128.00 tokens/s
"""


def printed(stdout="", stderr=""):
    return types.SimpleNamespace(stdout=stdout, stderr=stderr)


class FiguresTest(unittest.TestCase):
    def test_run_is_read_from_its_timing(self):
        speeds = bench.read_run(printed(stderr=TIMING))
        self.assertEqual(speeds["prompt"], 512.0)
        self.assertAlmostEqual(speeds["decode"], 127.0)

    def test_counts_are_read_from_the_timing(self):
        timing = bench.read_timing(printed(stderr=TIMING))
        self.assertEqual((timing["prompt eval count"], timing["eval count"]), (512.0, 128.0))

    def test_llama_bench_tells_prompt_and_decode_apart(self):
        rows = '[{"n_prompt": 512, "n_gen": 0, "avg_ts": 400.5}, {"n_prompt": 0, "n_gen": 128, "avg_ts": 150.25}]'
        self.assertEqual(bench.read_llama_bench(printed(rows)), {"prompt": 400.5, "decode": 150.25})

    def test_engine_bench_is_read(self):
        row = '{"prompt_tokens_per_s": 400.500, "decode_tokens_per_s": 150.250}\n'
        self.assertEqual(bench.read_engine_bench(printed(row)), {"prompt": 400.5, "decode": 150.25})


class IntervalTest(unittest.TestCase):
    def test_equal_ratios_have_no_width(self):
        self.assertEqual(bench.median_interval([0.98] * 6), (0.98, 0.98, 0.98))

    def test_interval_lies_around_the_median_and_within_the_ratios(self):
        middle, low, high = bench.median_interval([0.95, 0.97, 0.98, 0.99, 1.00, 1.04])
        self.assertAlmostEqual(middle, 0.985)
        self.assertTrue(0.95 <= low < middle < high <= 1.04)

    def test_one_wild_pair_does_not_move_the_median(self):
        self.assertEqual(bench.median_interval([0.98, 0.98, 0.98, 0.98, 9.0])[0], 0.98)


class CacheTest(TreeTest):
    files = {"CMakeCache.txt": "# text\nGGML_NATIVE:BOOL=ON\nCMAKE_CXX_FLAGS:STRING=-DX=1 -w\n\nCMAKE_HOME_DIRECTORY:INTERNAL=/src\n"}

    def test_cache_entries_keep_their_type_and_value(self):
        entries = pairing.cache_entries(self.root)
        self.assertEqual(entries["GGML_NATIVE"], ("BOOL", "ON"))
        self.assertEqual(entries["CMAKE_CXX_FLAGS"], ("STRING", "-DX=1 -w"))
        self.assertEqual(entries["CMAKE_HOME_DIRECTORY"], ("INTERNAL", "/src"))
