"""A ledger with a long history, written without transcripts: what is left when the agents have deleted theirs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger, transaction
from store.records import Batch, Call, Session
from store.spend import refresh_spend
from store.write import Writer
from tracker.pricing import PriceBook, cost

_CALLS_IN_A_SESSION = 140  # 2 MB of transcript
_DAY_MS = 86_400_000
_LAST_DAY_MS = 1_794_960_000_000  # 18 November 2026
_SESSIONS_A_DAY = 4
_MODELS = ("claude-opus-5-5", "claude-sonnet-5-5")
_TOKENS = (8, 60_000, 2_000, 0, 400)


def write_history(ledger: Path, calls: int) -> None:
    """Write a ledger of about `calls` calls, four sessions a day back from 18 November 2026."""
    with closing(open_ledger(ledger)) as db:
        writer = Writer(db)
        for batch in _batches(calls):
            with transaction(db):
                writer.write(batch)
        refresh_spend(db)


def _batches(calls: int) -> Iterator[Batch]:
    prices = PriceBook()
    for number in range(calls // _CALLS_IN_A_SESSION):
        start = _LAST_DAY_MS - number // _SESSIONS_A_DAY * _DAY_MS + number % _SESSIONS_A_DAY * 3_600_000
        price = prices.resolve(_MODELS[number % 2], None, start, sum(_TOKENS[:4]))
        assert price is not None
        name = f"history-{number}"
        project = f"/home/dev/project-{number % 12}"
        made = [
            Call(
                "claude-code", f"msg_h{number}_{index}", f"req_h{number}_{index}", (), name, "", name, 0, "turn", index,
                None, start + index * 60_000, start + index * 60_000, price.model, price.provider, *_TOKENS, 0, 0,
                "standard", "standard", None, "end_turn", None, "2.1.197", 0, 0, price.id,
                cost(price, *_TOKENS, 0), None,
            )
            for index in range(_CALLS_IN_A_SESSION)
        ]  # fmt: skip
        session = Session(
            "claude-code", name, 2, start, made[-1].last_at, project, "main", "2.1.197", "cli", f"Work {number}"
        )
        yield Batch(sessions=[session], calls=made, prices=[price])
