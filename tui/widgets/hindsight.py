"""What the same sessions would have cost with other rules of when to compact (MODEL section 8), as bars from zero."""

from textual.content import Content

from tracker.model.backtest_score import PolicyName
from tracker.reports.backtest import BacktestReport
from tui.widgets.grid import Piece, line
from tui.words import cells, fit, percent, usd

_NAMES = {
    PolicyName.NEVER: "never, but for the client itself",
    PolicyName.OURS: "when Taximeter says so",
    PolicyName.OPTIMUM: "best in hindsight",
}
_FIXED = ("fixed_100k", "fixed_150k", "fixed_300k")
_LEAST_BAR = 10


def rule_name(name: str) -> str:
    """A rule in words."""
    return _NAMES.get(name) or f"always at {name.removeprefix('fixed_')}"


def hindsight_lines(report: BacktestReport, width: int) -> list[Content]:
    """A line a rule: name, bar, cost, what it saves against never, and its share of what hindsight saves."""
    shown = [PolicyName.NEVER, *_FIXED, PolicyName.OURS, PolicyName.OPTIMUM]
    scores = [score for name in shown for score in report.result.scores if score.name == name]
    never = report.result.score(PolicyName.NEVER).cost_nano
    top = max(score.cost_nano for score in scores)
    name_width = max(cells(rule_name(score.name)) for score in scores) + 1
    bar_width = width - name_width - 36
    lines = []
    for score in scores:
        is_ours = score.name == PolicyName.OURS
        saved = never - score.cost_nano
        words = (
            ""
            if score.name == PolicyName.NEVER
            else f"saves {usd(saved)}"
            if saved >= 0
            else f"costs {usd(-saved)} more"
        )
        pieces: list[Piece | str] = [
            (fit(("▸ " if is_ours else "  ") + rule_name(score.name), name_width + 2), "bold $taxi" if is_ours else "")
        ]
        if bar_width >= _LEAST_BAR:
            drawn = "━" * max(1, round(score.cost_nano / top * bar_width))
            pieces.append((fit(drawn, bar_width), "$taxi" if is_ours else "$series-2"))
        pieces.append((fit(f"~{usd(score.cost_nano)}", 10, right=True), "bold"))
        pieces.append((f"  {fit(words, 17)}", "$good" if saved > 0 else "$dim"))
        if score.captured is not None and score.name != PolicyName.NEVER:
            pieces.append((fit(percent(score.captured), 5, right=True), "$dim"))
        lines.append(line(*pieces).truncate(width, ellipsis=True))
    return lines
