"""Every place where an editor, a server or the command line leaves records, and who owns them."""

import os
import pickle
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from tracker.sources.all import all_sources
from tracker.sources.base import FoundFile
from tracker.sources.cline import ClineSource, RooSource
from tracker.sources.cline.places import Machine, this_machine

CLINE = "saoudrizwan.claude-dev"
ROO = "rooveterinaryinc.roo-cline"


def make_task(storage: Path, task: str = "1795000000000", *more: str) -> Path:
    folder = storage / "tasks" / task
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ui_messages.json", *more):
        (folder / name).write_text("[]")
    return folder / "ui_messages.json"


def make_session(sessions: Path, session: str = "1795000000000_abcde") -> Path:
    folder = sessions / session
    folder.mkdir(parents=True)
    path = folder / f"{session}.messages.json"
    path.write_text('{"messages": []}')
    return path


def paths(files: Callable[[], list[FoundFile]] | list[FoundFile]) -> list[str]:
    return [file.path for file in (files() if callable(files) else files)]


def discovered(source: ClineSource | RooSource, *given: Path) -> list[FoundFile]:
    return list(chain.from_iterable(map(source.discover, source.roots(given))))


@pytest.mark.parametrize(
    ("platform", "editor"),
    [
        ("linux", ".config/Code"),
        ("linux", ".config/Code - Insiders"),
        ("linux", ".config/VSCodium"),
        ("linux", ".config/Cursor"),
        ("linux", ".config/Windsurf"),
        ("linux", ".config/An Editor Of Next Year"),
        ("linux", ".var/app/com.visualstudio.code/config/Code"),
        ("linux", ".vscode-server/data"),
        ("linux", ".vscode-server-insiders/data"),
        ("linux", ".cursor-server/data"),
        ("linux", ".windsurf-server/data"),
        ("linux", ".vscode-remote/data"),
        ("linux", ".local/share/code-server"),
        ("darwin", "Library/Application Support/Code"),
        ("darwin", "Library/Application Support/Cursor"),
        ("darwin", ".vscode-server/data"),
        ("win32", "AppData/Roaming/Code"),
        ("win32", "AppData/Roaming/VSCodium"),
    ],
)
def test_each_editors_storage_is_found_and_distinguished(platform: str, editor: str, tmp_path: Path) -> None:
    storage = tmp_path / editor / "User" / "globalStorage"
    ours, theirs = make_task(storage / CLINE), make_task(storage / ROO)
    make_task(storage / "someone.else")
    machine = Machine(tmp_path, {}, platform)
    assert paths(discovered(ClineSource(machine))) == [str(ours.resolve())]
    assert paths(discovered(RooSource(machine))) == [str(theirs.resolve())]


def test_zoo_code_s_records_are_read_as_those_of_roo_code(tmp_path: Path) -> None:
    """It goes on where Roo Code stopped; who changed over has both."""
    storage = tmp_path / ".config" / "Code" / "User" / "globalStorage"
    places = [storage / name for name in (ROO, "zoocodeorganization.zoo-code", "ZooCodeOrganization.zoo-code-nightly")]
    tasks = {str(make_task(place).resolve()) for place in places}
    machine = Machine(tmp_path, {}, "linux")
    assert set(paths(discovered(RooSource(machine)))) == tasks
    assert discovered(ClineSource(machine)) == []
    assert set(paths(discovered(RooSource(machine), *places))) == tasks
    assert discovered(ClineSource(machine), *places) == []


