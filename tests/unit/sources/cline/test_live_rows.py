"""Rows of our plugin: calls of their own until Cline's record comes, and the same call afterwards."""

import json
import sqlite3
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.ledger import open_ledger
from store.records import Batch, CallFlag, CopyRank
from tracker.ingest import sync
from tracker.sources.base import Options, ReadState, Source
from tracker.sources.cline import ClineSource
from tracker.sources.cline.live_rows import LiveRowsSource, rows_folder

Usage = Callable[..., dict[str, Any]]
Read = Callable[..., Batch]
MODEL = "claude-sonnet-4-5-20250929"


class RowsFile:
    """What the plugin of a `.cline` folder has written about one session."""

    def __init__(self, home: Path, cline_folder: Path, session: str) -> None:
        self.path = rows_folder(home, cline_folder) / f"{session}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.session = session

    def row(self, message_id: str, at: int, metrics: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A row as the plugin makes it."""
        row = {"session": self.session, "agent": "agent_1_aaaaaa", "id": message_id, "at": at, "metrics": metrics}
        return {**row, "model": MODEL, "provider": "anthropic", **more}

    def append(self, *rows: dict[str, Any]) -> None:
        """Write rows as the plugin does, a line each."""
        self.append_raw(b"".join(json.dumps(row).encode() + b"\n" for row in rows))

    def append_raw(self, content: bytes) -> None:
        """Write bytes."""
        with self.path.open("ab") as handle:
            handle.write(content)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def written(home: Path, session: Any) -> RowsFile:
    return RowsFile(home, session.root, session.session)


@pytest.fixture
def read(home: Path, options: Options) -> Read:
    """All rows; `states` holds the read states by path and is updated."""

    def rows(states: dict[str, ReadState] | None = None) -> Batch:
        whole = Batch()
        source = LiveRowsSource(home)
        states = {} if states is None else states
        for file in chain.from_iterable(map(source.discover, source.roots([]))):
            for piece in source.read(file, states.get(file.path), options):
                states[file.path] = piece.state
                for name in ("sessions", "chains", "calls", "prices"):
                    setattr(whole, name, getattr(whole, name) + getattr(piece.batch, name))
                whole.bad_lines += piece.batch.bad_lines
        return whole

    return rows


def test_a_row_is_a_priced_call_that_is_only_hearsay(written: RowsFile, read: Read, usage: Usage) -> None:
    written.append(written.row("msg_a", 1_795_000_001_000, usage(12_751, 322, 11_832, 913, 0.01182135)))
    batch = read()
    [call] = batch.calls
    assert (call.input, call.cache_read, call.write_5m, call.output) == (6, 11_832, 913, 322)
    assert (call.session, call.chain, call.position) == (written.session, "", 1_795_000_001_000)
    assert (call.cost, call.reported_cost) == (11_821_350, 11_821_350)
    assert call.copy_rank == CopyRank.EMBEDDED
    assert [one.rank for one in batch.sessions] == [0]


def test_an_agent_with_a_parent_is_a_chain_of_its_own(written: RowsFile, read: Read, usage: Usage) -> None:
    written.append(written.row("msg_a", 1_795_000_001_000, usage(10, 1), agent="agent_2_b", parent="agent_1_a"))
    batch = read()
    assert [call.chain for call in batch.calls] == ["agent_2_b"]
    assert [(chain.key, chain.kind) for chain in batch.chains] == [("agent_2_b", "subagent")]


def test_a_stream_that_broke_is_a_call_of_which_nothing_is_known(written: RowsFile, read: Read, usage: Usage) -> None:
    written.append(written.row("msg_a", 1_795_000_001_000, usage(0, 0)))
    assert read().calls[0].flags == CallFlag.OUTPUT_IS_FLOOR


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"{}",
        b'{"session": "s", "agent": "a", "id": "", "at": 1795000001000, "metrics": {}}',
        b'{"session": "s", "agent": "a", "id": "m", "at": -5, "metrics": {}}',
        b'{"session": "s", "agent": "a", "id": "m", "at": 5, "metrics": {}}',
        b'{"session": "s", "agent": "a", "id": "m", "at": 253402300799000, "metrics": {}}',
        b'{"session": "s", "agent": "a", "id": "m", "at": 1795000001000, "metrics": {"inputTokens": 1e30}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_bad_line_is_counted_and_hides_no_other(line: bytes, written: RowsFile, read: Read, usage: Usage) -> None:
    written.append_raw(line + b"\n")
    written.append(written.row("msg_a", 1_795_000_001_000, usage(10, 1)))
    batch = read()
    assert batch.bad_lines == 1
    assert [call.message_id for call in batch.calls] == ["msg_a"]


@given(cuts=st.lists(st.integers(0, 1200), max_size=6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_in_pieces_gives_the_same_records_as_reading_at_once(
    cuts: list[int], written: RowsFile, read: Read, usage: Usage
) -> None:
    rows = [written.row(f"msg_{number}", 1_795_000_001_000 + number, usage(10 + number, 1)) for number in range(4)]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    written.path.write_bytes(b"")
    states = dict[str, ReadState]()
    calls = []
    ends = sorted(min(cut, len(content)) for cut in cuts)
    for start, end in zip([0, *ends], [*ends, len(content)], strict=True):
        written.append_raw(content[start:end])
        calls += read(states).calls
    assert [call.message_id for call in calls] == ["msg_0", "msg_1", "msg_2", "msg_3"]


def test_a_file_that_began_anew_is_read_from_its_start(written: RowsFile, read: Read, usage: Usage) -> None:
    states = dict[str, ReadState]()
    written.append(*(written.row(f"msg_{number}", 1_795_000_001_000, usage(10, 1)) for number in range(3)))
    read(states)
    written.path.write_bytes(b"")
    written.append(written.row("msg_new", 1_795_000_002_000, usage(10, 1)))
    assert [call.message_id for call in read(states).calls] == ["msg_new"]


def test_without_a_plugin_there_is_nothing_to_read(home: Path) -> None:
    assert LiveRowsSource(home).roots([]) == []


def test_a_named_cline_folder_stands_for_the_rows_of_its_plugin(home: Path, tmp_path: Path, usage: Usage) -> None:
    one, other = tmp_path / "one" / ".cline", tmp_path / "other" / ".cline"
    for folder in (one, other):
        (folder / "data" / "sessions").mkdir(parents=True)
        rows = RowsFile(home, folder, "1795000000000_abcde")
        rows.append(rows.row("msg_a", 1_795_000_001_000, usage(10, 1)))
    source = LiveRowsSource(home)
    assert len(list(chain.from_iterable(map(source.discover, source.roots([]))))) == 2
    for given_folder in (one, one / "data", one / "data" / "sessions"):
        [found] = chain.from_iterable(map(source.discover, source.roots([given_folder])))
        assert Path(found.path).parent == rows_folder(home, one)
    assert source.roots([tmp_path]) == []


class TestWithClinesOwnRecord:
    """Both tell of the same requests: the ledger has each once, where and as Cline's record says."""

    @pytest.fixture
    def db(self, tmp_path: Path) -> sqlite3.Connection:
        return open_ledger(tmp_path / "ledger.db")

    @pytest.fixture
    def recorded(self, session: Any, written: RowsFile, usage: Usage) -> None:
        session.user("Delegate", id="prompt")
        lead = session.answer(usage(100, 10, 0, 50, 0.001), id="msg_lead")
        session.write()
        written.append(written.row("msg_lead", lead["ts"], lead["metrics"]))
        session.messages.clear()
        session.user("Look around")
        agent = session.answer(usage(70, 7), id="msg_agent")
        session.write("agent_2_bbbbbb.messages.json")
        name = {"agent": "agent_2_bbbbbb", "parent": "agent_1_aaaaaa"}
        written.append(written.row("msg_agent", agent["ts"], agent["metrics"], **name))

    @pytest.mark.parametrize("order", [("rows", "records"), ("records", "rows"), ("both",)])
    def test_each_request_is_one_call(
        self,
        order: tuple[str, ...],
        recorded: None,
        db: sqlite3.Connection,
        session: Any,
        home: Path,
        options: Options,
    ) -> None:
        rows, records = LiveRowsSource(home), ClineSource()
        both: dict[str, list[tuple[Source, list[Path]]]] = {
            "rows": [(rows, rows.roots([]))],
            "records": [(records, records.roots([session.root]))],
        }
        both["both"] = both["rows"] + both["records"]
        new = [sync(db, both[step], options).new_calls for step in order]
        assert sum(new) == 2
        found = db.execute(
            "SELECT message_id, chain.key, copy_rank, turn, input, write_5m, output, version, reported_cost"
            " FROM call JOIN chain ON chain.id = call.chain_id ORDER BY call.first_at"
        ).fetchall()
        assert found == [
            ("msg_lead", "", CopyRank.OWN, "prompt", 50, 50, 10, "3.0.65", 1_000_000),
            ("msg_agent", "agent_2_bbbbbb", CopyRank.OWN, "prompt", 70, 0, 7, "3.0.65", None),
        ]
        assert db.execute("SELECT COUNT(*), SUM(calls) FROM spend").fetchone() == (1, 2)

    def test_a_row_whose_record_is_gone_stays_a_call(
        self, recorded: None, db: sqlite3.Connection, home: Path, options: Options
    ) -> None:
        rows = LiveRowsSource(home)
        assert sync(db, [(rows, rows.roots([]))], options).new_calls == 2
        assert db.execute("SELECT SUM(calls), SUM(unpriced) FROM spend").fetchone() == (2, 0)
