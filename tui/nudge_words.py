"""The sheet of one nudge: why it was said, or was not, and every figure that it was decided on, in words."""

import json

from textual.content import Content

from store.money import NANO_PER_USD, short_usd
from store.nudges import NudgeRow
from tracker.reports.nudges import why_not_shown
from tracker.words import MEANT_TO_HOLD, duration, percent
from tui.widgets.grid import line
from tui.widgets.verdict import wrapped
from tui.words import fit, plain

_TITLE_WIDTH = 34
_PRICES = ("read_nano", "write_nano", "input_nano", "output_nano")  # nano-dollars of one token
_SHARES = ("client_compacts", "threshold")  # shares whose names do not say so
_NAMES = ("way", "causes")  # names of the model, with underscores
INPUTS = {  # the log's name of each input, and its title
    "age_ms": "since the last call, at least",
    "baseline": "first prompt of the session",
    "better_ttl_ms": "cheaper cache TTL",
    "boundary_score": "score of a task start",
    "calls": "calls before full",
    "calls_high": "calls before full, at most",
    "calls_low": "calls before full, at least",
    "calls_per_turn": "calls a turn",
    "calls_since": "calls since told or compacted",
    "calls_to_auto_compaction": "calls to full",
    "causes": "causes",
    "client_compacts": "chance that the client compacts",
    "cold_probability": "chance of a cold call",
    "cold_starts": "cold starts a month",
    "compact_dismissed_in_epoch": "compact was dismissed",
    "context": "context",
    "context_after": "context afterwards",
    "current_nano": "cost of the replayed calls",
    "current_ttl_ms": "cache TTL in use",
    "enabled": "this kind is on",
    "extra_nano": "of it, if going on does not pay",
    "failed_in_epoch": "a compaction did not help before",
    "fresh_calls": "calls of a new session",
    "growth": "growth a call",
    "idle_ms": "pause",
    "input_nano": "price of input tokens",
    "is_plan": "paid by a plan",
    "level": "compact level",
    "light_share": "share of spend on light turns",
    "misses": "misses",
    "month_nano": "first prompts cost a month",
    "one_off_nano": "costs at once",
    "orientation_calls": "start-up calls of a new session",
    "orientation_tokens": "start-up tokens of a new session",
    "output": "output a call",
    "output_nano": "price of output tokens",
    "own_gaps": "pauses that chance is based on",
    "penalty_nano": "a cold call costs more by",
    "plan_in_progress": "a to-do is in progress",
    "read_nano": "price of read tokens",
    "remaining_calls": "calls to come in the session",
    "result_tokens": "tokens of the result",
    "return_probability": "chance that you return",
    "rewrite_share": "written again within the hour",
    "saving_nano_per_call": "saves a call",
    "saving_share": "share of that saved",
    "share": "share of spend",
    "spared_nano": "saves more if the client compacts",
    "spend_nano": "spend a month",
    "static_floor": "of that, cached for any session",
    "task_completed": "the task before it is done",
    "threshold": "1 h is cheaper from",
    "trigger": "the client compacts at",
    "ttl_ms": "cache TTL",
    "turns": "turns",
    "user_active_in_last_ttl": "you were there within the TTL",
    "waste_nano": "waste",
    "way": "advised way to go on",
    "write_nano": "price of written tokens",
}
_CALLS = {"baseline": "calls a month", "large_result": "calls to come", "miss_storm": "calls looked at"}
_REASONS = {  # those of the log that are too brief to be read alone
    "level": "the context is above its compact level",
    "pays": "saves more than it costs",
    "costs": "reading it again costs more than it is worth",
    "price only": "the context is too small for more than the price",
}


def input_lines(row: NudgeRow, width: int) -> list[Content]:
    """What it said, why or why not, what it promised, and all inputs of the decision."""
    lines = wrapped([(row.text or reason_words(row), "bold")], width)
    lines.append(Content(""))
    if (unshown := why_not_shown(row)) is not None:
        lines += wrapped([(f"Not shown: {unshown}.", "")], width)
    if unshown is None or row.chosen:
        lines += wrapped([(f"Reason: {reason_words(row)}.", "")], width)
    if row.saving is not None and row.saving_low is not None and row.saving_high is not None:
        lines.append(
            line(
                ("Promised: ", ""),
                (f"~{short_usd(row.saving)}", "bold"),
                (f"  {short_usd(row.saving_low)} to {short_usd(row.saving_high)}, {MEANT_TO_HOLD}", "$dim"),
            )
        )
    lines.append(Content(""))
    inputs = json.loads(row.inputs)
    if "context" not in inputs:
        inputs = {"context": row.context, **inputs}
    for name, value in inputs.items():
        lines.append(line((fit(_title(row.kind, name), _TITLE_WIDTH), "$dim"), _figure(name, value)))
    return lines


def reason_words(row: NudgeRow) -> str:
    """Why it was decided so."""
    return _REASONS.get(row.reason, plain(row.reason))


def _title(kind: str, name: str) -> str:
    if name == "calls" and kind in _CALLS:
        return _CALLS[kind]
    return INPUTS.get(name) or " ".join(part for part in name.split("_") if part not in ("nano", "ms"))


def _figure(name: str, value: object) -> str:
    """An input with its unit; the log stores nano-dollars, milliseconds and shares."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if not isinstance(value, int | float):
        words = plain(str(value))
        return words.replace("_", " ") if name in _NAMES else words
    if name in _PRICES:
        return f"${value * 1e6 / NANO_PER_USD:,.2f} a million"
    if "_nano" in name:
        return short_usd(round(value))
    if name.endswith("_ms"):
        return duration(round(value))
    if name.endswith(("share", "probability")) or name in _SHARES:
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if abs(value) >= 1 else f"{value:.4g}"
