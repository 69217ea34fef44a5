"""Recorded non-token spend in reports: beside token costs, never in their totals."""

from typing import Any

from store.metered import MeteredJob
from store.money import usd
from tracker.clock import iso

JOB_FIELDS = (
    "id", "at", "what", "task", "unit", "unit_price_usd", "submitted", "succeeded", "accepted", "billed",
    "computed_cost_usd", "provider_cost_usd", "cost_usd", "cost_per_accepted_usd", "label",
)  # fmt: skip


def job_json(one: MeteredJob) -> dict[str, Any]:
    """JSON form of a job."""
    return {
        "id": one.id,
        "at": iso(one.at),
        "what": one.what,
        "task": one.task_id,
        "unit": one.unit,
        "unit_price_usd": usd(one.unit_price),
        "submitted": one.submitted,
        "succeeded": one.succeeded,
        "accepted": one.accepted,
        "billed": units(one.billed_milli).replace(",", ""),
        "computed_cost_usd": usd(one.computed_cost),
        "provider_cost_usd": usd(one.provider_cost),
        "cost_usd": usd(one.cost),
        "cost_per_accepted_usd": usd(one.cost_per_accepted),
        "label": "recorded",
    }


def units(milli: int) -> str:
    """Thousandths of a unit as `1,080.5`."""
    return f"{milli / 1000:,.3f}".rstrip("0").rstrip(".")
