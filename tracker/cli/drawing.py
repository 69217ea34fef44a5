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
    labels = {0: "0", (rows + 1) // 2: tokens(peak // 2), rows: tokens(peak)}
    margin = max(len(label) for label in labels.values()) + 2
    columns = _columns(points, max(4, cells - margin))
    lines: list[str] = []
    for row in range(rows, 0, -1):
        middle = (row - 0.5) / rows * peak
        full = _BASELINE if middle <= baseline else _INHERITED if middle <= inherited else _OWN
        drawn = "".join(_cell(one.tokens / peak * rows - (row - 1), full) for one in columns)
        lines.append(click.style(f"{labels.get(row, ''):>{margin - 2}} ┤", dim=True) + drawn.rstrip(" "))
    marks = "".join("┆" if one.is_reset else "×" if one.is_miss else " " for one in columns)
    lines.append(click.style(f"{labels[0]:>{margin - 2}} ┼" + "─" * len(columns), dim=True))
    if marks.strip():
        lines.append(" " * margin + click.style(marks.rstrip(), fg="red"))
    return lines


# Full cells of a chart by their part: glyph and colour. Others are drawn as the task's own.
_BASELINE, _INHERITED, _OWN = ("▒", "bright_cyan"), ("▓", "blue"), ("█", "bright_blue")


def _cell(level: float, full: tuple[str, str]) -> str:
    """A cell of the chart that is filled to a level, from 0 to 1."""
    eighths = max(0, min(8, round(level * 8)))
    glyph, colour = full if eighths == 8 else (_EIGHTHS[eighths], _OWN[1])
    return glyph if glyph == " " else click.style(glyph, fg=colour)


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
