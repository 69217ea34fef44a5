"""The context over calls as the command line draws it: from zero, with what stood there before and what happened."""

from pathlib import Path

import click

from tests.cli.running import Taximeter
from tests.unit.tasks.making import Transcript
from tracker.cli.drawing import CurvePoint, curve

POINTS = [CurvePoint(40), CurvePoint(80), CurvePoint(20, is_reset=True), CurvePoint(40, is_miss=True)]


def plain(lines: list[str]) -> list[str]:
    return [click.unstyle(line) for line in lines]


def test_what_stood_there_at_the_beginning_is_darker_and_events_stand_below_their_call() -> None:
    assert plain(curve(POINTS, 16, 4, baseline=20, inherited=40)) == [
        "80 ┤   ███",
        "   ┤   ███",
        "40 ┤▓▓▓▓▓▓   ▓▓▓",
        "   ┤▒▒▒▒▒▒▒▒▒▒▒▒",
        " 0 ┼────────────",
        "          ┆  ×",
    ]


def test_of_calls_that_share_a_column_the_largest_is_drawn_and_no_event_is_lost() -> None:
    points = [CurvePoint(10 * number, number == 4, number == 9) for number in range(12)]
    assert plain(curve(points, 10, 3)) == [
        "110 ┤   ▁█",
        " 55 ┤  ▅██",
        "    ┤▂▇███",
        "  0 ┼─────",
        "       ┆ ×",
    ]


def test_without_calls_or_events_nothing_is_drawn_for_them() -> None:
    assert curve([], 10, 2) == []
    assert plain(curve(POINTS[:2], 10, 1)) == ["80 ┤▄▄▄███", " 0 ┼──────"]


def test_the_headings_of_context_and_task_name_the_signs_of_the_chart(taximeter: Taximeter, tmp_path: Path) -> None:
    script = Transcript(tmp_path / "claude", "s1").prompt("go").answer("a", wrote=40_000).answer("b", read=40_000)
    taximeter.claude_dirs = [tmp_path / "claude"]
    assert "first prompt 40.0k ▒, 2 calls ─" in taximeter("context").out
    script.prompt("please commit it", after_minutes=30).answer("c", wrote=41_000)
    script.prompt("now something else", after_minutes=30).answer("d", read=41_000).answer("e", read=41_000)
    assert "first prompt 40.0k ▒, 5 calls, 1 miss × ─" in taximeter("context").out
    (one,) = taximeter("tasks", "--json").json()["tasks"]
    taximeter("task", "edit", "split", f"{one['id']}.3")
    later, earlier = taximeter("tasks", "--json").json()["tasks"]
    assert "Context  41.3k ▓ at the start" in taximeter("task", later["id"]).out
    assert "Context  0 at the start" in taximeter("task", earlier["id"]).out
