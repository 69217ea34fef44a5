"""Character graphics: split bars, context curves, shares. Glyphs differ, so that colour is never needed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import click

from store.money import short_usd
from store.plain_text import plain
from tracker.bars import lengths
from tracker.cli.output import abbreviate_home, fit, width
from tracker.signs import SPLIT_GLYPHS
from tracker.words import percent, tokens

if TYPE_CHECKING:
    from store.task_rows import TaskRow

_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Segment(NamedTuple):
    """A part of a bar."""

    name: str
    amount: int
    glyph: str
    colour: str


# After Okabe and Ito.
_COLOURS = {
    "baseline": "bright_cyan",
    "carry_over": "blue",
    "own": "bright_blue",
    "fresh": "green",
    "generation": "yellow",
    "waste": "red",
    "other": "bright_black",
}


def split_segments(task: "TaskRow") -> list[Segment]:
    """The seven parts of a task's cost, in drawing order."""
    return [
        Segment(name, getattr(task, column), glyph, _COLOURS[column]) for column, (name, glyph) in SPLIT_GLYPHS.items()
    ]


def split_bar(segments: Sequence[Segment], cells: int) -> str:
    """A bar of `cells` characters, each segment by its share; every positive one gets at least a cell."""
    shown = [segment for segment in segments if segment.amount > 0]
    if cells < len(shown):
        return ""
    counts = lengths([segment.amount for segment in shown], cells)
    return "".join(
        click.style(segment.glyph * count, fg=segment.colour) for segment, count in zip(shown, counts, strict=True)
    )


def legend(segments: Sequence[Segment], cells: int) -> list[str]:
    """Legend of the glyphs with amounts and shares, in as many lines as needed."""
    total = sum(segment.amount for segment in segments) or 1
    lines: list[str] = []
    used = 0
    for segment in segments:
        if not segment.amount:
            continue
        money, share = short_usd(segment.amount), percent(segment.amount / total)
        text = f"{segment.glyph} {segment.name} {money} {share}"
        glyph = click.style(segment.glyph, fg=segment.colour)
        styled = f"{glyph} {segment.name} {click.style(money, bold=True)} {share}"
        if lines and used + 3 + width(text) <= cells:
            lines[-1] += "   " + styled
            used += 3 + width(text)
        else:
            lines.append(styled)
            used = width(text)
    return lines


class CurvePoint(NamedTuple):
    """A call on a curve, and whether the context was reset right before it."""

    tokens: int
    is_reset: bool = False
    is_miss: bool = False


def curve(points: Sequence[CurvePoint], cells: int, rows: int, *, inherited: int = 0, baseline: int = 0) -> list[str]:
    """Context over calls as a zero-based area chart, `rows` high; the inherited part is darker.

    Under the area: `┆` where the context was reset, `×` where the cache missed.
    """
    if not points:
        return []
    peak = max(point.tokens for point in points) or 1
    labels = [tokens(peak), tokens(peak // 2), "0"]
    margin = max(len(label) for label in labels) + 2
    columns = _columns(points, max(4, cells - margin))
    lines: list[str] = []
    for row in range(rows, 0, -1):
        label = labels[0] if row == rows else labels[1] if row == (rows + 1) // 2 else ""
        cells_of_row = []
        for one in columns:
            level = one.tokens / peak * rows - (row - 1)
            glyph = _EIGHTHS[max(0, min(8, round(level * 8)))]
            middle = (row - 0.5) / rows * peak
            cells_of_row.append(_inked(glyph, is_baseline=middle <= baseline, is_inherited=middle <= inherited))
        lines.append(click.style(f"{label:>{margin - 2}} ┤", dim=True) + "".join(cells_of_row).rstrip(" "))
    marks = "".join("┆" if one.is_reset else "×" if one.is_miss else " " for one in columns)
    lines.append(click.style(f"{labels[2]:>{margin - 2}} ┼" + "─" * len(columns), dim=True))
    if marks.strip():
        lines.append(" " * margin + click.style(marks.rstrip(), fg="red"))
    return lines


def _inked(glyph: str, *, is_baseline: bool, is_inherited: bool) -> str:
    """A cell of the chart with glyph and colour of the baseline or inherited part; only full cells are marked."""
    if glyph == "█" and is_baseline:
        return click.style("▒", fg="bright_cyan")
    if glyph == "█" and is_inherited:
        return click.style("▓", fg="blue")
    return glyph if glyph == " " else click.style(glyph, fg="bright_blue")


def _columns(points: Sequence[CurvePoint], most: int) -> list[CurvePoint]:
    """One or more columns per call; with more calls than columns, the largest call of each stretch."""
    if len(points) * 3 <= most:
        spread = min(6, most // len(points))
        return [one for point in points for one in (point, *[CurvePoint(point.tokens)] * (spread - 1))]
    count = min(most, len(points))
    edges = [place * len(points) // count for place in range(count + 1)]
    return [
        CurvePoint(
            max(point.tokens for point in points[start:end]),
            any(point.is_reset for point in points[start:end]),
            any(point.is_miss for point in points[start:end]),
        )
        for start, end in pairwise(edges)
    ]


def rule(title: str, cells: int) -> str:
    """A heading with a line to the right edge."""
    return click.style(title, bold=True) + " " + click.style("─" * max(0, cells - width(title) - 1), dim=True)


def tool_and_target(parts: Sequence[tuple[str, str]], cells: int) -> list[str]:
    """Tools with their targets in two columns of `cells` in all; a tool gets what its name needs, up to two fifths.

    Of a file, and of an MCP server's tool, the end says more than the beginning.
    """
    tools = [plain(tool) for tool, _ in parts]
    room = min(max(map(width, tools), default=0), max(8, cells * 2 // 5))
    return [
        f"{fit(tool, room, cut='start' if tool.startswith('mcp__') else 'end')}"
        f"  {fit(abbreviate_home(target), max(12, cells - room - 2), cut='start')}"
        for tool, (_, target) in zip(tools, parts, strict=True)
    ]
