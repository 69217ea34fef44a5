"""`record`: records non-token spend on a task."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import click

from store.metered import MeteredJob, add_job, metered_jobs, remove_job
from store.money import nano_from_usd, short_usd, usd
from store.plain_text import plain
from tracker.cli.common import Invocation, csv_option, open_modelled, reading_options
from tracker.cli.output import Column, numbers, paragraph, print_json, print_records, print_table
from tracker.errors import UsageError, UserError
from tracker.reports.metered import JOB_FIELDS, job_json, units

_MONEY_DECIMALS, _UNIT_DECIMALS = 9, 3  # nano-dollars, thousandths of a unit
_LARGEST = Decimal(10) ** 9
_COUNT = click.IntRange(0, 10**9)


def _amount(places: int) -> Callable[[click.Context, click.Parameter, str | None], Decimal | None]:
    """An option type for amounts with at most `places` decimals, which the ledger stores exactly."""

    def read(_: click.Context, option: click.Parameter, text: str | None) -> Decimal | None:
        if text is None:
            return None
        try:
            value = Decimal(text.strip().removeprefix("$"))
        except InvalidOperation:
            raise click.BadParameter(f"not a number: {text!r}", param=option) from None
        if not value.is_finite() or not 0 <= value <= _LARGEST:
            raise click.BadParameter(f"not between 0 and {_LARGEST:,}: {text!r}", param=option)
        if value != round(value, places):
            raise click.BadParameter(f"more than {places} decimals: {text!r}", param=option)
        return value

    return read


@click.command()
@click.argument("what", required=False)
@click.option("--task", metavar="ID", help="The task it was for; without WHAT: list only this task's jobs.")
@click.option("--unit", metavar="NAME", help="What is metered: second, image …; default: result.")
@click.option("--unit-price", callback=_amount(_MONEY_DECIMALS), metavar="USD", help="Price of one unit.")
@click.option("--submitted", type=_COUNT, metavar="N", help="Jobs sent; default: as many as succeeded.")
@click.option("--succeeded", type=_COUNT, metavar="N", help="Jobs that came back; default: 1.")
@click.option("--accepted", type=_COUNT, metavar="N", help="Results that were used; default: all.")
@click.option(
    "--billed",
    callback=_amount(_UNIT_DECIMALS),
    metavar="UNITS",
    help="Units that were billed; default: one per success.",
)
@click.option(
    "--provider-cost",
    callback=_amount(_MONEY_DECIMALS),
    metavar="USD",
    help="What the provider says it cost; overrides the rest.",
)
@click.option("--remove", type=_COUNT, metavar="N", help="Remove recorded job N.")
@csv_option
@reading_options
def record(invocation: Invocation, what: str | None, task: str | None, remove: int | None, **figures: Any) -> None:
    """Record metered spend other than tokens on a task, or list what was recorded.

    \b
    taximeter record "launch clip" --task t1f3 --unit second --unit-price 0.10 \\
        --submitted 12 --succeeded 10 --accepted 4 --billed 80
    taximeter record --task t1f3
    taximeter record --remove 3
    """
    from store.ledger import transaction
    from tracker.edit_tasks.commands import find_task

    told = _Figures(**figures)
    _refuse_half_a_job(what, told)
    db = open_modelled(invocation)
    task_id = None if task is None else find_task(db, task)
    with transaction(db):
        if remove is not None and not remove_job(db, remove):
            raise UserError(f"no recorded job {remove} (taximeter record lists them)")
        if what is not None:
            try:
                add_job(db, _job(what, task_id, told))
            except ValueError as error:
                raise UsageError(str(error)) from error
    jobs = metered_jobs(db, task_id)
    if invocation.as_json:
        total = {"cost_usd": usd(sum(one.cost for one in jobs)), "accepted": sum(one.accepted for one in jobs)}
        print_json({"schema_version": 1, "jobs": [job_json(one) for one in jobs], "total": total})
    elif invocation.as_csv:
        print_records(JOB_FIELDS, map(job_json, jobs))
    else:
        show(jobs)


class _Figures(NamedTuple):
    """The options of a job; None if not given."""

    unit: str | None
    unit_price: Decimal | None
    submitted: int | None
    succeeded: int | None
    accepted: int | None
    billed: Decimal | None
    provider_cost: Decimal | None


def _refuse_half_a_job(what: str | None, told: _Figures) -> None:
    """UsageError for figures without a job, or a job without a name or price."""
    if what is None:
        if any(one is not None for one in told):
            raise UsageError('which job are these figures for? (taximeter record "launch clip" …)')
        return
    if not plain(what).strip():
        raise UsageError('a job needs a name (taximeter record "launch clip" …)')
    if told.unit_price is None and told.provider_cost is None:
        raise UsageError("a job needs --unit-price or --provider-cost")


def _job(what: str, task_id: str | None, told: _Figures) -> MeteredJob:
    """The job with defaults: one result, which succeeded, was accepted and billed as one unit."""
    succeeded = 1 if told.succeeded is None else told.succeeded
    return MeteredJob(
        id=0,
        at=0,
        what=plain(what),
        task_id=task_id,
        task_title=None,
        unit=plain(told.unit or "result"),
        unit_price=nano_from_usd(told.unit_price or Decimal(0)),
        submitted=succeeded if told.submitted is None else told.submitted,
        succeeded=succeeded,
        accepted=succeeded if told.accepted is None else told.accepted,
        billed_milli=succeeded * 1000 if told.billed is None else int(told.billed * 1000),
        provider_cost=None if told.provider_cost is None else nano_from_usd(told.provider_cost),
    )


def show(jobs: list[MeteredJob]) -> None:
    """Draw the recorded jobs."""
    if not jobs:
        click.echo("No metered job is recorded (taximeter record --help shows how).")
        return
    columns = (
        Column("job"),
        Column("n", right=True),
        Column("task"),
        *numbers("sent", "ok", "taken", "billed", "cost", "per accepted"),
    )
    rows = [
        [
            one.what,
            str(one.id),
            one.task_title or "–",
            f"{one.submitted:,}",
            f"{one.succeeded:,}",
            f"{one.accepted:,}",
            f"{units(one.billed_milli)} {one.unit}",
            short_usd(one.cost),
            "–" if one.cost_per_accepted is None else short_usd(one.cost_per_accepted),
        ]
        for one in jobs
    ]
    total = ["total", "", "", "", "", "", "", short_usd(sum(one.cost for one in jobs)), ""]
    print_table(columns, rows, footer=total)
    for one in jobs:
        if one.provider_cost is not None and one.unit_price and one.provider_cost != one.computed_cost:
            paragraph(
                f"Job {one.id}: the provider says {short_usd(one.provider_cost)}, units times price are"
                f" {short_usd(one.computed_cost)}; the provider's figure counts.",
                dim=True,
            )
    paragraph("Recorded by you; not in any total of token costs.", dim=True)
