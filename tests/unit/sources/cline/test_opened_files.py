"""Key files stand beside the records. Which files are opened is asserted on every open of the interpreter."""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tracker.sources.base import Options
from tracker.sources.cline import ClineSource, RooSource
from tracker.sources.cline.files import is_readable, read_whole
from tracker.sources.cline.places import Machine

_listeners: list[list[str]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _listeners and event in ("open", "sqlite3.connect") and isinstance(arguments[0], (str, bytes, Path)):
        name = str(arguments[0])
        if not name.endswith((".py", ".pyc")):  # modules that are imported meanwhile
            _listeners[-1].append(name)


sys.addaudithook(_note)  # cannot be removed: it stays for the life of the process, silent without listeners

KEYS = (
    "data/secrets.json",
    "data/globalState.json",
    "data/settings/providers.json",
    "data/settings/settings.json",
    "data/settings/cline_mcp_settings.json",
    "data/locks/hub/production.json",
    "data/db/sessions.db",
    "data/workspaces/445baf4f/workspaceState.json",
    "data/tasks/1795000000000/settings.json",
    "data/tasks/1795000000000/context_history.json",
    "data/tasks/1795000000000/ui_messages.json.tmp.1795000000000.abc.json",
    "data/tasks/1795000000000/claude_messages.json",
    "data/sessions/1795000000000_abcde/credentials.json",
    "data/sessions/1795000000000_abcde/hooks.jsonl",
    "data/sessions/1795000000000_abcde/1795000000000_abcde.tmp.1.messages.json",
    "data/sessions/secrets.json",
    "data/sessions/providers.json",
    "hooks/TaskStart",
    "providers.json",
    "secrets.json",
)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    _listeners.append([])
    yield _listeners[-1]
    _listeners.pop()


@pytest.fixture
def home(tmp_path: Path, task: Any, session: Any, rows: Any, usage: Any) -> Path:
    """A home with both stores and every kind of file that is none of our business."""
    for name in KEYS:
        path = task.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"apiKey": "sk-ant-secret"}')
    task.write([rows.say("task", "Go"), rows.request(4, 40)])
    (task.folder / "task_metadata.json").write_text("{}")
    (task.folder / "api_conversation_history.json").write_text("[]")
    (task.root / "data" / "state").mkdir()
    (task.root / "data" / "state" / "taskHistory.json").write_text("[]")
    session.user("Go")
    session.answer(usage(100, 10))
    session.write()
    session.write("agent_1.messages.json")
    session.write(f"{session.session}.compaction.json")
    (session.folder / f"{session.session}.json").write_text(f'{{"session_id": "{session.session}"}}')
    return tmp_path


def test_only_record_files_are_opened(home: Path, options: Options, opened: list[str]) -> None:
    machine = Machine(home, {}, "linux")
    for source in (ClineSource(machine), RooSource(machine)):
        for file in chain.from_iterable(map(source.discover, source.roots([]))):
            list(source.read(file, None, options))
    root = home.resolve() / ".cline" / "data"
    session = root / "sessions" / "1795000000000_abcde"
    assert {Path(path) for path in opened} == {
        root / "tasks" / "1795000000000" / "ui_messages.json",
        root / "tasks" / "1795000000000" / "task_metadata.json",
        root / "state" / "taskHistory.json",
        session / "1795000000000_abcde.json",
        session / "1795000000000_abcde.messages.json",
        session / "1795000000000_abcde.compaction.json",
        session / "agent_1.messages.json",
    }


@pytest.mark.parametrize("name", KEYS)
def test_what_is_no_record_file_cannot_be_opened_by_mistake(name: str, home: Path) -> None:
    path = str(home / ".cline" / name)
    assert not is_readable(path)
    with pytest.raises(ValueError, match="not a record file"):
        read_whole(path)
