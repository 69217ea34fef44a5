"""Formats figures and foreign text for people. Text from other programs passes `plain` before it is drawn."""

import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size

from store import plain_text, projects
from store.ledger import LedgerError, home
from store.money import NANO_PER_USD
from tracker.clock import local

if TYPE_CHECKING:
    from store.reads.board import SessionSum
    from tracker.advisor.advisor import DueNudge

_LINE = "–"
_LONGEST_NAME = 120  # characters; a figure is drawn with each name, however long
_MIN_OF_TWO = 8  # cells; narrower texts are not split
_MAX_CHARS_PER_CELL = 8  # longer text is cut before it is measured; accents and emoji marks take no cells


def fine_usd(nano: int | None) -> str:
    """Money of single calls: always four decimals, so that a column of them lines up."""
    return "?" if nano is None else f"${nano / NANO_PER_USD:,.4f}"


def with_short_paths(message: str, cells: int) -> str:
    """The message with the home folder as `~`; if that does not fit, files of the state folder by name alone."""
    folder, state = f"{Path.home()}{os.sep}", f"{home()}{os.sep}"
    short = message.replace(folder, f"~{os.sep}")
    return short if cell_len(short) <= cells else message.replace(state, "").replace(folder, f"~{os.sep}")


def failure(what: str, error: Exception) -> str:
    """A sentence about an error: in the ledger's words, or, if nobody foresaw it, with its type."""
    is_known = isinstance(error, LedgerError | sqlite3.Error)
    return f"{what}: {error}." if is_known else f"{what}: unexpected error: {type(error).__name__}: {error}."


def dollars(nano: int) -> float:
    """Dollars as a float, for a plot's scale only; figures are formatted from the nano-dollars."""
    return nano / NANO_PER_USD


def axis_usd(dollars: float) -> str:
    """Money on an axis: as short as it stays exact."""
    if dollars >= 10_000:
        return f"${dollars / 1000:,.0f}k"
    if dollars >= 1_000 or dollars == int(dollars):
        return f"${dollars:,.0f}"
    return f"${dollars:.2f}" if dollars >= 0.01 else f"${dollars:.4f}"


def axis_tokens(count: float) -> str:
    """Tokens on an axis: 0, 50k, 1M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:g}M"
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"


def day_and_time(at_ms: int, now_ms: int) -> str:
    """Nov 12 14:02; of another year Nov 12 2025, in no more room."""
    at, now = local(at_ms), local(now_ms)
    return at.strftime("%b %d %H:%M" if at.year == now.year else "%b %d %Y")


def month_after(month: date, step: int) -> str:
    """The month `step` months later, as `2026-11`."""
    years, index = divmod(month.year * 12 + month.month - 1 + step, 12)
    return f"{years:04d}-{index + 1:02d}"


def model_name(model: str) -> str:
    """A model id without maker and date: opus-4-5."""
    name = model.rsplit("/", 1)[-1].removeprefix("claude-")
    head, _, tail = name.rpartition("-")
    return plain((head if head and len(tail) == 8 and tail.isdigit() else name)[:_LONGEST_NAME])


def project_name(project: str | None) -> str:
    """The last part of a project's path, whatever system wrote it."""
    return plain((projects.project_name(project) or project or _LINE)[:_LONGEST_NAME])


def session_name(session: "SessionSum | DueNudge") -> str:
    """A session's title, else its project."""
    return plain(session.title or "") or project_name(session.project)


def project_names(paths: Sequence[str | None]) -> list[str]:
    """Names of projects; those that several share with their parent folder: `api · work`."""
    names = [project_name(path) for path in paths]
    times = Counter(names)
    return [
        name if times[name] == 1 or not path else f"{name} · {project_name(_folder_of(path))}"
        for path, name in zip(paths, names, strict=True)
    ]


def _folder_of(path: str) -> str:
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[0] or "/"


def plain(text: str) -> str:
    """Text without control and direction characters, in one line: neither markup nor escapes nor order leak out."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(plain_text.VARIATION_SELECTORS)
    if text.isprintable():
        return text
    return " ".join(plain_text.plain(text).split())


def cells(text: str) -> int:
    """Terminal cells that a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def in_two(text: str, width: int) -> tuple[str, str]:
    """Split a text wider than `width` between words into `head …` and `… rest`; (text, "") if it fits."""
    if cells(text) <= width or width < _MIN_OF_TWO:
        return text, ""
    head = fit(text, width - 1).rstrip().removesuffix("…").rstrip()
    whole = head if text[len(head) :].startswith(" ") else head.rpartition(" ")[0]
    if not whole:  # a word is wider than the line, or the script has no blanks
        return f"{head}…", f"…{text[len(head) :]}"
    return f"{whole} …", f"… {text[len(whole) :].lstrip()}"


def in_the_middle(text: str, width: int) -> str:
    """The text, without its middle if it is too wide: `paym… work`."""
    text = plain(text)
    if cells(text) <= width:
        return text
    tail = text
    while cells(tail) > width // 2:
        tail = tail[1:]
    return fit(text, width - cells(tail)).rstrip() + tail


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Plain text in exactly `width` cells: padded, or cut with an ellipsis."""
    text = plain(text[: max(0, width) * _MAX_CHARS_PER_CELL + 1])
    wide = cells(text)
    if wide > width:
        if width <= 0:
            return ""
        kept, used = [], 0
        for char in text:
            size = get_character_cell_size(char)
            if used + size > width - 1:
                break
            kept.append(char)
            used += size
        text, wide = "".join(kept) + "…", used + 1
    pad = " " * (width - wide)
    return pad + text if right else text + pad
