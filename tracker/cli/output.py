"""Prints tables, sentences, JSON and CSV as wide as standard output allows."""

import codecs
import csv
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
import msgspec

from store.plain_text import VARIATION_SELECTORS, plain, plain_lines
from tracker.words import Sums

_HARD_SPACE = "\xa0"  # no line break here
_WIDEST, _REDIRECTED = 100, 79  # cells of a line of sentences: on a terminal, in a pipe or file
_MIN_CELLS = 8  # minimum width of a text column
# Characters that a terminal interprets or hides: controls that JSON does not escape, and direction and width marks.
_UNSEEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = dict.fromkeys(
    {*range(32), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)} - {9, 10}, " "
)
_FORMULA_SIGNS = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")
_NEAREST = dict(zip("≥≤–—−…▸─┼┤┆✔✘✓✗∅●", "><---.>-+||+x+x0*", strict=True))


Cut = Literal["end", "start", "never", "below"]


class Column(NamedTuple):
    """A column of a table. Numbers are right-aligned and never cut; texts lose their end or start if there is no room.

    The last column may use `below`: a sentence that does not fit in its row is printed under it.
    """

    title: str
    right: bool = False
    cut: Cut = "end"
    min_width: int = 0  # terminal cells from which the column is shown


def numbers(*titles: str, min_width: int = 0) -> list[Column]:
    """Columns of figures."""
    return [Column(title, right=True, min_width=min_width) for title in titles]


