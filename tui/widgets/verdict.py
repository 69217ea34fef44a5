"""Which way to pay, in words: the answer first, then why, what would settle it, and where it changes."""

from collections.abc import Sequence
from textwrap import wrap

from textual.content import Content

from tracker.reports.plan_words import answer
from tracker.reports.plans import PlansReport
from tui.widgets.grid import line
from tui.words import plain


def verdict_lines(report: PlansReport, width: int, height: int) -> list[Content]:
    """The verdict, wrapped, with blank lines between its parts; only parts that fit whole."""
    parts: list[tuple[str, str]] = []
    verdict = report.verdict
    if verdict is not None:
        parts += [(answer(report, verdict), "bold $taxi"), (verdict.reason, "")]
        if report.switch_words is not None:
            parts.append((report.switch_words, "$good" if (report.switch_usd or 0) >= 0 else ""))
    if report.current is None:
        parts.append(("No plan is set: press , to say how you pay.", "$warn"))
    if verdict is not None and verdict.would_settle:
        parts.append((f"What would settle it: {verdict.would_settle}", "$dim"))
    if report.changes_words is not None:
        parts.append((report.changes_words, "$dim"))
    kept: list[tuple[str, str]] = []
    for part in parts:
        if not kept or len(wrapped([*kept, part], width)) <= height:
            kept.append(part)
    return wrapped(kept, width)


def wrapped(parts: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """Paragraphs with a blank line between them."""
    lines: list[Content] = []
    for words, style in parts:
        if lines:
            lines.append(Content(""))
        lines += [line((part, style)) for part in wrap(plain(words), max(8, width))]
    return lines
