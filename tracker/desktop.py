"""Shows desktop notifications and sets the clipboard, through the system's own programs if there are any.

A notification's program is started without waiting, and its failure is ignored.
"""

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from store.plain_text import plain
from store.projects import project_name

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge

_SECONDS = 10
_COPY_SECONDS = 2
_TITLE = "Taximeter"


def notice_command(text: str) -> list[str] | None:
    """The command that shows a notification here; None if the system has none."""
    if sys.platform == "darwin":
        program = shutil.which("osascript")
        # The texts are passed as arguments, so they cannot be run as script.
        script = "on run {title, body}\ndisplay notification body with title title\nend run"
        return None if program is None else [program, "-e", script, _TITLE, text]
    program = shutil.which("notify-send")
    if program is None:
        return None
    from html import escape

    # The body may contain markup (links, images), and the program resolves escapes: \74 becomes <.
    body = escape(text, quote=False).replace("\\", "\\\\")
    return [program, f"--app-name={_TITLE}", f"--expire-time={_SECONDS * 1000}", "--", _TITLE, body]


def show_nudge(nudge: "DueNudge") -> bool:
    """Show a nudge with its session's name, as several may be active; False if it cannot be shown."""
    name = plain(nudge.title or project_name(nudge.project))
    return show_notice(f"{name}: {plain(nudge.text)}" if name else plain(nudge.text))


def show_notice(text: str) -> bool:
    """Show a notification; False if it cannot be shown."""
    command = notice_command(text)
    if command is None:
        return False
    try:
        subprocess.Popen(  # noqa: S603 - a fixed program; the texts are arguments, not shell words
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True


def copy(text: str) -> bool:
    """Copy a text to this machine's clipboard; False if no program can, or the user is logged in remotely."""
    command = None if "SSH_CONNECTION" in os.environ else _copy_command()
    if command is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; the text is its input
            command,
            input=text.encode(),
            env={**os.environ, "LC_CTYPE": "UTF-8"} if sys.platform == "darwin" else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_COPY_SECONDS,
            check=False,
            start_new_session=True,  # it may stay to serve the text, also while the dashboard is stopped
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _copy_command() -> list[str] | None:
    if sys.platform == "darwin":
        commands = [["pbcopy"]]
    elif os.environ.get("WAYLAND_DISPLAY"):
        commands = [["wl-copy"]]
    elif os.environ.get("DISPLAY"):
        commands = [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    else:
        return None
    return next(([program, *more] for name, *more in commands if (program := shutil.which(name))), None)
