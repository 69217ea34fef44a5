"""Budgets and the four layers of a month: list price, workload, operational multipliers, buffer (docs/plans.md)."""

from textual.content import Content

from store.money import NANO_PER_USD, short_usd
from tracker.model.plans.budget import Layers
from tracker.reports.budget import BudgetReport
from tracker.words import cost_text
from tui.widgets.gauge import gauge, level_of
from tui.widgets.grid import line
from tui.words import cells, fit, plain

_NAME = 11


def budget_lines(report: BudgetReport, width: int, height: int) -> list[Content]:
    """One line for each budget that is set, then the layers as steps from base to planned.

    Where there is no room for all, the steps between give way to the first budget, further budgets to the steps.
    """
    lines: list[Content] = []
    for one in report.lines:
        if one.budget_nano is None or one.share is None:
            continue
        style, _ = level_of(one.share)
        spent = one.spent
        words = cost_text(spent)
        figures = f"{words} of {short_usd(one.budget_nano)}"
        named = min(_NAME, width - cells(figures) - 1)
        room = width - named - cells(figures) - 1
        middle = gauge(one.share, 1.0, room, style) if room >= 4 else Content("")
        lines.append(line((fit(plain(one.label), named), "$dim")) + middle + line(" ", (figures, f"bold {style}")))
    if report.layers is not None:
        steps = layer_lines(report.layers, width)
        if height < len(steps) + min(len(lines), 2):
            steps = [steps[0], steps[-1]]
        room = height - len(steps)
        if len(lines) > room:
            lines = [*lines[: room - 1], line((f"and {len(lines) - room + 1} more: taximeter budget", "$dim"))]
        lines += ([Content("")] if lines and room > len(lines) else []) + steps
    elif not lines:
        sentence = ("no budget is set: press ,", "five completed tasks make", "the layers of a month")
        lines = [line((part, "$dim")) for part in sentence]
    return lines[:height]


def layer_lines(made: Layers, width: int) -> list[Content]:
    """Base, additions for retries, abandoned work and waste, buffer, and sum; each step starts where the last ended."""
    top, reached = made.planned_usd, made.base_usd
    steps = [("base", 0.0, reached, "$series-2")]
    for name, factor in (("retries", made.retry.used), ("abandoned", made.abandoned.used), ("waste", made.waste.used)):
        steps.append((name, reached, reached * factor, "$generation"))
        reached *= factor
    steps += [("buffer", reached, reached * (1 + made.buffer), "$series-5"), ("planned", 0.0, top, "$taxi")]
    figures = [f"{'+' if begin else '~'}{short_usd(round((end - begin) * NANO_PER_USD))}" for _, begin, end, _ in steps]
    widest = max(map(cells, figures))
    room = max(4, width - _NAME - widest - 1)
    return [
        _step(name, begin, end, top, room, style, fit(figure, widest, right=True))
        for (name, begin, end, style), figure in zip(steps, figures, strict=True)
    ]


def _step(name: str, begin: float, end: float, top: float, room: int, style: str, figure: str) -> Content:
    first = min(room - 1, int(begin / top * room)) if top else 0
    last = max(first + 1, round(end / top * room)) if top and end > begin else first
    drawn = ("█" * (last - first), style)
    return line((fit(name, _NAME), "$dim"), " " * first, drawn, " " * (room - last), " ", (figure, "bold"))
