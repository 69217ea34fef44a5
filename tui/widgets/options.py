"""The three ways to continue with their prices, the best one marked, and the basis of the prices."""

import re
from collections.abc import Iterator
from textwrap import wrap

from textual.content import Content

from store.money import short_usd
from store.nudges import NudgeRow
from tracker.model.advice.options import Option, OptionKind, Options
from tracker.model.forecast.auto_compaction import TriggerSource
from tracker.reports.context import NAMES, ContextReport, advised, effect
from tracker.words import MEANT_TO_HOLD, counted, tokens
from tui.widgets.grid import Piece, line, spread
from tui.words import cells, fit, plain

_INDENT = 2
_NAME = 11
_MIN_FIGURE = 9
_RANGE = re.compile(r" \([^()]* to [^()]*\).*")
_HOW = re.compile(r"( with `|,| \().*")  # parts of a nudge that say how: a handover, the context size, the cold cache

_TRIGGER_SOURCES = {
    TriggerSource.LEARNED: "learned from your own compactions",
    TriggerSource.SHIPPED: "this client's default",
    TriggerSource.ASSUMED: "assumed: its size for this model is not known",
}


def approx_usd(nano: int) -> str:
    """A modelled amount, marked `~`."""
    return f"~{short_usd(nano)}"


def range_words(option: Option) -> str:
    """The range of an option's cost: `$0.86 to $1.97`."""
    return f"{short_usd(option.low_nano)} to {short_usd(option.high_nano)}"


def option_lines(options: Options, best: Option, width: int, *, with_bars: bool = False) -> list[Content]:
    """One line an option: name, modelled cost, and what it saves or how sure the forecast is; `best` is pointed at.

    With bars, one below each on one scale from zero: solid to the modelled cost, then on to the end of its range.
    """
    made = []
    top = max(max(option.cost_nano, option.high_nano) for option in options.ways)
    figure = max(_MIN_FIGURE, *(1 + cells(approx_usd(option.cost_nano)) for option in options.ways))
    for option in options.ways:
        is_best = option.kind == best.kind
        pieces: list[Piece | str] = [
            ("▸ " if is_best else "  ", "bold $taxi"),
            (fit(NAMES[option.kind], _NAME), "bold" if is_best else ""),
            (fit(approx_usd(option.cost_nano), figure, right=True), "bold"),
        ]
        words = f"({range_words(option)})" if option.kind == OptionKind.CONTINUE else effect(option)
        room = width - _INDENT - _NAME - figure - 3
        if cells(words) > room:
            words = short_effect(option)
        if cells(words) <= room:
            pieces += ["   ", (words, "$good" if option.saving.point_nano > 0 else "$dim")]
        made.append(line(*pieces))
        if with_bars and top > 0:
            made.append(line(" " * _INDENT, *_bar(option, top, width - _INDENT, "$taxi" if is_best else "$dim")))
    return made


def _bar(option: Option, top: int, room: int, style: str) -> tuple[Piece, Piece]:
    solid = max(1, round(option.cost_nano / top * room))
    rest = max(0, round(option.high_nano / top * room) - solid)
    return ("━" * solid, style), ("╌" * rest, "$dim")


def short_effect(option: Option) -> str:
    """What an option saves or costs more, in as few cells as possible."""
    saved = option.saving.point_nano
    if option.kind == OptionKind.CONTINUE or not saved:
        return ""
    return f"{'-' if saved > 0 else '+'}{short_usd(abs(saved))}"


def best_words(best: Option) -> str:
    """The best option in short: `compact ~$1.71, saves $1.25`."""
    saving = f", saves {short_usd(best.saving.point_nano)}" if best.saving.point_nano > 0 else ""
    return f"{NAMES[best.kind]} {approx_usd(best.cost_nano)}{saving}"


