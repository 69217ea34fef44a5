"""Plots as text: zero-based, with their scale, and readable without colour."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from tui.widgets.plot import Level, Mark, Series, area, nice_top, resample, stacked_bars, steps

OPUS, HAIKU = Series("█", "$series-1", "opus"), Series("▒", "$series-2", "haiku")


def text(lines: Sequence[object]) -> list[str]:
    return [str(line).rstrip() for line in lines]


def test_bars_stack_by_series_from_zero() -> None:
    drawn = stacked_bars([(2, 0), (1, 1), (0, 0), (4, 0)], list("1234"), [OPUS, HAIKU], 17, 5)
    assert text(drawn) == [
        "$4 ┤         ██",
        "   │         ██",
        "$2 ┤██ ▒▒    ██",
        "$0 ┼██ ██    ██",
        "    1  2  3  4",
    ]


def test_a_tiny_amount_is_still_seen() -> None:
    drawn = stacked_bars([(100,), (0.01,), (0,)], list("abc"), [OPUS], 15, 4)
    assert text(drawn)[2] == "  $0 ┼██ ▁▁"


def test_many_bars_are_named_in_fives_and_the_pointed_one_always() -> None:
    names = [str(day) for day in range(1, 32)]
    drawn = stacked_bars([(1,)] * 31, names, [OPUS], 40, 3, pointed=10)
    assert text(drawn)[-1] == "       1   5     11  15   20   25   30"


def test_bars_that_do_not_fit_leave_out_the_first() -> None:
    drawn = stacked_bars([(float(day),) for day in range(1, 41)], [""] * 40, [OPUS], 15, 2)
    assert text(drawn)[0].endswith("█")
    assert len(text(drawn)[0]) == 15


def test_levels_name_themselves_and_share_no_line() -> None:
    drawn = stacked_bars([(3,)], ["1"], [OPUS], 30, 7, levels=[Level(1.99, "plan $2"), Level(2, "x")])
    lines = text(drawn)
    assert lines[2] == "      │█████" + "┄" * 17 + "x"
    assert sum("plan" in line for line in lines) == 0


def test_curve_keeps_its_peak_when_squeezed() -> None:
    samples = [(10.0,)] * 99 + [(90_000.0,)] + [(10.0,)] * 100
    lines = text(area(samples, [OPUS], 27, 6))
    assert "█" in lines[1]
    assert lines[0].startswith("100k ┤")
    assert lines[-1].startswith("   0 ┼")


def test_curve_marks_resets_in_words() -> None:
    samples = [(float(size),) for size in (10, 20, 30, 5, 10, 15)]
    lines = text(area(samples, [OPUS], 36, 5, marks=[Mark(3, "compact")]))
    assert any("compact" in line for line in lines)


def test_a_mark_stands_at_its_sample_however_wide_the_plot() -> None:
    for width, x in ((46, 25), (86, 45)):
        drawn = text(area([(1.0,)] * 19 + [(4.0,)], [OPUS], width, 4, marks=[Mark(10, "compact")]))
        assert drawn[0].index("╎compact") == len("4 ┤") + (width - len("4 ┤")) * 10 // 20 == x - 1


def test_lines_of_nothing_are_an_axis_alone() -> None:
    drawn = text(steps([[None, None]], ["a", "b"], [OPUS], 20, 4))
    assert drawn == ["100% ┤", " 50% ┤", "  0% ┼", "      a     b"]


def test_a_part_that_stays_is_drawn_level() -> None:
    samples = [(12.45, float(grown)) for grown in range(20, 80)]
    lines = text(area(samples, [OPUS, HAIKU], 65, 20))
    lower = [sum(line[5 + column : 6 + column] == "█" for line in lines) for column in range(60)]
    assert len(set(lower)) == 1


def test_what_is_rounded_up_belongs_to_a_part_that_is_there() -> None:
    assert "▒" not in "".join(text(stacked_bars([(0.001, 0), (4, 0)], list("ab"), [OPUS, HAIKU], 17, 5)))


def test_a_level_far_above_does_not_flatten_the_curve() -> None:
    lines = text(area([(10.0,)] * 4, [OPUS], 20, 4, levels=[Level(1000, "far")]))
    assert lines[0].startswith("10 ┤█")


def test_a_constant_is_not_drawn_as_nothing() -> None:
    lines = text(area([(10.2,)] * 8, [OPUS], 20, 4))
    assert all("█" in line or "▁" in line or line for line in lines)
    assert "█" in lines[-1]


def test_lines_dot_the_days_without_a_figure() -> None:
    drawn = steps([[1.0, None, 0.5], [None, 0.2, None]], list("abc"), [OPUS, HAIKU], 16, 6)
    assert text(drawn) == [
        "100% ┤███···┓",
        "     │      █",
        " 50% ┤      ┗██",
        "     │",
        "  0% ┼   ▒▒▒",
        "      a  b  c",
    ]


def test_lines_have_the_whole_among_their_figures() -> None:
    drawn = text(steps([[2.4]], ["a"], [OPUS], 20, 12))
    assert drawn[0].startswith("250% ┤")
    assert any(line.startswith("100% ┤") for line in drawn)


@given(st.floats(1e-6, 1e12))
def test_the_scale_is_round_and_reaches_the_peak(value: float) -> None:
    top = nice_top(value)
    assert value <= top * (1 + 1e-9)
    assert top <= 2 * value * (1 + 1e-9)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=60), st.integers(1, 40))
def test_resampling_keeps_the_highest(samples: list[tuple[float, float]], columns: int) -> None:
    made = resample(samples, columns)
    assert len(made) == (columns if samples else 0)
    if samples:
        assert max(map(sum, made)) == max(map(sum, samples))


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=40), st.integers(1, 130), st.integers(1, 30))
@example([(0.0, 5e-324)], 1, 1)
def test_no_size_breaks_a_plot(columns: list[tuple[float, float]], width: int, height: int) -> None:
    names = [str(index) for index in range(len(columns))]
    for drawn in (
        stacked_bars(columns, names, [OPUS, HAIKU], width, height, levels=[Level(5, "five")]),
        area(columns, [OPUS, HAIKU], width, height, levels=[Level(5, "five")], marks=[Mark(1, "m")]),
    ):
        assert all(line.cell_length <= width for line in drawn)
        assert len(drawn) <= max(height, 2)
