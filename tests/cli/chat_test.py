"""The chat and one-shot answers in a terminal."""

import os
import re
import signal
import unittest

from tests.cli.harness import BASE_MODEL, MODEL, TerminalTest

PROMPT = r">>> "
CTRL_C = "\x03"
CTRL_D = "\x04"
UP = "\x1b[A"


class ChatTest(TerminalTest):
    def chat(self, *arguments, columns=80):
        terminal = self.start("run", MODEL, *arguments, columns=columns)
        terminal.expect(PROMPT)
        return terminal

    def command(self, terminal, line, pattern):
        """Types a line, waits for its echo and then for `pattern`, then for the next prompt."""
        terminal.enter(line)
        terminal.expect(re.escape(line))
        text = terminal.expect(pattern)
        terminal.expect(PROMPT)
        return text

    def leave(self, terminal):
        terminal.enter("/bye")
        self.assertEqual(terminal.exit_status(), 0)

    def test_answers_and_remembers_what_was_said(self):
        terminal = self.chat("--option", "temperature=0", "--option", "num_predict=20", "--verbose")
        counts = []
        for question in ("What is the capital of France?", "And of Italy?"):
            terminal.enter(question)
            text = terminal.expect(r"prompt eval count: +[0-9]+ token")
            counts.append(int(re.search(r"([0-9]+) token", text)[1]))
            terminal.expect(r"eval rate: .* tokens/s\r\n")
            terminal.expect(PROMPT)
        self.assertGreater(counts[1], counts[0])
        self.leave(terminal)

    def test_ctrl_d_leaves(self):
        terminal = self.chat()
        terminal.type(CTRL_D)
        self.assertEqual(terminal.exit_status(), 0)

    def test_ctrl_c_at_an_empty_prompt_says_how_to_leave(self):
        terminal = self.chat()
        terminal.type(CTRL_C)
        terminal.expect(r"Use Ctrl \+ d or /bye to exit\.")
        terminal.expect(PROMPT)
        self.leave(terminal)

    def test_ctrl_c_drops_a_half_typed_line(self):
        terminal = self.chat()
        terminal.type("/set nonsense")
        terminal.expect("nonsense")
        terminal.type(CTRL_C)
        self.assertNotIn("Use Ctrl", terminal.expect(PROMPT))
        self.leave(terminal)

    def test_ctrl_c_stops_the_answer_and_not_the_program(self):
        terminal = self.chat()
        terminal.enter("Write a very long story about a river.")
        terminal.expect(r"river\.\r\n(.|\n)*[a-z]{3}")
        terminal.type(CTRL_C)
        terminal.expect(PROMPT, timeout=20)
        self.command(terminal, "/show system", "No system message")
        self.leave(terminal)

    def test_slash_commands(self):
        terminal = self.chat()
        self.command(terminal, "/set parameter seed 7", "Set parameter 'seed' to '7'")
        self.command(terminal, "/set parameter sed 7", "unknown parameter 'sed'")
        self.command(terminal, "/show parameters", r"seed +7")
        self.command(terminal, "/set system Be brief.", r"Set system message\.")
        self.command(terminal, "/show system", r"Be brief\.")
        self.command(terminal, "/show info", r"architecture +llama")
        self.command(terminal, "/show license", "Apache-2.0")
        self.command(terminal, "/show template", r"im_start")
        self.command(terminal, "/list", r"smollm2:135m +b179c9523d0e")
        self.command(terminal, "/clear", "Cleared session context")
        self.command(terminal, "/?", "Available Commands:")
        self.command(terminal, "/? shortcuts", r"Ctrl \+ a")
        self.command(terminal, "/nonsense", "Unknown command '/nonsense'")
        self.leave(terminal)

    def test_options_that_load_anew(self):
        terminal = self.chat("--option", "num_predict=4")
        self.command(terminal, "/set parameter num_ctx 64", "Set parameter 'num_ctx' to '64'")
        terminal.enter("word " * 100)
        terminal.expect(r"warning: [^\n]*num_ctx")
        terminal.expect(PROMPT)
        self.leave(terminal)

    def test_load_switches_the_model(self):
        terminal = self.chat("--option", "num_predict=4")
        self.command(terminal, "/load nope", "Couldn't find model 'nope'")
        self.command(terminal, "/show info", r"architecture +llama")
        self.command(terminal, "/load ./bad.gguf", r"Error: './bad\.gguf' is a file")
        terminal.enter("Hi")
        terminal.expect(r"Hi\r\n(.|\n)*[a-z]{2}")
        terminal.expect(PROMPT)
        self.command(terminal, f"/load {BASE_MODEL}", f"Loading model '{BASE_MODEL}'")
        self.command(terminal, "/show info", r"architecture +gemma3")
        self.leave(terminal)

    def test_three_quotes_take_several_lines(self):
        terminal = self.chat()
        terminal.enter('/set system """first')
        terminal.expect(r"\.\.\. ")
        terminal.enter('second"""')
        terminal.expect(r"Set system message\.")
        terminal.expect(PROMPT)
        self.command(terminal, "/show system", r"first\r\nsecond\r\n")
        self.leave(terminal)

    def test_a_paste_of_several_lines_is_one_line_typed(self):
        terminal = self.chat()
        terminal.type("\x1b[200~/set system erste Zeile äöü\nzweite\x1b[201~")
        terminal.expect("zweite")
        terminal.type("\r")
        terminal.expect(r"Set system message\.")
        terminal.expect(PROMPT)
        self.command(terminal, "/show system", r"erste Zeile äöü\r\nzweite\r\n")
        self.leave(terminal)

    def test_lines_are_edited(self):
        terminal = self.chat()
        # Ctrl-A to the start, Ctrl-E to the end, Ctrl-W a word back, Ctrl-U all before the cursor.
        terminal.type("nonsense\x15system Be kind. now\x17\x01/set \x05\r")
        terminal.expect(r"Set system message\.")
        terminal.expect(PROMPT)
        self.command(terminal, "/show system", r"Be kind\.\s")
        self.leave(terminal)

    def test_the_history_lasts(self):
        terminal = self.chat()
        self.command(terminal, "/set system Be häppy.", r"Set system message\.")
        self.leave(terminal)
        terminal = self.chat()
        terminal.type(UP + UP)
        terminal.expect("Be häppy")
        terminal.type("\r")
        terminal.expect(r"Set system message\.")
        terminal.expect(PROMPT)
        self.leave(terminal)
        self.assertEqual((self.home / "history").stat().st_mode & 0o077, 0)

    def test_the_history_may_be_off(self):
        terminal = self.chat()
        terminal.enter("/set nohistory")
        terminal.expect(PROMPT)
        terminal.enter("/set system secret")
        terminal.expect(PROMPT)
        self.leave(terminal)
        self.assertNotIn("secret", (self.home / "history").read_text())
        (self.home / "history").unlink()
        self.environment["MULLAMA_NOHISTORY"] = "1"
        self.leave(self.chat())
        self.assertFalse((self.home / "history").exists())

    def test_refusals_leave_the_chat_open(self):
        picture = self.folder / "cat.png"
        picture.write_bytes(b"x")
        terminal = self.chat(columns=300)
        terminal.enter(f"What is in {picture}?")
        terminal.expect("Error: the model smollm2:135m cannot see images")
        terminal.expect(PROMPT)
        self.leave(terminal)


