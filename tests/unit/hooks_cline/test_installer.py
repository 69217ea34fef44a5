"""Installing into Cline's folders and undoing it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.health import note_fired
from hooks.install.claude_code_status import hook_status
from hooks.install.cline import (
    ClineInstallPlan,
    install_cline,
    plan_cline_install,
    plan_cline_uninstall,
    uninstall_cline,
)
from hooks.install.cline_files import CLASSIC_EVENTS, SDK_EVENTS, Targets, classic_hooks_folder, targets
from hooks.install.cline_status import CHANGED, FOREIGN, INSTALLED, MISSING, OUTDATED, cline_status
from hooks.install.commands import Program
from hooks.install.settings_file import SettingsError
from tests.unit.hooks.program import spool_lines
from tracker.sources.cline.live_rows import rows_folder


def install(where: Targets, program: Program) -> ClineInstallPlan:
    plan = plan_cline_install(where, program)
    install_cline(plan, where, program)
    return plan


def uninstall(where: Targets, home: Path) -> ClineInstallPlan:
    plan = plan_cline_uninstall(where, home)
    uninstall_cline(plan, where, home)
    return plan


def everything_in(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content; None for folders."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


def test_both_generations_get_their_files(where: Targets, program: Program, cline_folder: Path, user: Path) -> None:
    install(where, program)
    assert sorted(path.name for path in (cline_folder / "hooks").iterdir()) == sorted(f"{one}.sh" for one in SDK_EVENTS)
    classic = user / "Cline" / "Hooks"
    assert sorted(path.name for path in classic.iterdir()) == sorted(CLASSIC_EVENTS)
    assert {path.stat().st_mode & 0o777 for path in classic.iterdir()} == {0o700}
    assert (cline_folder / "plugins" / "taximeter.js").stat().st_mode & 0o777 == 0o600
    assert rows_folder(Path(program.home), cline_folder).is_dir()


def test_where_both_read_one_folder_an_event_has_one_file(cline_folder: Path, user: Path, program: Program) -> None:
    where = Targets((cline_folder,), user / "Documents" / "Cline" / "Hooks")
    install(where, program)
    only_new = sorted(path.stem for path in (cline_folder / "hooks").iterdir())
    assert only_new == ["SessionShutdown", "TaskError"]


def test_uninstalling_leaves_the_folders_as_they_were(where: Targets, program: Program, user: Path) -> None:
    (user / ".cline" / "data").mkdir()
    (user / ".cline" / "hooks").mkdir()
    (user / ".cline" / "hooks" / "TaskComplete.py").write_text("print('mine')")
    before = everything_in(user)
    install(where, program)
    uninstall(where, Path(program.home))
    assert everything_in(user) == before
    assert not (Path(program.home) / "install-cline.json").exists()


def test_installing_again_changes_nothing(where: Targets, program: Program, user: Path) -> None:
    install(where, program)
    first = everything_in(user)
    assert install(where, program).changes == ()
    assert everything_in(user) == first
    uninstall(where, Path(program.home))
    assert uninstall(where, Path(program.home)).changes == ()


def test_a_hook_of_the_users_own_stays(where: Targets, program: Program, user: Path) -> None:
    own = user / "Cline" / "Hooks" / "TaskComplete"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho mine\n")
    own.chmod(0o755)
    [note] = install(where, program).notes
    assert str(own) in note
    assert (own.read_text(), own.stat().st_mode & 0o777) == ("#!/bin/sh\necho mine\n", 0o755)
    uninstall(where, Path(program.home))
    assert own.read_text() == "#!/bin/sh\necho mine\n"


def test_a_file_of_ours_that_the_user_changed_stays_and_is_reported(
    where: Targets, program: Program, cline_folder: Path
) -> None:
    install(where, program)
    path = cline_folder / "hooks" / "TaskError.sh"
    path.write_text(path.read_text() + "echo more\n")
    [note] = uninstall(where, Path(program.home)).notes
    assert str(path) in note
    assert [one.name for one in (cline_folder / "hooks").iterdir()] == ["TaskError.sh"]


def test_another_python_replaces_the_files(where: Targets, program: Program, cline_folder: Path, user: Path) -> None:
    before = everything_in(user)
    install(where, program)
    other = Program("/opt/other/python", program.script, program.home)
    assert len(install(where, other).changes) == len(SDK_EVENTS) + len(CLASSIC_EVENTS)
    assert "/opt/other/python -I -S" in (cline_folder / "hooks" / "TaskError.sh").read_text()
    uninstall(where, Path(program.home))
    assert everything_in(user) == before


def test_a_file_that_is_no_longer_wanted_goes(where: Targets, program: Program, cline_folder: Path) -> None:
    install(where, program)
    classic = where.classic_hooks
    assert classic is not None
    shared = Targets((cline_folder,), Path.home() / "Documents" / "Cline" / "Hooks")
    install(shared, program)
    assert sorted(path.stem for path in (cline_folder / "hooks").iterdir()) == ["SessionShutdown", "TaskError"]


def test_without_its_record_it_still_finds_what_is_its_own(where: Targets, program: Program, user: Path) -> None:
    install(where, program)
    (Path(program.home) / "install-cline.json").unlink()
    uninstall(where, Path(program.home))
    assert [path for path in user.rglob("*") if path.is_file()] == []


def test_only_the_named_folder_is_touched(where: Targets, program: Program, cline_folder: Path, user: Path) -> None:
    install(where, program)
    uninstall(Targets((cline_folder,), None), Path(program.home))
    assert not (cline_folder / "hooks").exists()
    assert len(list((user / "Cline" / "Hooks").iterdir())) == len(CLASSIC_EVENTS)


def test_a_hook_file_runs_the_hook_by_itself(where: Targets, program: Program, cline_folder: Path) -> None:
    install(where, program)
    script = cline_folder / "hooks" / "TaskError.sh"
    payload = b'{"sessionContext": {"rootSessionId": "1795226170991_cisvi"}}'
    environment = {"PATH": os.defpath, "HOME": os.environ["HOME"], "PYTHONPATH": "/nowhere"}
    for command in ([str(script)], ["sh", str(script)]):
        done = subprocess.run(command, input=payload, capture_output=True, env=environment, timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    told = [(line["event"], line["session_id"]) for line in spool_lines(Path(program.home))]
    assert told == [("TaskError", "1795226170991_cisvi")] * 2


def test_a_hook_file_whose_program_is_gone_says_nothing(where: Targets, program: Program, cline_folder: Path) -> None:
    gone = Program(program.python, "/nowhere/taximeter.py", program.home)
    install(where, gone)
    script = cline_folder / "hooks" / "TaskError.sh"
    done = subprocess.run([str(script)], input=b"{}", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


class TestTargets:
    """Where Cline is on this machine."""

    @pytest.fixture(autouse=True)
    def no_tools(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """PATH holds nothing but what a test puts there."""
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))
        return folder

    def test_the_usual_folder_and_the_classic_hooks(self, cline_folder: Path, user: Path) -> None:
        assert targets([]) == Targets((cline_folder,), user / "Documents" / "Cline" / "Hooks")

    def test_cline_dir_moves_the_folder(self, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        moved = tmp_path / "moved"
        moved.mkdir()
        monkeypatch.setenv("CLINE_DIR", str(moved))
        assert targets([]).folders == (moved,)

    def test_an_extension_alone_has_classic_hooks_only(self, user: Path) -> None:
        storage = user / ".config" / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
        storage.mkdir(parents=True)
        assert targets([]).folders == ()
        with pytest.raises(SettingsError, match="leave out --cline-dir"):
            targets([storage])

    def test_without_a_cline_folder_there_is_an_error(self, user: Path) -> None:
        with pytest.raises(SettingsError, match="no Cline folder at"):
            targets([])
        with pytest.raises(SettingsError, match="no Cline folder at"):
            targets([user / "nowhere"])

    def test_named_folders_take_the_place_of_the_usual_ones(self, cline_folder: Path) -> None:
        assert targets([cline_folder]) == Targets((cline_folder,), None)

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="xdg-user-dir is Linux's")
    def test_documents_are_where_the_desktop_says(self, user: Path, no_tools: Path) -> None:
        tool = no_tools / "xdg-user-dir"
        tool.write_text(f"#!/bin/sh\necho {user}/Dokumente\n")
        tool.chmod(0o755)
        assert classic_hooks_folder() == user / "Dokumente" / "Cline" / "Hooks"
        tool.write_text("#!/bin/sh\nexit 1\n")
        assert classic_hooks_folder() == user / "Documents" / "Cline" / "Hooks"


class TestStatus:
    """What `taximeter status cline` is told."""

    def test_status_follows_installation_use_and_removal(
        self, where: Targets, program: Program, cline_folder: Path, home: Path
    ) -> None:
        assert {file.state for file in cline_status(where, home).files} == {MISSING}
        install(where, program)
        found = cline_status(where, home)
        assert {file.state for file in found.files} == {INSTALLED}
        assert (found.problems, found.fired, found.last_row_at_ms) == ((), {}, None)
        note_fired(str(home), "cline-TaskComplete", 21.5)
        note_fired(str(home), "Stop", 20.0)
        (rows_folder(home, cline_folder) / "1.jsonl").write_text("{}")
        found = cline_status(where, home)
        assert list(found.fired) == ["TaskComplete"]
        assert list(hook_status([], home).fired) == ["Stop"], "each agent's status has its own"
        assert found.last_row_at_ms is not None

    def test_status_names_every_problem(self, where: Targets, program: Program, cline_folder: Path, home: Path) -> None:
        install(where, Program("/opt/other/python", program.script, program.home))
        own = cline_folder / "hooks" / "TaskError.sh"
        own.write_text("mine")
        changed = cline_folder / "hooks" / "TaskCancel.sh"
        changed.write_text(changed.read_text() + "#")
        states = {file.path: file.state for file in cline_status(where, home).files}
        assert (states[own], states[changed]) == (FOREIGN, CHANGED)
        assert states[cline_folder / "hooks" / "TaskComplete.sh"] == OUTDATED
        assert any("outdated" in problem for problem in cline_status(where, home).problems)

    def test_rows_that_cannot_be_written_are_a_problem(
        self, where: Targets, program: Program, cline_folder: Path, home: Path
    ) -> None:
        install(where, program)
        rows_folder(home, cline_folder).rmdir()
        [problem] = cline_status(where, home).problems
        assert problem.startswith(f"{rows_folder(home, cline_folder)} is gone: the plugin writes nothing")

    def test_of_two_folders_the_one_that_is_gone_is_named(
        self, program: Program, cline_folder: Path, home: Path, tmp_path: Path
    ) -> None:
        second = tmp_path / "second" / ".cline"
        second.mkdir(parents=True)
        both = Targets((cline_folder, second), None)
        install(both, program)
        rows_folder(home, second).rmdir()
        [problem] = cline_status(both, home).problems
        assert problem.startswith(str(rows_folder(home, second)))
