"""The screen Plans: every plan is in the table, and how often each would be the cheapest."""

from dataclasses import replace

import pytest

from store.money import short_usd
from tests.tui.fakes import Script, dashboard, drawn
from tracker.words import modelled_percent
from tui.screens.plans import as_api_key, basis
from tui.snapshot import Snapshot, ViewRequest


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 20)])
async def test_no_plan_that_is_compared_is_out_of_sight(sample_script: Script, size: tuple[int, int]) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.plans is not None
        report = made.plans.report
        last = report.outlooks[-1]
        own = replace(last, plan=replace(last.plan, id="own", name="Our Own Plan"))
        report = replace(report, outlooks=(*report.outlooks, own), tasks=(), current="own")
        return replace(made, plans=replace(made.plans, report=report))

    text = await drawn(dashboard(script, start="plans"), size=size)
    assert "● Our Own Plan" in text


async def test_without_tasks_there_is_no_column_of_what_one_costs(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.plans is not None
        return replace(made, plans=replace(made.plans, report=replace(made.plans.report, tasks=())))

    assert " a task " in await drawn(dashboard(sample_script, start="plans"))
    assert " a task " not in await drawn(dashboard(script, start="plans"))


async def test_the_table_has_the_share_of_months_in_which_a_plan_is_the_cheapest(sample_script: Script) -> None:
    part = sample_script(ViewRequest(screen="plans")).plans
    assert part is not None
    shares = part.report.cheapest_in
    assert sum(shares.values()) == pytest.approx(1.0)
    lines = (await drawn(dashboard(sample_script, start="plans"))).splitlines()
    table = lines[next(index for index, line in enumerate(lines) if " cheapest " in line and " fee " in line) :]
    end = table[0].index("cheapest") + len("cheapest")
    for row, one in zip(table[1:], part.report.outlooks, strict=False):
        assert row[:end].endswith(f" {modelled_percent(shares[one.plan.id])}"), one.plan.name


async def test_with_few_days_columns_that_need_more_are_left_out(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.plans is not None
        load = made.plans.report.load
        assert load is not None
        few = replace(made.plans.report, load=replace(load, days={left: days[-2:] for left, days in load.days.items()}))
        return replace(made, plans=replace(made.plans, report=few))

    for made, is_told in ((sample_script, True), (script, False)):
        lines = (await drawn(dashboard(made, start="plans"))).splitlines()
        (titles,) = [line for line in lines if " fee " in line and " a month " in line]
        assert [" cheapest " in titles, " used " in titles] == [is_told] * 2


def test_what_an_api_key_would_be_billed_is_shown_once_with_its_label(sample_script: Script) -> None:
    """Priced and told once where that is what was logged, modelled wherever it stands where it is not."""
    part = sample_script(ViewRequest(screen="plans")).plans
    assert part is not None
    report = part.report
    assert report.load is not None
    spent = report.spent_logged.cost
    for nano, told in ((spent, []), (spent + 3_000_000_000, [f"~{short_usd(spent + 3_000_000_000)}"])):
        billed = replace(report, load=replace(report.load, spent_nano=(nano,)))
        assert [figure for name, figure, _ in basis(billed) if name == "the same, billed to an API key"] == told
        assert as_api_key(billed) == (told[0] if told else short_usd(spent))
