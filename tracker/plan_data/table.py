"""Loads plans: the bundled table, the user's own rows over it, and capacities from settings or publications.

Plan rows are dated. The row in force on a day is the latest that began by then; earlier days use the first one.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from store.ledger import home
from store.money import nano_from_usd
from tracker.model.plans.plan import Capacity, Excluded, Origin, Plan, Range, Size
from tracker.settings import CapacitySettings, SettingsError, read_toml

USER_PLANS_NAME = "plans.toml"
_FIVE_HOUR, _WEEK = "five_hour", "week"


class _PlanRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[plan]] of the file."""

    id: str
    name: str
    monthly_usd: str
    valid_from: str
    annual_usd: str | None = None
    api_credit_usd: str = "0"
    metered: bool = False
    for_groups: bool = False
    windows: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    week: tuple[float, float, float] | None = None
    five_hour: tuple[float, float, float] | None = None
    capacity_source: str = ""
    source: str = ""
    checked_on: str = ""
    note: str = ""


class _PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: tuple[_PlanRow, ...] = ()


def plans_on(day: str) -> dict[str, Plan]:
    """Every plan in force on an ISO day by id, in bundled order first; SettingsError if the user's file is invalid."""
    return _in_force((*_bundled(), *_read(home() / USER_PLANS_NAME)), day)


def usable_plans_on(day: str) -> tuple[dict[str, Plan], str]:
    """The same, or if the user's file is invalid, the bundled plans and why."""
    try:
        return plans_on(day), ""
    except SettingsError as error:
        return _in_force(_bundled(), day), str(error)


def _in_force(known: Iterable[_PlanRow], day: str) -> dict[str, Plan]:
    rows = {(row.id, row.valid_from): row for row in known}
    in_force: dict[str, _PlanRow] = {}
    for row in sorted(rows.values(), key=lambda row: row.valid_from):
        if row.id not in in_force or row.valid_from <= day:
            in_force[row.id] = row
    return {row.id: _plan(in_force[row.id]) for row in rows.values()}


def refuse_unknown(plan_id: str, plans: Mapping[str, Plan]) -> None:
    """SettingsError with the known plans if the user's plan is not one of them."""
    if plan_id not in plans:
        raise SettingsError(f"[plan] id = {plan_id!r}: there is no such plan (known: {', '.join(plans)})")


def capacities(plans: Mapping[str, Plan], given: Mapping[str, CapacitySettings]) -> dict[str, Capacity]:
    """Published capacities, overridden window by window by the user's own.

    SettingsError for an unknown plan id or figures out of order.
    """
    for plan_id in given:
        if plan_id not in plans:
            raise SettingsError(f"[capacity.{plan_id}]: there is no such plan (known: {', '.join(plans)})")
    return {
        plan_id: _own_capacity(plan, given[plan_id]) if plan_id in given else plan.published
        for plan_id, plan in plans.items()
    }


def _own_capacity(plan: Plan, given: CapacitySettings) -> Capacity:
    if given.unknown:
        return Capacity(detail="set to unknown in your settings")
    place = f"[capacity.{plan.id}]"
    week = _settings_size(place, given.low, given.mid, given.high)
    five_hour = _settings_size(place, given.five_hour_low, given.five_hour_mid, given.five_hour_high)
    if week is None and five_hour is None:
        return plan.published
    return Capacity(week, five_hour, Origin.SETTINGS, given.source).with_gaps_from(plan.published)


def _settings_size(place: str, low: float | None, mid: float | None, high: float | None) -> Size | None:
    if low is None and mid is None and high is None:
        return None
    if mid is None:
        ends = [value for value in (low, high) if value is not None]
        mid = (ends[0] * ends[-1]) ** 0.5
    spread = Range.around(mid)
    made = Range(spread.low if low is None else low, mid, spread.high if high is None else high)
    if not made.is_valid:
        raise SettingsError(f"{place} low, mid and high must be above nothing and in order, not {list(made)}")
    return Size(made)


@cache
def _bundled() -> tuple[_PlanRow, ...]:
    return _read(Path(__file__).with_name("plans.toml"))


def _read(path: Path) -> tuple[_PlanRow, ...]:
    try:
        rows = msgspec.convert(read_toml(path), _PlanFile).plan
        for row in rows:
            _plan(row)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    return rows


def _plan(row: _PlanRow) -> Plan:
    """The row as a Plan; ValueError with the plan's id for an invalid value."""
    for window in row.windows:
        if window not in (_FIVE_HOUR, _WEEK):
            raise ValueError(f"plan {row.id}: there is no window {window!r} (known: {_FIVE_HOUR}, {_WEEK})")
    return Plan(
        id=row.id,
        name=row.name,
        monthly_nano=_amount(row.id, "monthly_usd", row.monthly_usd),
        annual_nano=None if row.annual_usd is None else _amount(row.id, "annual_usd", row.annual_usd),
        has_five_hour=_FIVE_HOUR in row.windows,
        has_week=_WEEK in row.windows,
        excludes=_flags(row.id, row.excludes),
        is_metered=row.metered,
        is_for_groups=row.for_groups,
        api_credit_nano=_amount(row.id, "api_credit_usd", row.api_credit_usd),
        valid_from=_day(row.id, row.valid_from),
        source=row.source,
        checked_on=row.checked_on,
        published=_published(row),
    )


def _published(row: _PlanRow) -> Capacity:
    week, five_hour = _size(row.id, row.week), _size(row.id, row.five_hour)
    origin = Origin.UNKNOWN if week is None and five_hour is None else Origin.PUBLISHED
    return Capacity(week, five_hour, origin, row.capacity_source)


def _amount(plan_id: str, name: str, text: str) -> int:
    try:
        nano = nano_from_usd(text)
    except (ValueError, ArithmeticError):
        nano = -1
    if nano < 0:
        raise ValueError(f'plan {plan_id}: {name} = {text!r} is no amount of dollars, as in "20" or "12.50"')
    return nano


def _day(plan_id: str, text: str) -> str:
    try:
        is_day = date.fromisoformat(text).isoformat() == text  # rows are sorted by this string
    except ValueError:
        is_day = False
    if not is_day:
        raise ValueError(f'plan {plan_id}: valid_from = {text!r} is no day, as in "2026-10-30"')
    return text


def _size(plan_id: str, values: Any) -> Size | None:
    if values is None:
        return None
    made = Range(*values)
    if not made.is_valid:
        raise ValueError(f"plan {plan_id}: a capacity is [low, mid, high] in order, not {list(values)}")
    return Size(made)


def _flags(plan_id: str, names: Iterable[str]) -> Excluded:
    flags = Excluded(0)
    for name in names:
        try:
            flags |= Excluded[name.upper()]
        except KeyError:
            known = ", ".join(flag.name.lower() for flag in Excluded if flag.name)
            raise ValueError(f"plan {plan_id}: cannot exclude {name!r} (known: {known})") from None
    return flags
