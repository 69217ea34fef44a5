"""Columns: those without room leave whole, by their rank or because they say nothing; figures are never cut."""

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import HOSTILE
from tests.tui.items import COLUMNS, Item
from tui.widgets.columns import Column, extents, figures, header_line, layout, plain_table


def test_columns_leave_whole_by_their_rank() -> None:
    assert [index for index, _ in layout(COLUMNS, 60)] == [0, 1, 2, 3]
    assert [index for index, _ in layout(COLUMNS, 30)] == [0, 1, 2]
    assert [index for index, _ in layout(COLUMNS, 20)] == [0, 1]
    assert dict(layout(COLUMNS, 60))[0] == 60 - 8 - 8 - 6 - 3


def test_a_figure_is_never_cut() -> None:
    rows = [Item("dear", 1_234_567.5), Item("cheap", 1.0)]
    texts = [str(one) for one in plain_table(COLUMNS, rows, 44, 5)]
    assert texts[1:] == ["dear      $1,234,567.50 $2,469,135.00 note  ", "cheap             $1.00         $2.00 note  "]
    assert "$1,234,567.50" in str(plain_table(COLUMNS, rows, 24, 5)[1])


def test_a_column_that_stretches_leaves_the_growing_one_half_of_what_there_is() -> None:
    columns: tuple[Column[Item], ...] = (
        Column("who", 10, lambda item: item.name, grows=True),
        Column("did", 6, lambda item: "3 files · commit", stretches=True),
    )
    rows = [Item("a", 1.0)]
    assert [layout(columns, width, rows) for width in (17, 25, 37, 60)] == [
        [(0, 10), (1, 6)],
        [(0, 14), (1, 10)],
        [(0, 20), (1, 16)],
        [(0, 43), (1, 16)],
    ]


def test_the_sorted_column_keeps_its_whole_title() -> None:
    columns: tuple[Column[Item], ...] = (
        Column("who", 3, lambda item: item.name, grows=True),
        Column("calls", 5, lambda item: "1", right=True),
        Column("cost", 8, lambda item: "$1.00", right=True),
    )
    titles = [str(header_line(columns, layout(columns, 24, (), index), index, "▾")) for index in range(3)]
    assert titles == ["who▾      calls     cost", "who      ▾calls     cost", "who       calls    ▾cost"]
    assert [index for index, _ in layout(columns, 18, (), 1)] == [0, 1, 2]


def test_the_sorted_column_is_the_last_that_leaves() -> None:
    """Another month's titles may take its room: what the rows are sorted by would be seen no more."""
    assert [[index for index, _ in layout(COLUMNS, 30, sort=sort)] for sort in (None, 2, 3)] == [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 3],
    ]
    assert [index for index, _ in layout(COLUMNS, 20, sort=3)] == [0, 1]


@given(st.integers(1, 200))
def test_a_layout_that_can_fit_does(width: int) -> None:
    places = layout(COLUMNS, width)
    used = sum(wide for _, wide in places) + len(places) - 1
    assert used == width or len(places) == 2


@given(st.sampled_from(HOSTILE), st.integers(18, 120))
def test_foreign_text_keeps_to_its_cells(name: str, width: int) -> None:
    lines = plain_table(COLUMNS, [Item(name, 1.0)], width, 5)
    assert all(line.cell_length == width for line in lines)


_WITH_FACTS: tuple[Column[Item], ...] = (
    Column("title", 8, lambda item: item.name, grows=True, of=lambda item: item.name),
    Column("agent", 9, lambda item: item.name[:5], rank=1, of=lambda item: item.name[:5]),
    figures("calls", 5, lambda item: item.cost, "{:.0f}".format, rank=2),
)


def places(rows: list[Item], width: int, sort: int | None = None) -> list[tuple[int, int]]:
    return layout(_WITH_FACTS, width, rows, sort, extents(_WITH_FACTS, rows))


def test_a_column_that_says_the_same_in_every_row_gives_titles_its_room() -> None:
    alike = [Item("cline: a very long title", 1), Item("cline: b", 2)]
    mixed = [alike[0], Item("cc", 2)]
    assert places(alike, 35) == [(0, 29), (2, 5)]
    assert places(mixed, 35) == [(0, 23), (1, 5), (2, 5)]
    assert places(alike, 35, sort=1) == [(0, 22), (1, 6), (2, 5)]
    assert places(alike, 36) == [(0, 24), (1, 5), (2, 5)]  # no title is cut
    assert places(alike[:1], 28) == [(0, 16), (1, 5), (2, 5)]  # what one row says is not said twice


def test_a_column_of_dashes_is_left_out_but_the_one_that_names_the_rows() -> None:
    assert places([Item("–", 1), Item("–", 2)], 60) == [(0, 54), (2, 5)]
    assert places([Item("–", 1), Item("cc", 2)], 60) == [(0, 48), (1, 5), (2, 5)]


def test_a_column_is_no_wider_than_what_all_rows_want() -> None:
    rows = [Item("a", 1), Item("bc", 2)]
    assert dict(places(rows, 40))[1] == len("agent")
    assert dict(layout(_WITH_FACTS, 40))[1] == 9


def test_the_growing_column_has_a_third_if_its_rows_want_that() -> None:
    long, short = [Item("cline: " + "long " * 9, 1), Item("cc", 2)], [Item("cline", 1), Item("cc", 2)]
    assert places(long, 30) == [(0, 18), (1, 5), (2, 5)]
    assert places(long, 22) == [(0, 10), (1, 5), (2, 5)]
    assert places(long, 18) == [(0, 12), (1, 5)]
    assert places(short, 18) == [(0, 12), (1, 5)]
    wide = (*_WITH_FACTS, *_WITH_FACTS[1:], *_WITH_FACTS[1:], *_WITH_FACTS[1:])
    assert dict(layout(wide, 54, long, wanted=extents(wide, long)))[0] >= 18
    assert dict(layout(wide, 54, short, wanted=extents(wide, short)))[0] == 12


def test_a_growing_column_takes_no_more_than_its_most() -> None:
    columns: tuple[Column[Item], ...] = (Column("name", 8, lambda item: item.name, grows=True, most=12), COLUMNS[1])
    assert [layout(columns, width) for width in (18, 21, 60)] == [
        [(0, 9), (1, 8)],
        [(0, 12), (1, 8)],
        [(0, 12), (1, 8)],
    ]