@pytest.mark.parametrize(
    ("platform", "variable", "below"),
    [
        ("linux", "XDG_CONFIG_HOME", "Code/User"),
        ("win32", "APPDATA", "Code/User"),
        ("linux", "XDG_DATA_HOME", "code-server/User"),
        ("linux", "VSCODE_PORTABLE", "user-data/User"),
        ("win32", "VSCODE_PORTABLE", "user-data/User"),
    ],
)
def test_editors_that_a_variable_moves(platform: str, variable: str, below: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    task = make_task(moved / below / "globalStorage" / CLINE)
    machine = Machine(tmp_path / "home", {variable: str(moved)}, platform)
    assert paths(discovered(ClineSource(machine))) == [str(task.resolve())]


def test_the_command_lines_folder_holds_both_stores(tmp_path: Path) -> None:
    data = tmp_path / ".cline" / "data"
    task, session = make_task(data), make_session(data / "sessions")
    (data / "state").mkdir()
    (data / "state" / "taskHistory.json").write_text("[]")
    found = discovered(ClineSource(Machine(tmp_path, {}, "linux")))
    assert {(Path(file.path).name, file.kind) for file in found} == {
        (task.name, "task"),
        (session.name, "sdk"),
        ("taskHistory.json", "history"),
    }
    assert all(file.size == Path(file.path).stat().st_size and file.agent == "cline" for file in found)


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("CLINE_DIR", "data/sessions"),
        ("CLINE_DATA_DIR", "sessions"),
        ("CLINE_SESSION_DATA_DIR", ""),
        ("CLINE_SANDBOX_DATA_DIR", "sessions"),
    ],
)
def test_variables_move_the_sessions(variable: str, below: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    session = make_session(moved / below if below else moved)
    machine = Machine(tmp_path / "home", {variable: str(moved)}, "linux")
    assert paths(discovered(ClineSource(machine))) == [str(session.resolve())]


def test_a_sandbox_writes_to_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    session = make_session(tmp_path / "cline-sandbox" / "sessions")
    inside = Machine(tmp_path / "home", {"CLINE_SANDBOX": "1"}, "linux")
    assert discovered(ClineSource(inside._replace(environ={}))) == []
    assert paths(discovered(ClineSource(inside))) == [str(session.resolve())]


def test_a_moved_folder_stands_for_the_usual_one(tmp_path: Path) -> None:
    make_session(tmp_path / ".cline" / "data" / "sessions")
    elsewhere = tmp_path / "elsewhere"
    session = make_session(elsewhere / "data" / "sessions", "1796000000000_zzzzz")
    machine = Machine(tmp_path, {"CLINE_DIR": str(elsewhere)}, "linux")
    assert paths(discovered(ClineSource(machine))) == [str(session.resolve())]


def test_a_folder_reached_twice_is_read_once(tmp_path: Path) -> None:
    data = tmp_path / ".cline" / "data"
    make_session(data / "sessions")
    (tmp_path / "link").symlink_to(tmp_path / ".cline", target_is_directory=True)
    environ = {"CLINE_SANDBOX_DATA_DIR": str(tmp_path / "link" / "data"), "CLINE_DIR": str(tmp_path / ".cline")}
    roots = ClineSource(Machine(tmp_path, environ, "linux")).roots([])
    assert roots == [(tmp_path / ".cline").resolve(), data.resolve()]
    linked = {**environ, "CLINE_SANDBOX_DATA_DIR": str(tmp_path / "link")}
    assert ClineSource(Machine(tmp_path, linked, "linux")).roots([]) == [(tmp_path / ".cline").resolve()]


class TestGivenFolders:
    def test_stand_for_all_others(self, tmp_path: Path) -> None:
        make_task(tmp_path / ".cline" / "data")
        given = make_task(tmp_path / "given" / "data")
        source = ClineSource(Machine(tmp_path, {}, "linux"))
        assert paths(discovered(source, tmp_path / "given")) == [str(given)]

    def test_may_be_an_extensions_storage(self, tmp_path: Path) -> None:
        ours, theirs = make_task(tmp_path / CLINE), make_task(tmp_path / ROO)
        for given in ((tmp_path / CLINE, tmp_path / ROO), (tmp_path,)):
            assert paths(discovered(ClineSource(), *given)) == [str(ours)]
            assert paths(discovered(RooSource(), *given)) == [str(theirs)]

    def test_of_any_name_are_roos_if_they_hold_what_only_roo_writes(self, tmp_path: Path) -> None:
        make_task(tmp_path / "moved", "0198c1f0-0000-7000-8000-000000000000", "history_item.json")
        assert discovered(ClineSource(), tmp_path / "moved") == []
        assert {file.kind for file in discovered(RooSource(), tmp_path / "moved")} == {"task", "history-item"}

    def test_may_be_the_sessions_themselves(self, tmp_path: Path) -> None:
        session = make_session(tmp_path / "kept")
        assert paths(discovered(ClineSource(), tmp_path / "kept")) == [str(session)]

    @pytest.mark.parametrize(("more", "is_roo"), [((), False), (("history_item.json",), True)])
    def test_may_be_tasks_that_were_kept_or_one_of_them(
        self, more: tuple[str, ...], is_roo: bool, tmp_path: Path
    ) -> None:
        """As people copy them out of an editor's storage, under any name."""
        names = ["ui_messages.json", *more]
        task = tmp_path / "kept" / "exported_task_1795000000000"
        task.mkdir(parents=True)
        for name in names:
            (task / name).write_text("[]")
        source, other = (RooSource(), ClineSource()) if is_roo else (ClineSource(), RooSource())
        for given in (task.parent, task):
            assert paths(discovered(source, given)) == [str(task / name) for name in names]
            assert discovered(other, given) == []

    def test_may_hold_a_folder_that_may_not_be_entered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        task = tmp_path / "kept" / "exported"
        task.mkdir(parents=True)
        (task / "ui_messages.json").write_text("[]")
        (task.parent / "a").mkdir()
        look = Path.exists

        def enter(path: Path) -> bool:
            if path.parent.name == "a":
                raise PermissionError(path)
            return look(path)

        monkeypatch.setattr(Path, "exists", enter)
        assert paths(discovered(ClineSource(), task.parent)) == [str(task / "ui_messages.json")]

    def test_that_do_not_exist_are_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            discovered(ClineSource(), tmp_path / "typo")


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "nobody", {}, "linux")
    assert ClineSource(machine).roots([]) == RooSource(machine).roots([]) == []


