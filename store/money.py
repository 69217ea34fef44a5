"""Exact money: amounts are integer nano-dollars, rates integer pico-dollars per token. No float ever enters."""

from decimal import Decimal

TYPE_CHECKING = False  # the status line has no time for typing
if TYPE_CHECKING:
    from store.records import Price

NANO_PER_USD = 1_000_000_000
# 1 $ per million tokens = 1e-6 $ per token = 1,000,000 pico-dollars per token.
PICO_PER_USD_PER_MTOK = 1_000_000


def component_nano(units: int, pico_per_unit: int) -> int:
    """Price `units` (tokens) at `pico_per_unit`; nano-dollars, rounded half to even (DESIGN section 3)."""
    return thousandth(units * pico_per_unit)


def thousandth(amount: int) -> int:
    """A thousandth of an amount, rounded half to even."""
    quotient, remainder = divmod(amount, 1000)
    if remainder > 500 or (remainder == 500 and quotient & 1):
        return quotient + 1
    return quotient


def cost(
    price: "Price",
    input_tokens: int,
    cache_read_tokens: int,
    write_5m_tokens: int,
    write_1h_tokens: int,
    output_tokens: int,
    web_searches: int,
) -> int:
    """Nano-dollars of a call; each component is rounded half to even by itself (DESIGN section 3)."""
    searches = web_searches * price.web_search
    fresh = input_tokens * price.input
    read = cache_read_tokens * price.cache_read
    written_5m = write_5m_tokens * price.write_5m
    written_1h = write_1h_tokens * price.write_1h
    made = output_tokens * price.output
    # Most list prices are whole nano-dollars per token, so that there is nothing to round.
    if fresh % 1000 or read % 1000 or written_5m % 1000 or written_1h % 1000 or made % 1000:
        return searches + sum(thousandth(pico) for pico in (fresh, read, written_5m, written_1h, made))
    return searches + (fresh + read + written_5m + written_1h + made) // 1000


def usd(nano: int | None) -> str | None:
    """Decimal string in dollars with nine places, the form of every JSON contract; `None` stays `None`."""
    if nano is None:
        return None
    sign = "-" if nano < 0 else ""
    dollars, rest = divmod(abs(nano), NANO_PER_USD)
    return f"{sign}{dollars}.{rest:09d}"


def nano_from_usd(amount: str | int | Decimal) -> int:
    """Nano-dollars of a decimal amount in dollars, rounded half to even; ValueError if it is not a finite number."""
    value = Decimal(amount)
    if not value.is_finite():
        raise ValueError(f"not an amount of money: {amount!r}")
    return int((value * NANO_PER_USD).to_integral_value())


def nano_from_float(amount: float) -> int:
    """Nano-dollars of a client's JSON number (a binary float that stands for a decimal one)."""
    return nano_from_usd(Decimal(repr(float(amount))))


def pico_from_usd_per_mtok(rate: str | Decimal) -> int:
    """Pico-dollars per token of a list price in $ per million tokens; ValueError if it is not exact."""
    value = Decimal(rate) * PICO_PER_USD_PER_MTOK
    if value != value.to_integral_value():
        raise ValueError(f"finer than a pico-dollar per token: {rate!r}")
    return int(value)


def short_usd(nano: int | None) -> str:
    """For people: two decimals, four below a cent, `?` for an unpriced amount."""
    if nano is None:
        return "?"
    if nano != 0 and abs(nano) < NANO_PER_USD // 100:
        return f"{'-' if nano < 0 else ''}${abs(nano) / NANO_PER_USD:.4f}"
    return f"{'-' if nano < 0 else ''}${abs(nano) / NANO_PER_USD:,.2f}"


def sum_usd(nano: int, count: int, unpriced: int, floor: int = 0) -> str:
    """A sum over `count` items: `≥$3.42` where some are a floor, `$3.42+?` or `?` where some or all have no price."""
    if unpriced and unpriced == count:
        return "?"
    return ("≥" if floor else "") + short_usd(nano) + ("+?" if unpriced else "")
