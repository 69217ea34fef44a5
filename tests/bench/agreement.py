"""Where the totals agree with ccusage's and where not: `python -m tests.bench agreement`.

With `--claude-dir` both read that folder and their totals by model stand side by side. Without it both read one small
transcript after the other, each of which shows a single rule, so that every difference has a name.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from store.ledger import open_ledger
from tests.bench.ccusage import daily_report, find_ccusage
from tests.unit.ledger.plain import FILE, OTHER, OTHER_FILE, SESSION, answer, at, encoded, prompt, usage
from tests.unit.ledger.reading import take_in, write_tree

_MODEL = "claude-sonnet-4-5-20250929"


class Totals(NamedTuple):
    """Token counts and dollars; `cost` is None where a call has no price."""

    input: int
    cache_read: int
    cache_write: int
    output: int
    cost: Decimal | None

    def text(self) -> str:
        """One cell of the table."""
        cost = "no price" if self.cost is None else f"${self.cost:.6f}"
        return f"{self.input + self.cache_read + self.cache_write + self.output:>13,} {cost:>14}"


def theirs(binary: Path, claude_dir: Path) -> dict[str, Totals]:
    """ccusage's totals by model."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "CLAUDE_CONFIG_DIR": str(claude_dir), "TZ": "UTC"}
        ran = subprocess.run(daily_report(binary), env=environment, capture_output=True, text=True, check=True)
    totals: dict[str, Totals] = {}
    days = json.loads(ran.stdout)["daily"] if ran.stdout.startswith("{") else []
    for row in (row for day in days for row in day["modelBreakdowns"]):
        # A rate is exact to 1e-12 dollars a token; what is behind that is the binary fractions' noise.
        cost = Decimal(repr(row["cost"])).quantize(Decimal("1e-9"))
        counts = (row["inputTokens"], row["cacheReadTokens"], row["cacheCreationTokens"], row["outputTokens"])
        known = totals.get(row["modelName"], Totals(0, 0, 0, 0, Decimal(0)))
        totals[row["modelName"]] = _sum([known, Totals(*counts, cost)])
    return totals


def ours(claude_dir: Path) -> dict[str, Totals]:
    """The ledger's totals by model."""
    with tempfile.TemporaryDirectory() as home, closing(open_ledger(Path(home) / "ledger.db")) as db:
        take_in(db, claude_dir)
        rows = db.execute(
            "SELECT model, SUM(input), SUM(cache_read), SUM(write_5m + write_1h), SUM(output), SUM(cost),"
            " SUM(cost IS NULL) FROM call GROUP BY model"
        ).fetchall()
    return {
        model: Totals(fresh, read, written, output, None if unpriced else Decimal(cost) / 10**9)
        for model, fresh, read, written, output, cost, unpriced in rows
    }


def _call(number: int = 1, session: str = SESSION, *, message: dict[str, Any] | None = None, **more: Any) -> bytes:
    return encoded(answer(number, session, message={"model": _MODEL, **(message or {})}, **more))


def _used(**changes: Any) -> bytes:
    model = changes.pop("model", _MODEL)
    return _call(message={"model": model, "usage": usage(**changes)})


def _growing(*outputs: int) -> bytes:
    return b"".join(_used(output_tokens=output) for output in outputs)


def _progress() -> bytes:
    inner = {**json.loads(_call(2)), "type": "assistant"}
    data = {"type": "agent_progress", "agentId": "ab1", "message": inner}
    return encoded({"type": "progress", "sessionId": SESSION, "timestamp": at(3), "data": data})


def _refused_first() -> bytes:
    first = {"type": "message", "model": "claude-opus-4-6", "input_tokens": 2000, "output_tokens": 7}
    last = {**usage(), "type": "message"}
    return _used(iterations=[first, last])


def _relayed(size: int, when: str, message_id: str = "relay", **more: Any) -> bytes:
    message = {"id": message_id, "usage": usage(input_tokens=size)}
    return _call(message=message, requestId=..., timestamp=when, uuid=f"line-{size}", **more)


def _agents_file(agent: str) -> str:
    return f"{FILE.removesuffix('.jsonl')}/subagents/agent-{agent}.jsonl"


