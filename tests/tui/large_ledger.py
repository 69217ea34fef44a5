"""A large ledger made from thin air: so many sessions, each a task of so many calls, spread over a year of days."""

import random
import sqlite3
from pathlib import Path

from store.ledger import open_ledger, transaction
from store.records import Batch, Call, Chain, Price, Session, Turn
from store.spend import refresh_spend
from store.write import Writer
from tracker.pricing import PriceBook, cost
from tracker.rebuild import rebuild

YEAR_MS = 365 * 86_400_000
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
_GROUP = 100


def write_large_ledger(path: Path, *, sessions: int, calls: int, until_ms: int) -> None:
    """Fill a new ledger with `sessions` sessions that share `calls` calls, and derive everything."""
    db = open_ledger(path)
    book = PriceBook()
    source = random.Random(7)
    each = calls // sessions
    for first in range(0, sessions, _GROUP):
        with transaction(db):
            writer = Writer(db)
            for number in range(first, min(first + _GROUP, sessions)):
                start = until_ms - YEAR_MS + number * (YEAR_MS // sessions)
                writer.write(session_batch(number, start, each, book, source))
    refresh_spend(db)
    rebuild(db)
    db.execute("ANALYZE")
    db.close()


def session_batch(
    number: int, start_ms: int, calls: int, book: PriceBook, source: random.Random, *, first: int = 0
) -> Batch:
    """A session whose context grows call by call, a turn every eight calls; `first` numbers its calls on."""
    name = f"00000000-0000-4000-8000-{number:012d}"
    model = MODELS[number % len(MODELS)]
    price = book.resolve(model, None, start_ms, 50_000)
    assert isinstance(price, Price)
    made: list[Call] = []
    turns: list[Turn] = []
    context, at, turn = 24_000 + first * 1_200, start_ms, ""
    for index in range(first, first + calls):
        if index % 8 == 0 or not turn:
            turn = f"{name}-turn-{index // 8}"
            turns.append(_turn(name, turn, index, at))
            at += 20_000
        written = 1_200 if index else context
        read = context - written if index else 0
        output = source.randrange(100, 900)
        tokens = (5, read, written, 0, output, 0)
        made.append(
            Call(
                agent="claude-code", message_id=f"msg_{number:06d}_{index:05d}", request_id=None, more_message_ids=(),
                session=name, chain="", seen_session=name, copy_rank=0, turn=turn, position=index * 1_000 + 500,
                requested_at=at, first_at=at + 2_000, last_at=at + 6_000, model=model, provider="anthropic",
                input=5, cache_read=read, write_5m=written, write_1h=0, output=output, thinking=0, web_searches=0,
                speed=None, tier=None, geo=None, stop="tool_use", effort=None, version="2.1.329", retries=0, flags=0,
                price_id=price.id, cost=cost(price, *tokens), reported_cost=None,
            )
        )  # fmt: skip
        context += 1_200
        at += 9_000
    session = Session(
        agent="claude-code", native_id=name, rank=2, first_at=start_ms, last_at=at, cwd=f"/home/u/project-{number % 9}",
        branch=f"work-{number}", version="2.1.329", title=f"Task number {number}", title_rank=2,
    )  # fmt: skip
    chain = Chain(agent="claude-code", session=name, key="", kind="main", first_at=start_ms)
    return Batch(sessions=[session], chains=[chain], calls=made, turns=turns, prices=[price])


def _turn(session: str, uuid: str, index: int, at: int) -> Turn:
    text = f"please work on part {index} of {session[-6:]}"
    return Turn(
        agent="claude-code", session=session, prompt_uuid=uuid, position=index * 1_000, at=at, kind="prompt",
        prompt_id=None, text=text, chars=len(text), words=b"", echo=None, branch=None,
    )  # fmt: skip


def append_calls(db: sqlite3.Connection, number: int, at_ms: int, calls: int, first: int, book: PriceBook) -> None:
    """More calls of a session, as an agent at work would write them."""
    with transaction(db):
        Writer(db).write(session_batch(number, at_ms, calls, book, random.Random(first), first=first))
    refresh_spend(db)
