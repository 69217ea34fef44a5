"""The screen Plans: every plan is in the table, and how often each would be the cheapest."""

from dataclasses import replace

import pytest

from tests.tui.fakes import Script, dashboard, drawn
from tracker.words import modelled_percent
from tui.snapshot import Snapshot, Wish


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 20)])
async def test_no_plan_that_is_compared_is_out_of_sight(sample_script: Script, size: tuple[int, int]) -> None:
    def script(wish: Wish) -> Snapshot:
        made = sample_script(wish)
        assert made.plans is not None
        report = made.plans.report
        last = report.outlooks[-1]
        own = replace(last, plan=replace(last.plan, id="own", name="Our Own Plan"))
        report = replace(report, outlooks=(*report.outlooks, own), tasks=(), current="own")
        return replace(made, plans=replace(made.plans, report=report))

    text = await drawn(dashboard(script, start="plans"), size=size)
    assert "● Our Own Plan" in text


async def test_the_table_has_the_share_of_months_in_which_a_plan_is_the_cheapest(sample_script: Script) -> None:
    part = sample_script(Wish(screen="plans")).plans
    assert part is not None
    shares = part.report.cheapest_in
    assert sum(shares.values()) == pytest.approx(1.0)
    lines = (await drawn(dashboard(sample_script, start="plans"))).splitlines()
    table = lines[next(index for index, line in enumerate(lines) if " cheapest " in line and " fee " in line) :]
    end = table[0].index("cheapest") + len("cheapest")
    for row, one in zip(table[1:], part.report.outlooks, strict=False):
        assert row[:end].endswith(f" {modelled_percent(shares[one.plan.id])}"), one.plan.name
