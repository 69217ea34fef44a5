"""ctrl-z on a real terminal, under a shell with job control."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from hooks.spool_reader import ReaderLock
from tests.tui.fakes import dashboard, screen_text, settled
from tui.palette import Commands
from tui.suspending import suspend

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 30.0
_PROMPT = "$ "  # what is typed before it may be lost: a program that gives the terminal back drops its input

_AS_TERMINAL = "import fcntl, os, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp('sh', ['sh', '-im'])"


class Shell:
    """An interactive shell on a terminal of 80x24."""

    def __init__(self) -> None:
        self.terminal, its_end = pty.openpty()
        termios.tcsetwinsize(self.terminal, (24, 80))
        more = {"PS1": _PROMPT, "TERM": "xterm-256color", "PYTHONPATH": str(_ROOT), "ENV": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _AS_TERMINAL],
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
            env=os.environ | more,
        )
        os.close(its_end)
        self._said = ""

    def types(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def says(self, words: str) -> None:
        """Wait for words, and forget what came up to them."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while words not in self._said:
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {words!r} in {self._said[-2000:]!r}"
            self._said += os.read(self.terminal, 65536).decode(errors="replace")
        self._said = self._said.partition(words)[2]

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(os.tcgetpgrp(self.terminal), signal.SIGKILL)
        self.process.kill()
        os.close(self.terminal)
        self.process.wait()


@pytest.fixture
def shell() -> Iterator[Shell]:
    made = Shell()
    yield made
    made.close()


def is_held(home: Path) -> bool:
    """Whether a process has taken on to read the spool."""
    lock = ReaderLock(str(home))
    free = lock.acquire()
    lock.release()
    return not free


def test_ctrl_z_gives_terminal_and_spool_back_and_fg_goes_on(shell: Shell, isolated_home: Path) -> None:
    home = Path(os.environ["TAXIMETER_HOME"])
    before = termios.tcgetattr(shell.terminal)
    shell.types(f"{sys.executable} -m taximeter dashboard\n")
    shell.says("live")
    assert is_held(home)
    for _ in range(2):
        shell.types("\x1a")
        shell.says("\x1b[?1049l")  # the screen that was there before
        shell.says(_PROMPT)
        shell.types("echo $((1000 + 234))\n")
        shell.says("1234")
        assert not is_held(home)
        assert termios.tcgetattr(shell.terminal)[3] & termios.ECHO == before[3] & termios.ECHO
        shell.types("fg\n")
        shell.says("\x1b[?1049h")
        shell.says("live")
        end = time.monotonic() + _PATIENCE_SECONDS
        while not is_held(home):
            assert time.monotonic() < end
            time.sleep(0.2)
    shell.types("q")
    shell.says("\x1b[?1049l")
    shell.says(_PROMPT)
    shell.types("echo $((1000 + 235))\n")
    shell.says("1235")


def test_a_dashboard_that_others_stop_draws_again_and_ends_when_it_is_quit(shell: Shell, isolated_home: Path) -> None:
    """Textual took the terminal once more at each SIGCONT: threads for the same key were left, and no quit ended."""
    shell.types(f"{sys.executable} -m taximeter dashboard\n")
    shell.says("live")
    for _ in range(2):
        os.killpg(os.tcgetpgrp(shell.terminal), signal.SIGSTOP)
        shell.says(_PROMPT)
        shell.types("fg\n")
        shell.says("\x1b[?1049h")
        shell.says("live")
    shell.types("q")
    shell.says("\x1b[?1049l")
    shell.says(_PROMPT)
    shell.types("echo $((1000 + 235))\n")
    shell.says("1235")


def test_a_dashboard_that_is_told_to_suspend_leaves_the_spool_to_hooks(shell: Shell, isolated_home: Path) -> None:
    home = Path(os.environ["TAXIMETER_HOME"])
    shell.types(f"{sys.executable} -m taximeter dashboard\n")
    shell.says("live")
    assert is_held(home)
    os.killpg(os.tcgetpgrp(shell.terminal), signal.SIGTSTP)
    shell.says("\x1b[?1049l")
    shell.says(_PROMPT)
    assert not is_held(home)
    shell.types("fg\n")
    shell.says("live")
    shell.types("q")
    shell.says(_PROMPT)


def test_textual_takes_the_terminal_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its handler of SIGCONT would do so a second time, if it came after the end of its own suspension."""
    signs = (signal.SIGTSTP, signal.SIGCONT)
    taken_again: list[int] = []
    meanwhile = []
    before = [signal.signal(sign, lambda number, _frame: taken_again.append(number)) for sign in signs]
    handlers = [signal.getsignal(sign) for sign in signs]

    def stop(_group: int, _sign: int) -> None:
        meanwhile.extend(signal.getsignal(sign) for sign in signs)
        os.kill(os.getpid(), signal.SIGCONT)

    monkeypatch.setattr(os, "killpg", stop)
    try:
        suspend(SimpleNamespace(suspend=nullcontext))  # type: ignore[arg-type]
        assert [signal.getsignal(sign) for sign in signs] == handlers
    finally:
        for sign, handler in zip(signs, before, strict=True):
            signal.signal(sign, handler)
    assert meanwhile == [signal.SIG_DFL, signal.SIG_DFL]
    assert not taken_again


async def test_where_no_shell_can_resume_suspending_is_no_command() -> None:
    app = dashboard()
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+z", "question_mark")
        await settled(pilot)
        assert "Leave the dashboard." in screen_text(app)
        assert "Suspend" not in screen_text(app)
        await pilot.press("escape")
        names = [str(one.text) async for one in Commands(app.screen).discover()]
        assert "app: quit" in names
        assert "app: suspend" not in names
