"""The command line as people meet it: on a terminal of 80 columns, with hostile data, interrupted, and in pipes."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

from instance import BIN
from test_way_of_a_request import WithInstance, flow

# What a webhook may bring: colours, a window title, a forged line, a right-to-left override, a C1 control.
EVIL = "\x1b[31mRED\x1b[0m\x1b]0;title\x07\r\nforged \u202eRTL\u202c \x9b2J"
BODIES = [
    {"event": "a", "name": EVIL, EVIL: EVIL},
    {"event": EVIL, "name": "日本語テスト 👩‍👩‍👧‍👦", "list": [1, {"deep": None}]},
    {"event": "עברית שלום", "name": "e\u0301" * 100},
    {"event": "x" * 500, "n": 9007199254740993},
]
# What the program itself writes: colours, the line's begin, erasing, going up.
OWN = re.compile(r"\x1b\[[0-9;]*[mKJA]|\r\n|\r")
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, headgate, *arguments, columns=80, rows=24):
        self.output = b""
        # The child waits for the terminal's size.
        ready, go = os.pipe()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.read(ready, 1)
            # A shell that starts the tests in the background has them, and what they start, ignore it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(str(BIN / "headgate"), ["headgate", *arguments], {**headgate.environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.master)
        os.write(go, b"x")
        os.close(ready)
        os.close(go)

    def read_until(self, text=None, seconds=20):
        """Reads until the text has come, or without one until the program has ended."""
        end = time.monotonic() + seconds
        while text is None or text.encode() not in self.output:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"{text!r} did not come: {self.output!r}")
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        return self

    def interrupt(self):
        os.write(self.master, b"\x03")
        return self

    def end(self):
        """The exit status, whether the terminal is as it was, and the text."""
        self.read_until()
        _, status = os.waitpid(self.pid, 0)
        restored = termios.tcgetattr(self.master) == self.before
        os.close(self.master)
        return os.waitstatus_to_exitcode(status), restored, self.output.decode()


def width(line):
    """Columns that a line takes."""
    columns = 0
    for character in line:
        if unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


class OnATerminal(WithInstance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.headgate.apply(
            flow(
                "t",
                events={"path": "body.event", "cases": [{"id": "a", "value": "a"}]},
                map=[{"variable": "name", "from": "body.name"}],
                customer=[{"field": "name", "from": "body.name"}, {"field": "email", "from": "body.email", "key": True}],
            )
        )
        cls.ids = []
        for number, body in enumerate(BODIES):
            answer = cls.send(cls, cls.path(cls), json.dumps({**body, "email": f"a{number}@example.com"}))
            cls.ids.append(json.loads(answer.body)["id"])

    def on_terminal(self, *arguments, columns=80):
        return Terminal(self.headgate, *arguments, columns=columns).end()

    def test_nothing_from_a_webhook_acts_on_the_terminal(self):
        commands = [["logs", "query"], ["logs", "tail"], ["customer", "list"], ["run", "list"], ["flow", "show", "t"]]
        commands += [["logs", "show", id] for id in self.ids] + [["logs", "map", id] for id in self.ids]
        commands += [["replay", id, "--dry-run"] for id in self.ids]
        for command in commands:
            for form in ([], ["-o", "json"]):
                with self.subTest(command=command + form):
                    status, _, shown = self.on_terminal(*command, *form)
                    self.assertEqual(status, 0, shown)
                    self.assertIsNone(ACTING.search(OWN.sub("", shown)), repr(shown))
                    self.assertNotIn("\x1b[31mRED", shown)
                    self.assertNotRegex(shown, "(?m)^forged")
                    piped = self.headgate.cli(*command, *form).stdout
                    self.assertIsNone(ACTING.search(piped), repr(piped))

    def test_lists_fit_eighty_columns(self):
        for command in (
            ["status"], ["flow", "list"], ["trigger", "list"], ["logs", "query"], ["logs", "tail"], ["logs", "stats"],
            ["run", "list"], ["customer", "list"], ["preset", "list"], ["workspace", "list"], ["apikey", "list"],
            ["audit", "query", "-l", "20"], ["key", "status"], ["trigger", "reveal", "orders/hook"],
            ["flow", "show", "nope"], ["flow", "lst"], ["logs", "query", "--since", "x"],
        ):
            with self.subTest(command=command):
                _, _, shown = self.on_terminal(*command)
                for line in OWN.sub(lambda found: "\n" if "\n" in found[0] else "", shown).split("\n"):
                    # The cursor of the next page is one word, to be copied.
                    if not line.startswith("more: "):
                        self.assertLessEqual(width(line), 80, line)

    def test_live_views_end_by_ctrl_c_and_leave_the_terminal_as_it_was(self):
        listening = Terminal(self.headgate, "listen", "t/hook").read_until("waiting for the first request")
        self.send(self.path(), json.dumps({"event": EVIL}))
        status, restored, shown = listening.read_until("1 request").interrupt().end()
        self.assertEqual((status, restored), (0, True))
        self.assertIn("The session was cancelled: 1 request.", shown)
        self.assertIsNone(ACTING.search(OWN.sub("", shown)), repr(shown))

        status, restored, _ = Terminal(self.headgate, "top", "--interval", "50ms").read_until("control plane").interrupt().end()
        self.assertEqual((status, restored), (0, True))

        status, restored, _ = Terminal(self.headgate, "logs", "tail", "-f").read_until("t/hook").interrupt().end()
        self.assertEqual((status, restored), (-signal.SIGINT, True))

    def test_a_narrow_terminal_keeps_the_waiting_line_in_one(self):
        shown = Terminal(self.headgate, "listen", "t/hook", columns=40).read_until("waiting for").interrupt().end()[2]
        waiting = [OWN.sub("", part) for part in shown.split("\r\x1b[2K") if "waiting for" in part]
        self.assertTrue(waiting)
        for line in waiting:
            self.assertLess(width(line.split("\n")[0].removesuffix("^C")), 40, line)

    def test_streams_that_are_closed_or_left(self):
        def shell(command):
            result = subprocess.run(
                ["bash", "-c", command.replace("headgate", str(BIN / "headgate"))], env=self.headgate.environment,
                capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
            )
            return result.returncode, result.stderr

        status, errors = shell("headgate preset list -o json | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}")
        self.assertIn(status, (0, 141))
        self.assertEqual(errors, "")
        status, errors = shell("headgate preset list >/dev/full")
        self.assertEqual((status, "cannot be written" in errors), (1, True), errors)
        status, errors = shell("headgate preset list >&-")
        self.assertEqual((status, "Bad file descriptor" in errors), (1, True), errors)
        self.assertEqual(shell("headgate flow show nope 2>&-")[0], 3)
        status, errors = shell("headgate flow apply -f - <&-")
        self.assertEqual((status, "standard input" in errors), (1, True), errors)
        status, errors = shell("headgate flow apply -f - </dev/null")
        self.assertEqual((status, errors), (2, "error: the standard input is empty\n"))

    def test_a_sample_is_made_up_from_the_configuration(self):
        tried = self.headgate.json("trigger", "test", "orders/hook")
        self.assertEqual(tried["answer"]["status"], 200)
        self.assertEqual((tried["request"]["output"], tried["request"]["event"]), ("approved", "order_approved"))
        again = self.headgate.json("trigger", "test", "orders/hook")
        self.assertEqual(again["request"]["outcome"], "accepted")
