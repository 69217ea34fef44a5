"""Compares the ledger with the provider's figures, by UTC day and model: tokens first, then money (PRICES section 5).

Every difference gets one class and a reason. Money is compared only if the tokens agree exactly. If the evidence is
ambiguous, the class is the likely one and `why` names the evidence.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Generic, NamedTuple, TypeVar


class Difference:
    """Result classes of a day and model."""

    AGREES = "agrees"
    NOT_RECORDED = "not_recorded"  # requests of this machine missing from the transcripts: titles, compaction …
    OTHER_MACHINE = "other_machine"
    COUNTED_TWICE = "counted_twice"
    PRICE = "price"  # same tokens, different amount
    NOT_YET_REPORTED = "not_yet_reported"  # the provider's figures lag behind
    UNCLEAR = "unclear"


# Hidden requests are 3 % of real bills and rarely above a tenth of a day's.
_HIDDEN_SHARE = 0.10
_COVERED_SHARE = 0.9
_PRICE_SHARE = 0.001
_PRICE_NANO = 10_000_000

Key = tuple[str, str]  # UTC day and model


class Usage(NamedTuple):
    """Tokens of one UTC day and model; `cost` in nano-dollars if known."""

    day: str
    model: str  # canonical id, "" if the report does not say
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int | None = None

    def plus(self, other: "Usage") -> "Usage":
        """The sum; the cost is unknown only if both are."""
        known = [one.cost for one in (self, other) if one.cost is not None]
        counts = map(add, (*self.tokens, self.web_searches), (*other.tokens, other.web_searches))
        return Usage._make((self.day, self.model, *counts, sum(known) if known else None))

    @property
    def tokens(self) -> tuple[int, int, int, int, int]:
        """Input, cache read, five-minute writes, one-hour writes, output."""
        return self.input, self.cache_read, self.write_5m, self.write_1h, self.output


class Charge(NamedTuple):
    """Nano-dollars of one UTC day and model, or of one kind of non-token cost."""

    day: str
    model: str
    nano: int
    is_tokens: bool = True

    def plus(self, other: "Charge") -> "Charge":
        """The sum."""
        return self._replace(nano=self.nano + other.nano)


Span = tuple[str, str]  # first and last UTC day, inclusive


Dated = TypeVar("Dated", Usage, Charge)


class Report(NamedTuple, Generic[Dated]):
    """A provider report: a day in its span without a row had no usage. No span: the report was not read."""

    rows: tuple[Dated, ...] = ()
    span: Span | None = None

    def covers(self, day: str) -> bool:
        """Whether the day is in the span."""
        return self.span is not None and self.span[0] <= day <= self.span[1]

    def between(self, first: str, last: str) -> "Report[Dated]":
        """The report with only the rows of these days."""
        return self._replace(rows=tuple(row for row in self.rows if first <= row.day <= last))


class Reports(NamedTuple):
    """The provider reports that were read."""

    usage: Report[Usage] = Report()
    charges: Report[Charge] = Report()
    code: Report[Usage] = Report()  # Claude Code analytics: the only report that includes subscriptions
    sources: tuple[str, ...] = ()  # their origins, in words


class Recorded(NamedTuple):
    """The ledger's usage of one UTC day and model; `web_cost` is the non-token part of the cost."""

    usage: Usage
    calls: int
    unpriced: int
    floor: int  # calls whose output is only partly recorded
    web_cost: int

    def plus(self, other: "Recorded") -> "Recorded":
        """The sum."""
        return Recorded(self.usage.plus(other.usage), *map(add, self[1:], other[1:]))


Summed = TypeVar("Summed", Usage, Charge, Recorded)


def summed(rows: Iterable[Summed]) -> dict[Key, Summed]:
    """One row per day and model; the input may have several, by forms of a model's id or by person."""
    found: dict[Key, Summed] = {}
    for row in rows:
        usage = row.usage if isinstance(row, Recorded) else row
        key = usage.day, usage.model
        found[key] = found[key].plus(row) if key in found else row
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One day and model on both sides; token differences are provider minus ledger."""

    day: str
    model: str
    recorded: Recorded | None
    reported: Usage | None
    charged: int | None  # the provider's nano-dollars for tokens
    difference: tuple[int, int, int, int, int]
    web_difference: int
    money_difference: int | None  # nano-dollars; None if either side has no amount
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for choosing the class."""

    hidden: Mapping[Key, int]  # nano-dollars counted by the client beyond its records
    price_of: Callable[[str, str, Sequence[int]], int | None]  # (day, model, tokens) -> nano-dollars
    reported_until: str  # last UTC day that the provider has certainly completed


class Side(NamedTuple):
    """The provider's side of a comparison."""

    usage: Report[Usage]
    charges: Report[Charge] = Report()
    writes_are_split: bool = True  # else both lifetimes are one figure, and amounts are reported with the tokens


