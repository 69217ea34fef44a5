"""The context over calls as the command line draws it: from zero, with what stood there before and what happened."""

import click

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