def replace_unencodable() -> None:
    """Print a similar character if the terminal's locale lacks one, such as > for ≥ in Latin-1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            codecs.register_error("nearest", _nearest)
            stream.reconfigure(errors="nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: each character becomes one of the same width, or "_", since "?" means unpriced."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_NEAREST.get(sign, "_") for sign in error.object[error.start : error.end]), error.end


def _for_programs() -> None:
    """Switch stdout to UTF-8, whatever the locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def print_json(value: Any) -> None:
    """Print one indented JSON document."""
    _for_programs()
    click.echo(_json_text(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def print_json_lines(values: Iterable[Any]) -> None:
    """Print one JSON object per line."""
    _for_programs()
    for value in values:
        click.echo(_json_text(msgspec.json.encode(value)))


def _json_text(encoded: bytes) -> str:
    """The document with everything a terminal would interpret escaped; programs parse the same values."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded.decode()
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], encoded.decode())


def print_csv(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a header line; booleans become yes or no."""
    _for_programs()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(map(csv_row, rows))


def csv_row(row: Sequence[Any]) -> list[Any]:
    """A row's cells made safe for CSV: no terminal controls, no direction marks, no spreadsheet formulas."""
    return [
        _csv_text(cell) if isinstance(cell, str) else ("no", "yes")[cell] if isinstance(cell, bool) else cell
        for cell in row
    ]


def _csv_text(text: str) -> str:
    if not text.isprintable():  # ten times faster than looking for each character
        text = text.translate(_CONTROLS)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_SIGNS) and not _NUMBER.fullmatch(text) else text


def print_records(names: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Print these fields of JSON objects as CSV."""
    print_csv(names, ([record[name] for name in names] for record in records))


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, footer: Sequence[str] | None = None
) -> None:
    """Print a plain table: header, rows, and the total under a rule.

    A narrow terminal hides the columns whose `min_width` it does not reach, then cuts the widest texts.
    """
    cells = terminal_width()
    shown = [place for place, column in enumerate(columns) if column.min_width <= cells]
    columns = [columns[place] for place in shown]
    every = [[plain(row[place]) for place in shown] for row in rows]
    below = [[plain(footer[place]) for place in shown]] if footer is not None else []
    titles = [column.title for column in columns]
    widths = [max(map(width, texts)) for texts in zip(titles, *every, *below, strict=True)]
    if goes_below := columns[-1].cut == "below" and _line_cells(widths) > cells:
        widths.pop()
    _narrow(widths, columns, cells)

    def line(row: Sequence[str]) -> tuple[str, str]:
        fitted = zip(row, widths, columns, strict=False)
        made = "  ".join(fit(cell, wide, right=one.right, cut=one.cut) for cell, wide, one in fitted)
        sentence = row[-1] if goes_below else ""
        if sum(widths) + 2 * len(widths) + width(sentence) <= cells:
            return f"{made}  {sentence}".rstrip(), ""
        return made.rstrip(), sentence

    click.echo(click.style(line(titles)[0], dim=True))
    for row in every:
        made, sentence = line(row)
        click.echo(made)
        if sentence:
            click.echo(wrapped(" " * (widths[0] + 2) + sentence))
    for row in below:
        click.echo(click.style("─" * _line_cells(widths), dim=True))
        click.echo(click.style(line(row)[0], bold=True))


def _line_cells(widths: Sequence[int]) -> int:
    """Cells of columns of these widths, with two blanks between."""
    return sum(widths) + 2 * (len(widths) - 1)


def _narrow(widths: list[int], columns: Sequence[Column], cells: int) -> None:
    """Take cells from the widest texts until a line fits, or no text may lose more."""
    flexible = [index for index in range(len(widths)) if not columns[index].right and columns[index].cut != "never"]
    while flexible and _line_cells(widths) > cells:
        widest = max(flexible, key=widths.__getitem__)
        if widths[widest] <= _MIN_CELLS:
            return
        widths[widest] -= 1


def note(text: str) -> None:
    """Print a dimmed note under a table."""
    click.echo(click.style(wrapped(plain_lines(text)), dim=True))


def wrapped(text: str) -> str:
    """The text with lines wrapped to the terminal: behind ` ·` if a line has any, else between words."""
    cells = terminal_width()
    if all(width(line) <= cells for line in text.splitlines()):
        return text
    lines = (
        textwrap.wrap(
            line.replace(" ", _HARD_SPACE).replace(f"·{_HARD_SPACE}", "· ") if " · " in line else line,
            cells,
            subsequent_indent=line[: len(line) - len(line.lstrip())],
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )
    return "\n".join(part for parts in lines for part in parts).replace(_HARD_SPACE, " ")


def whole_words(text: str) -> str:
    """Text of one line: on a terminal wrapped between words, else as it is."""
    text = plain(text)
    return wrapped(text) if is_terminal() else text


def paragraph(text: str, *, bullet: str = "", dim: bool = False) -> None:
    """Print wrapped sentences, at most 100 cells wide; for 80 columns when redirected.

    Further lines are aligned behind the `bullet`. `dim`: print as a note.
    """
    cells = min(terminal_width() - 1, _WIDEST) if is_terminal() else _REDIRECTED
    filled = textwrap.fill(
        plain(text), max(20, cells), initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
    (note if dim else click.echo)(filled)


def say(text: str) -> None:
    """Print a sentence about the run itself on stderr."""
    line = f"taximeter: {plain(text)}"
    click.echo(wrapped(line) if sys.stderr.isatty() else line, err=True)


def owner_only(path: str, flags: int) -> int:
    """An opener of owner-only files, like the ledger: they may hold words of prompts."""
    descriptor = os.open(path, flags, 0o600)
    if Path(path).is_file():  # an existing file keeps its mode otherwise; a device is left alone
        Path(path).chmod(0o600)
    return descriptor


def note_left_out(count: int, what: str) -> None:
    """Note how many rows a list leaves out, if any."""
    if count > 0:
        note(f"{count:,} older {what} left out: --limit 0 shows all.")


def note_gaps(rows: Iterable[Sums]) -> None:
    """Explain ≥ and ? if the costs of these rows have them."""
    sums = list(rows)
    if any(row.floor for row in sums):
        note("≥ a floor: the output of some calls is not fully recorded.")
    if any(row.unpriced for row in sums):
        note("?: calls without a price are not in it (taximeter spend names their models).")


def is_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def supports_escapes() -> bool:
    """False for terminals without cursor movement and colours, such as Emacs' shell."""
    return os.environ.get("TERM") != "dumb"


def supports_dashboard() -> bool:
    """Whether the dashboard can draw (Textual uses stderr) and receive keys."""
    ends = (sys.stdin, sys.stdout, sys.stderr)
    return all(end is not None and end.isatty() for end in ends) and supports_escapes()


def terminal_width() -> int:
    """Columns of the terminal; 200 when redirected."""
    if not is_terminal():
        return 200
    import shutil

    return shutil.get_terminal_size((100, 30)).columns


def abbreviate_home(path: str) -> str:
    """The path with the home folder written as `~`."""
    home = str(Path.home())
    return f"~{path.removeprefix(home)}" if path == home or path.startswith(home + os.sep) else path


def short_session(native_id: str) -> str:
    """Leading characters of a session's id that tell it from others.

    Cline's and Roo's ids (UUID version 7) begin with a timestamp: 13 characters hold its milliseconds.
    """
    return native_id[: 13 if native_id[:13].isdigit() or native_id[14:15] == "7" else 8]


def width(text: str) -> int:
    """Width of a text in terminal cells."""
    if text.isascii():
        return len(text)
    import unicodedata

    cells = 0
    for char in text:
        # Combining marks take no cell of their own, nor do Korean vowels and finals written as separate characters.
        if unicodedata.category(char) not in ("Mn", "Me") and not "\u1160" <= char <= "\u11ff":
            cells += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return cells


def fit(text: str, cells: int, *, right: bool = False, cut: Cut = "end") -> str:
    """Plain text in exactly `cells` cells: padded, or cut with an ellipsis at the end or start."""
    text = plain(text).translate(VARIATION_SELECTORS)
    if width(text) > cells:
        kept, room = 0, cells - 1
        for char in reversed(text) if cut == "start" else text:
            room -= width(char)
            if room < 0:
                break
            kept += 1
        text = "…" + text[len(text) - kept :].lstrip() if cut == "start" else text[:kept].rstrip() + "…"
    pad = " " * (cells - width(text))
    return pad + text if right else text + pad