class AnswerTest(TerminalTest):
    def test_an_answer_ends_with_its_speed(self):
        terminal = self.start("run", MODEL, "Name a colour.", "--option", "num_predict=16")
        terminal.expect(r"[0-9]+ tokens, [0-9.]+ tokens/s")
        self.assertEqual(terminal.exit_status(), 0)

    def test_no_line_is_wider_than_the_terminal(self):
        terminal = self.start(
            "run", MODEL, "Describe the sea in three long sentences.", "--option", "num_predict=80",
            columns=40
        )
        terminal.expect(r"tokens/s")
        self.assertEqual(terminal.exit_status(), 0)
        answer = terminal.seen[: terminal.seen.index(" tokens, ")]
        for line in re.sub(r"\x1b\[(?![0-9]+D)[0-9;?]*[A-Za-z]", "", answer).split("\r\n"):
            shown = re.sub(r".*\r", "", line)
            width = len(re.sub(r"\x1b\[[0-9]+D", "", shown))
            self.assertLessEqual(width, 35, line)

    def test_ctrl_c_ends_a_single_answer(self):
        # The server is there, so that words are those of the answer.
        self.output_of("run", MODEL, "Hi", "--option", "num_predict=1")
        terminal = self.start("run", MODEL, "Tell a very long story.")
        terminal.expect(r"[a-z]{3}")
        terminal.type(CTRL_C)
        self.assertEqual(terminal.exit_status(), 130)

    def test_ctrl_c_while_the_server_starts(self):
        # The server waits for somebody to write its index.
        os.mkfifo(self.home / "index.json")
        terminal = self.start("run", MODEL, "Hi")
        terminal.expect("starting the server")
        terminal.type(CTRL_C)
        self.assertEqual(terminal.exit_status(), 130)
        server = int((self.home / "logs" / "server.pid").read_text())
        os.kill(server, signal.SIGKILL)
        self.assertTrue(terminal.seen.endswith("\x1b[?25h"), "the cursor is hidden")
        self.assertNotIn("Error", terminal.seen)

    def test_the_cursor_is_shown_at_the_end(self):
        terminal = self.start("run", MODEL, "Hi", "--option", "num_predict=4")
        self.assertEqual(terminal.exit_status(), 0)
        self.assertEqual(terminal.seen.count("\x1b[?25l") > 0, terminal.seen.rfind("\x1b[?25h") > 0)
        self.assertGreaterEqual(terminal.seen.rfind("\x1b[?25h"), terminal.seen.rfind("\x1b[?25l"))


if __name__ == "__main__":
    unittest.main()
