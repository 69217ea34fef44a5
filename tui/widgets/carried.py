"""What the contexts of a task or a month were made of, and what that cost on the calls that carried it."""

from textual.content import Content

from store.money import short_usd
from tracker.reports.carried import Carried, CarriedRow
from tracker.words import modelled_percent, percent, tokens
from tui.widgets.grid import line
from tui.words import fit, in_the_middle

_TARGETS = 12
_COLUMNS = (("results", 7), ("tokens", 6), ("calls", 5), ("cost", 9), ("share", 5))
_NARROW = 56  # cells; below, there is room for cost and share alone


def carried_lines(carried: Carried, width: int) -> list[Content]:
    """One line per source, then the most expensive files and commands; no figure is cut."""
    total = carried.cost
    columns = _COLUMNS if width >= _NARROW else _COLUMNS[-2:]
    room = max(0, width - sum(cells + 2 for _, cells in columns))

    def heading(words: str) -> Content:
        titles = "".join(f"  {fit(title, cells, right=True)}" for title, cells in columns)
        return line((fit(words, room), "bold $heading"), (titles, "$dim"))

    def row_line(name: str, row: CarriedRow) -> Content:
        figures = [
            f"  {fit(figure, cells, right=True)}"
            for figure, (_, cells) in zip(_figures(row, carried, total)[-len(columns) :], columns, strict=True)
        ]
        return line(
            fit(in_the_middle(name, room), room), ("".join(figures[:-2]), "$dim"), (figures[-2], "bold"), figures[-1]
        )

    results = carried.results
    if carried.unpriced and not total:
        first = line("No call of it has a price.")
    elif results.results:
        share = modelled_percent(carried.results_share)
        first = line("Results ", (f"~{short_usd(results.cost)}", "bold"), f", {share} of {short_usd(total)}")
    else:
        first = line(f"No tool results; the bill is {short_usd(total)}")
    lines = [
        first,
        *([line(("calls: how many carried a result, on average", "$dim"))] if columns == _COLUMNS else []),
        Content(""),
        heading("Bill by source"),
        *(row_line(row.name, row) for row in carried.by_tool()),
    ]
    if carried.targets:
        lines += [Content(""), heading("Files and commands")]
        lines += [row_line(f"{row.tool} {row.target}", row) for row in carried.targets[:_TARGETS]]
    return [one.truncate(width, ellipsis=True) for one in lines]


def _figures(row: CarriedRow, carried: Carried, total: int) -> tuple[str, ...]:
    """The cells of _COLUMNS; output and other have only a cost and a share."""
    cost = short_usd(row.cost) if carried.is_known(row) else "?"
    share = percent(row.cost / total if total else None)
    if row.mean_calls is None:
        return "", "", "", cost, share
    return f"{row.results:,}", tokens(row.tokens), f"{row.mean_calls:,.0f}", cost if cost == "?" else f"~{cost}", share