def nudge_lines(text: str, width: int, height: int, *, why: str = "") -> list[Content]:
    """A nudge, wrapped, after a blank line if there is room; cut with an ellipsis if there is too little.

    `why`: the reason for not advising the cheapest way. It goes before the saving, which is shown above as well.
    """
    room = max(8, width - 2)
    told = (wrap(". ".join(filter(None, (plain(words), why))), room) for words in (_shorter(text) if why else [text]))
    fits = next((parts for parts in told if len(parts) <= height), None)
    parts = fits or wrap(plain(text), room, max_lines=max(1, height), placeholder=" …")
    made = [line(("▲ " if index == 0 else "  ", "bold $warn"), (part, "$warn")) for index, part in enumerate(parts)]
    return [Content(""), *made] if len(made) < height else made


def _shorter(text: str) -> Iterator[str]:
    """A nudge at four lengths: whole, without its range, without how to do it, and only what to do."""
    brief = _RANGE.sub("", text)
    action, colon, saving = brief.rpartition(": ")
    what = _HOW.sub("", action)
    yield from (text, brief, f"{what}{colon}{saving}")
    if action:
        yield what


def why_lines(report: ContextReport, nudge: NudgeRow | None, width: int) -> list[Content]:
    """The figures behind the prices of the three ways, each with its label beside it, or below if it is long."""
    ahead = report.prospect
    if ahead is None:
        remedy = "" if report.was_reset else " (taximeter prices --help)"
        words = f"No forecast: {report.why_no_forecast}{remedy}."
        return [line(part) for part in wrap(words, width)]
    options, band = ahead.options, ahead.options.forecast.band
    against = options.why_not_best(advised(options, nudge))
    rows: list[tuple[str, str, str]] = [
        ("context now", tokens(report.context), "measured"),
        ("first prompt of the session", tokens(report.baseline), "measured"),
        (
            "growth a call",
            f"~{tokens(round(ahead.estimate.growth))}",
            "modelled: this context so far, and your other sessions",
        ),
        ("output a call", f"~{tokens(round(ahead.estimate.output))}", "modelled in the same way"),
        ("next call", approx_usd(ahead.next_call), "modelled"),
        ("next turn", range_words(ahead.next_turn.go_on), f"modelled: about {counted(ahead.next_turn.calls, 'call')}"),
        (
            "calls to come",
            f"~{options.calls:,}",
            "modelled: how long your sessions go on after another turn",
        ),
        (
            "go on",
            range_words(options.go_on),
            f"{MEANT_TO_HOLD} (measured on {band.measured_on})",
        ),
        ("compact now costs", approx_usd(options.compact.one_off_nano), "at once: the summary, then reading again"),
        (
            "a new session costs",
            approx_usd(options.new_session.one_off_nano),
            "at once: first prompt, start-up reading",
        ),
        ("compact level", tokens(round(ahead.level)), "above it, compacting pays at the end of a turn"),
        ("the client compacts at", tokens(ahead.trigger), _TRIGGER_SOURCES[ahead.trigger_source]),
        (
            "re-reading level",
            "–" if ahead.crossover == float("inf") else tokens(round(ahead.crossover)),
            "modelled: above it, re-reading is half of a call",
        ),
    ]
    name, figure = max(cells(row[0]) for row in rows), max(cells(row[1]) for row in rows)
    lines = [*map(line, wrap(against, width)), Content("")] if against else []
    for title, value, label in rows:
        head = line(fit(title, name), "  ", (fit(value, figure, right=True), "bold"))
        if head.cell_length > width:
            head = spread(line(title), line((value, "bold")), width)
        if head.cell_length + 2 + cells(label) <= width:
            lines.append(head + line("  ", (label, "$dim")))
        else:
            lines += [head, *(line("  ", (part, "$dim")) for part in wrap(label, width - 2))]
    condition = wrap(f"The range holds {options.forecast.condition}.", width)
    return [*lines, Content(""), *(line((part, "$dim")) for part in condition)]
