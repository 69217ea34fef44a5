"""The cost of the same sessions under other compaction rules, as bars from zero."""

from textual.content import Content

from store.money import short_usd
from tracker.model.advice.backtest_score import PolicyName
from tracker.reports.backtest import BacktestReport, rule_name
from tracker.words import percent
from tui.widgets.grid import Piece, line
from tui.words import cells, fit

_RULES = (PolicyName.NEVER, "fixed_100k", "fixed_150k", "fixed_300k", PolicyName.OURS, PolicyName.OPTIMUM)
_MIN_BAR, _MIN_FIGURE, _MIN_WORDS = 10, 10, 17


def hindsight_lines(report: BacktestReport, width: int) -> list[Content]:
    """One line a rule: name, bar, cost, saving against never, and share of the saving possible in hindsight."""
    scores = [report.result.score(name) for name in _RULES]
    never = scores[0].cost_nano
    top = max(score.cost_nano for score in scores)
    name_width = max(cells(rule_name(score.name)) for score in scores) + 1
    words = ["", *(_saving_words(never - score.cost_nano) for score in scores[1:])]
    figure_width = max(_MIN_FIGURE, *(2 + cells(short_usd(score.cost_nano)) for score in scores))
    words_width = max(_MIN_WORDS, *map(cells, words))
    bar_width = width - name_width - figure_width - words_width - 9
    lines = []
    for score, said in zip(scores, words, strict=True):
        is_ours = score.name == PolicyName.OURS
        pieces: list[Piece | str] = [
            (fit(("▸ " if is_ours else "  ") + rule_name(score.name), name_width + 2), "bold $taxi" if is_ours else "")
        ]
        if bar_width >= _MIN_BAR:
            drawn = "━" * max(1, round(score.cost_nano / top * bar_width))
            pieces.append((fit(drawn, bar_width), "$taxi" if is_ours else "$series-2"))
        pieces.append((fit(f"~{short_usd(score.cost_nano)}", figure_width, right=True), "bold"))
        pieces.append((f"  {fit(said, words_width)}", "$good" if score.cost_nano < never else "$dim"))
        if score.captured is not None and score.name != PolicyName.NEVER:
            pieces.append((fit(percent(score.captured), 5, right=True), "$dim"))
        lines.append(line(*pieces).truncate(width, ellipsis=True))
    return lines


def _saving_words(saved: int) -> str:
    return f"saves {short_usd(saved)}" if saved >= 0 else f"costs {short_usd(-saved)} more"