# What a transcript shows -> its files. A plain call is 1,160 tokens.
CASES: dict[str, Mapping[str, bytes]] = {
    "one call": {FILE: _call()},
    "a call of three lines": {FILE: _call() * 3},
    "output that grows from line to line": {FILE: _growing(3, 3, 500)},
    "history appended again with the first count": {FILE: _growing(3, 500, 1)},
    "a call inside progress records only": {FILE: _call() + _progress() * 2},
    "a copy in a fork's file": {FILE: _call(), OTHER_FILE: _call(1, OTHER, requestSessionId=SESSION)},
    "cache writes without a split": {FILE: _used(cache_creation=...)},
    "one-hour cache writes": {FILE: _used(cache_creation={"ephemeral_1h_input_tokens": 100})},
    "a split that tells of the first inner request only": {
        FILE: _used(cache_creation={"ephemeral_1h_input_tokens": 40, "ephemeral_5m_input_tokens": 0})
    },
    "no newline at the end": {FILE: _call()[:-1]},
    "a message id of its own on each line": {FILE: _call(message={"id": "a"}) + _call(message={"id": "b"})},
    "one message under two request ids": {FILE: _call() + _call(requestId="req_replay")},
    "copies without a request id": {FILE: _call(requestId=...), OTHER_FILE: _call(1, OTHER, requestId=...)},
    "lines of a call without a request id": {
        FILE: b"".join(_call(requestId=..., uuid=f"line-{second}", timestamp=at(second)) for second in (1, 2, 3))
    },
    "two calls, one word for an id, no request id": {FILE: _relayed(10, at(1)) + _relayed(1200, at(2))},
    "an id is the second that two agents share": {
        _agents_file(agent): _relayed(size, at(1), "msg_20261120120001", isSidechain=True, agentId=agent)
        for agent, size in (("a1", 10), ("a2", 12))
    },
    "two records on a line": {FILE: (_call() + _call(2)).replace(b"}\n{", b"}{")},
    "half a record before a whole one": {FILE: _call()[:200] + encoded({"parentUuid": None, **json.loads(_call(2))})},
    "a byte that is no UTF-8": {FILE: _call().replace(b'"done"', b'"d\xff"')},
    "a refused first try on another model": {FILE: _refused_first()},
    "three web searches": {FILE: _used(server_tool_use={"web_search_requests": 3})},
    "inference in the US only": {FILE: _used(model="claude-opus-4-6", inference_geo="us")},
    "batch": {FILE: _used(service_tier="batch")},
    "300,000 tokens of prompt, December 2025": {
        FILE: _call(timestamp="2025-12-01T12:00:00.000Z", message={"usage": usage(cache_read_input_tokens=299_890)})
    },
    "fast mode, after it was withdrawn": {FILE: _used(model="claude-opus-4-6", speed="fast")},
    "a model newer than the table": {FILE: _used(model="claude-opus-5-5")},
    "a model that nobody knows": {FILE: _used(model="claude-nobody-9")},
}


def main(argv: Sequence[str]) -> int:
    """Print both tools' totals side by side."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench agreement", description=__doc__)
    parser.add_argument("--claude-dir", metavar="DIR", help="compare over this folder instead of the small cases")
    parser.add_argument("--ccusage", metavar="PATH", help="its native binary, if it is not found by itself")
    chosen = parser.parse_args(argv)
    binary = find_ccusage(chosen.ccusage)
    if binary is None:
        print("ccusage not found: npm install ccusage@20.0.24, or --ccusage PATH")
        return 1
    print(f"{'':46}{'ccusage':>28}   {'taximeter':>28}")
    if chosen.claude_dir:
        _print_models(theirs(binary, Path(chosen.claude_dir)), ours(Path(chosen.claude_dir)))
        return 0
    for name, files in CASES.items():
        with tempfile.TemporaryDirectory() as place:
            root = write_tree(Path(place), {**files, FILE: encoded(prompt()) + files.get(FILE, b"")})
            _print_row(name, _sum(theirs(binary, root).values()), _sum(ours(root).values()))
    return 0


def _print_models(one: Mapping[str, Totals], other: Mapping[str, Totals]) -> None:
    nothing = Totals(0, 0, 0, 0, Decimal(0))
    for model in sorted({*one, *other}):
        _print_row(model, one.get(model, nothing), other.get(model, nothing))
    _print_row("total", _sum(one.values()), _sum(other.values()))


def _print_row(name: str, one: Totals, other: Totals) -> None:
    print(f"{name:46}{one.text()}   {other.text()}{'' if one == other else '   *'}")


def _sum(totals: Iterable[Totals]) -> Totals:
    """All of them together; no price as soon as one has none."""
    rows = list(totals)
    costs = [row.cost for row in rows]
    known = [cost for cost in costs if cost is not None]
    return Totals(
        sum(row.input for row in rows),
        sum(row.cache_read for row in rows),
        sum(row.cache_write for row in rows),
        sum(row.output for row in rows),
        None if len(known) < len(costs) else sum(known, Decimal(0)),
    )