def compare(recorded: Sequence[Recorded], side: Side, evidence: Evidence) -> list[Row]:
    """Every day and model of either side on reported days, in order."""
    ours, theirs = summed(recorded), summed(side.usage.rows)
    charged = {key: one.nano for key, one in summed(one for one in side.charges.rows if one.is_tokens).items()}
    spent_by_day: Counter[str] = Counter()
    for one in recorded:
        spent_by_day[one.usage.day] += one.usage.cost or 0
    rows = []
    for key in sorted(ours.keys() | theirs.keys() | charged.keys()):
        day = key[0]
        if not (side.usage.covers(day) or side.charges.covers(day)):
            continue
        amount = charged.get(key, 0) if side.charges.covers(day) else theirs[key].cost if key in theirs else None
        rows.append(_row(_Pair(*key, ours.get(key), theirs.get(key), amount, spent_by_day[day]), side, evidence))
    return rows


class _Pair(NamedTuple):
    """Both sides' figures of one day and model, and the ledger's nano-dollars of the whole day."""

    day: str
    model: str
    ours: Recorded | None
    theirs: Usage | None
    charged: int | None
    spent_on_day: int


def _row(pair: _Pair, side: Side, evidence: Evidence) -> Row:
    ours, charged = pair.ours, pair.charged
    nothing = Usage(pair.day, pair.model, 0, 0, 0, 0, 0, 0)
    mine, theirs = ours.usage if ours else nothing, pair.theirs or nothing
    difference, web, money = (0, 0, 0, 0, 0), 0, None
    has_usage = side.usage.covers(pair.day)
    if has_usage:
        difference = _difference(mine, theirs, writes_are_split=side.writes_are_split)
        web = theirs.web_searches - mine.web_searches if side.writes_are_split else 0
    if charged is not None and (ours is None or not ours.unpriced):
        money = charged - (mine.cost or 0) + (ours.web_cost if ours else 0)
    if any(difference) or web:
        kind, why = _tokens_differ(pair, difference, web, evidence)
    else:
        kind, why = _tokens_agree(charged or 0, money, has_usage=has_usage)
    return Row(pair.day, pair.model, ours, pair.theirs, charged, difference, web, money, kind, why)


def _tokens_agree(charged: int, money: int | None, *, has_usage: bool) -> tuple[str, str]:
    """Class and reason where no token differs, or none was reported; `money`: difference in nano-dollars, if known."""
    if money is not None and abs(money) > max(_PRICE_NANO, _PRICE_SHARE * abs(charged)):
        if has_usage:
            return Difference.PRICE, "the same tokens at a different price: compare the price rows (taximeter prices)"
        return (
            Difference.UNCLEAR,
            "only money was reported: the usage report would show whether tokens or prices differ",
        )
    if money is None and not has_usage:
        return Difference.UNCLEAR, "only money was reported, and calls of that day have no price"
    known = (("tokens", has_usage), ("money", money is not None))
    return Difference.AGREES, " and ".join(name for name, is_there in known if is_there)


def _difference(mine: Usage, other: Usage, *, writes_are_split: bool) -> tuple[int, int, int, int, int]:
    made = [theirs - own for own, theirs in zip(mine.tokens, other.tokens, strict=True)]
    if not writes_are_split:
        made[2], made[3] = made[2] + made[3], 0
    return made[0], made[1], made[2], made[3], made[4]


def _tokens_differ(pair: _Pair, difference: Sequence[int], web: int, evidence: Evidence) -> tuple[str, str]:
    changes = [*difference, web]
    if min(changes) >= 0:
        return _provider_has_more(pair, difference, evidence)
    if pair.day > evidence.reported_until:
        return Difference.NOT_YET_REPORTED, "the provider's day is not complete yet"
    if max(changes) <= 0:
        if pair.theirs is None:
            return (
                Difference.COUNTED_TWICE,
                "the provider has no record of it: counted twice, or paid through another organisation or plan",
            )
        return Difference.COUNTED_TWICE, "the ledger has more than the provider billed"
    if difference[2] == -difference[3] and not any((difference[0], difference[1], difference[4], web)):
        return Difference.PRICE, "the same writes, but with another cache TTL"
    return Difference.UNCLEAR, "more tokens of one kind and fewer of another"


def _provider_has_more(pair: _Pair, difference: Sequence[int], evidence: Evidence) -> tuple[str, str]:
    excess = evidence.price_of(pair.day, pair.model, difference)
    hidden = evidence.hidden.get((pair.day, pair.model), 0)
    if pair.ours and pair.ours.floor and not any(difference[:4]):
        return Difference.NOT_RECORDED, "the output of some calls is not fully recorded"
    if excess is not None and hidden >= _COVERED_SHARE * excess > 0:
        return Difference.NOT_RECORDED, "the client's own totals include it too"
    if not pair.spent_on_day:
        return Difference.OTHER_MACHINE, "this machine made no call that day"
    if excess is not None and excess <= _HIDDEN_SHARE * pair.spent_on_day:
        return Difference.NOT_RECORDED, "small for that day: titles, compaction and checks missing from transcripts"
    return Difference.OTHER_MACHINE, "too much for unrecorded requests"
