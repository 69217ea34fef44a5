"""Claude Code on a terminal: what its screen looks like when it waits, works or has a prompt typed in.

A turn is over when the server is quiet *and* the screen no longer offers to interrupt: tools, hooks and background
agents keep the second condition false while no request is in flight.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .messages_server import MessagesServer
from .tmux_terminal import TmuxTerminal
from .waiting import wait_until

PROMPT_BOX = re.compile(r"^─{20,}[^\n]*\n[❯!](.*?)^─{20,}", re.MULTILINE | re.DOTALL)
# The line about a background agent may stay where it is; the turn that its end begins closes with a line of its own.
BUSY = re.compile(r"esc to interrupt|Waiting for \d+ background agent(?!.*✻ )", re.DOTALL)
QUIET_SECONDS = 0.4
ESCAPE_SECONDS = 0.3  # a key that follows Escape sooner is taken for one with Alt
START_SECONDS = 60.0


class InteractiveSession:
    """A running client with its screen; a context manager that ends it if the test did not."""

    def __init__(
        self,
        command: Sequence[str],
        server: MessagesServer,
        *,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._server = server
        self._calls_before = len(server.truth.calls)
        self.terminal = TmuxTerminal(command, environment=environment, folder=folder)
        try:
            self._wait(lambda: self.prompt_box() is not None, "no prompt box", START_SECONDS)
        except BaseException:
            self.terminal.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminal.kill()

    @property
    def session_id(self) -> str:
        """The session of this client's latest main call; LookupError before the first."""
        for call in reversed(self._server.truth.calls[self._calls_before :]):
            if call.kind == "main" and call.session_id:
                return call.session_id
        raise LookupError("this client has made no call yet")

    def screen(self) -> str:
        """What the terminal shows."""
        return self.terminal.screen()

    def prompt_box(self) -> str | None:
        """What stands in the prompt box; None when there is no box (a dialog, or not started)."""
        boxes = PROMPT_BOX.findall(self.screen())
        return " ".join(boxes[-1].split()) if boxes else None

    def busy(self) -> bool:
        """Whether the screen says that the client is working."""
        return BUSY.search(self.screen()) is not None

    def send(self, text: str) -> None:
        """Type one line (a prompt, `/command`, `!command`) and press Enter once it stands in the prompt box."""
        start = " ".join(text.removeprefix("!").split())[:20]
        self._wait(lambda: self.prompt_box() is not None, "no prompt box", 30.0)
        self.terminal.type_text(text)
        self._wait(lambda: start in (self.prompt_box() or ""), f"{start!r} is not in the prompt box", 30.0)
        self.terminal.press("Enter")

    def prompt(self, text: str, *, timeout_seconds: float = 90.0) -> str:
        """Send a prompt, wait for the whole turn, and return the screen; TimeoutError shows the screen."""
        begun = self._turn_calls()
        self.send(text)
        self._wait(lambda: self._turn_calls() > begun, f"no request after {text!r}", timeout_seconds)
        return self.wait_idle(timeout_seconds=timeout_seconds)

    def compact(self) -> str:
        """Send `/compact`, wait until it is done, and return the screen."""
        begun = len(self._server.truth.of("compaction"))
        self.send("/compact")
        self._wait(lambda: len(self._server.truth.of("compaction")) > begun, "no compaction", 90.0)
        return self.wait_idle()

    def wait_idle(self, *, timeout_seconds: float = 90.0) -> str:
        """Wait until the client has nothing to do, and return the screen; TimeoutError shows the screen."""
        self._wait(
            lambda: self._server.is_idle(QUIET_SECONDS) and not self.busy() and self.prompt_box() is not None,
            "the turn does not end",
            timeout_seconds,
        )
        return self.screen()

    def wait_for_text(self, *texts: str, timeout_seconds: float = 30.0) -> str:
        """Wait until any of the texts is on the screen, and return the screen; TimeoutError shows it."""
        return self.terminal.wait_for_text(*texts, timeout_seconds=timeout_seconds)

    def interrupt(self) -> None:
        """Press Escape, which stops a turn or closes a dialog, and wait until the client takes prompts again."""
        self.terminal.press("Escape")
        time.sleep(ESCAPE_SECONDS)
        self._wait(lambda: not self.busy() and self.prompt_box() is not None, "not interrupted", 30.0)

    def exit(self) -> None:
        """Leave with `/exit` and wait until the client has gone."""
        self.send("/exit")
        self._wait(lambda: not self.terminal.alive(), "the client does not leave", 30.0)

    def crash(self) -> None:
        """Kill the client's process as a crash would, with no chance to write anything."""
        os.kill(self.terminal.process_id(), signal.SIGKILL)
        self._wait(lambda: not self.terminal.alive(), "the client survives", 10.0)

    def _turn_calls(self) -> int:
        return sum(call.kind in ("main", "subagent") for call in self._server.truth.calls)

    def _wait(self, condition: Callable[[], bool], complaint: str, timeout_seconds: float) -> None:
        wait_until(
            condition,
            timeout_seconds=timeout_seconds,
            facts=lambda: f"{complaint}; {self._server.describe()}\n{self.screen()}",
        )
