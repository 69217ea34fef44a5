"""A terminal nobody looks at: one tmux server on a private socket, one pane, keys in, screen out.

Only the server on that socket is ever touched, and it ends with the terminal.
"""

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .npm_cache import UnavailableError
from .waiting import wait_until

TMUX_VARIABLES = ("TMUX", "TMUX_PANE", "TMUX_TMPDIR")


class TmuxTerminal:
    """Runs one command in a pane of `columns` by `rows`; a context manager that ends it.

    Raises UnavailableError when tmux is missing.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        columns: int = 160,
        rows: int = 50,
    ) -> None:
        if shutil.which("tmux") is None:
            raise UnavailableError("tmux is not installed (apt-get install tmux)")
        self._sockets = tempfile.mkdtemp(prefix="taximeter-tmux-")
        self._environment = {**environment, "TMUX_TMPDIR": self._sockets}
        quoted = shlex.join(["env", *(f"-u{name}" for name in TMUX_VARIABLES), *command])
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "live", *size, "-c", str(folder), f"exec {quoted}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def type_text(self, text: str) -> None:
        """Type characters as they are; no key names, no Enter."""
        self._tmux("send-keys", "-t", "live", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by their tmux names: Enter, Escape, C-c, Down."""
        self._tmux("send-keys", "-t", "live", *keys)

    def screen(self) -> str:
        """What the pane shows, without colours; empty once the command has ended."""
        shown = self._tmux("capture-pane", "-p", "-t", "live", check=False)
        return shown.stdout if shown.returncode == 0 else ""

    def history(self) -> str:
        """What the pane shows and what has scrolled out of it."""
        shown = self._tmux("capture-pane", "-p", "-S", "-", "-t", "live", check=False)
        return shown.stdout if shown.returncode == 0 else ""

    def alive(self) -> bool:
        """Whether the command still runs."""
        return self._tmux("has-session", "-t", "live", check=False).returncode == 0

    def process_id(self) -> int:
        """The command's own process id."""
        return int(self._tmux("display-message", "-p", "-t", "live", "#{pane_pid}").stdout)

    def wait_for_text(self, *texts: str, timeout_seconds: float = 30.0) -> str:
        """Wait until any of `texts` is on the screen and return that screen; TimeoutError shows the last one."""
        wait_until(
            lambda: any(text in self.screen() for text in texts),
            timeout_seconds=timeout_seconds,
            facts=lambda: f"none of {texts} on the screen\n{self.screen()}",
        )
        return self.screen()

    def kill(self) -> None:
        """End the command and the private tmux server; nothing happens if they have ended."""
        self._tmux("kill-server", check=False)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _tmux(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["tmux", "-L", "live", *arguments]
        return subprocess.run(command, env=self._environment, check=check, capture_output=True, text=True, timeout=30)