def test_unreadable_folders_are_reported_after_the_others_were_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = tmp_path / "sessions"
    first, closed, shut, last = (make_session(sessions, f"179500000000{number}_abcde") for number in range(4))
    honest = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path) in (closed.parent, shut.parent):
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = ClineSource().discover(tmp_path)
    assert [next(listing).path, next(listing).path] == [str(first), str(last)]
    with pytest.raises(ExceptionGroup) as caught:
        next(listing)
    assert [error.filename for error in caught.value.exceptions] == [str(closed.parent), str(shut.parent)]


def test_links_that_end_in_themselves_are_passed_over(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    listed = make_task(tmp_path)
    (tasks / "loop").symlink_to("loop")
    (tasks / "1795000000001").mkdir()
    (tasks / "1795000000001" / "ui_messages.json").symlink_to("ui_messages.json")
    session = make_session(tmp_path / "sessions")
    (session.parent / "agent_1.messages.json").symlink_to("agent_1.messages.json")
    assert paths(list(ClineSource().discover(tmp_path))) == [str(listed), str(session)]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/h", "USERPROFILE": "/u"}, "/h"),
        ({"USERPROFILE": "/u"}, "/u"),
        ({"HOMEDRIVE": "/d", "HOMEPATH": "/p"}, "/d/p"),
    ],
)
def test_the_home_is_the_one_that_cline_would_find(
    environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    assert this_machine().home == Path(expected)


def test_sources_can_be_handed_to_processes_that_start_anew(tmp_path: Path) -> None:
    """As for workers spawned under the dashboard: with os.environ itself, the initial ingest failed."""
    found = [source for source, _ in all_sources(tmp_path, [], [])]
    assert [type(one) for one in pickle.loads(pickle.dumps(found))] == [type(one) for one in found]
