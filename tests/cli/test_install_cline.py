"""`install`, `uninstall` and `status` for Cline, as a user types them."""

import os
import shutil
from pathlib import Path

import pytest

from hooks.cline.entry import FIRED_PREFIX
from hooks.health import note_fired
from tests.cli.running import Taximeter, contents
from tracker.sources.cline.live_rows import rows_folder


@pytest.fixture
def user() -> Path:
    """A user with a `.cline` folder and a hook of their own in it."""
    home = Path(os.environ["HOME"])
    hooks = home / ".cline" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "TaskError.py").write_text("print('mine')\n")
    return home


def test_what_install_makes_uninstall_takes_away_byte_for_byte(user: Path, taximeter: Taximeter) -> None:
    before = contents(user)
    installed = taximeter("install", "cline", "--yes")
    assert installed.code == 0
    assert "+export default {" in installed.out
    assert (user / ".cline" / "plugins" / "taximeter.js").exists()
    assert (user / ".cline" / "hooks" / "TaskError.sh").exists()
    assert taximeter("install", "cline", "--yes").err == "Cline: nothing to change\n"
    assert taximeter("uninstall", "cline", "--yes").code == 0
    assert contents(user) == before


def test_nothing_is_written_where_nobody_can_be_asked(user: Path, taximeter: Taximeter) -> None:
    before = contents(user)
    asked = taximeter("install", "cline")
    assert (asked.code, "add --yes" in asked.err) == (2, True)
    assert contents(user) == before


def test_status_names_what_is_installed_and_that_no_hook_has_fired_yet(user: Path, taximeter: Taximeter) -> None:
    assert taximeter("status", "cline").out.startswith("Cline: nothing installed (taximeter install cline)")
    taximeter("install", "cline", "--yes")
    shown = taximeter("status", "cline").out
    assert "taximeter.js installed" in shown
    assert "No hook has fired yet." in shown
    told = taximeter("status", "cline", "--json").json()
    assert {file["state"] for file in told["files"]} == {"installed"}
    assert (told["problems"], told["last_row_at_ms"]) == ([], None)


def test_on_a_narrow_terminal_names_of_files_are_whole(
    user: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user
    taximeter("install", "cline", "--yes")
    piped = taximeter("status", "cline").out
    monkeypatch.setattr("tracker.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    shown = taximeter("status", "cline").out
    assert shown.split() == piped.split()
    assert all(len(line) <= 80 or " " not in line.strip() for line in shown.splitlines())


def test_status_without_an_agent_is_that_of_all(user: Path, taximeter: Taximeter) -> None:
    both = taximeter("status").out
    assert "(taximeter install claude-code)" in both
    assert "(taximeter install cline)" in both
    assert taximeter("status", "--json").json()["cline"] == taximeter("status", "cline", "--json").json()
    shutil.rmtree(user / ".cline")
    assert "Cline" not in taximeter("status").out
    assert taximeter("status", "--json").json()["cline"] is None


def test_doctor_says_how_clines_hooks_are_doing(user: Path, taximeter: Taximeter, isolated_home: Path) -> None:
    def said() -> str:
        (line,) = [line for line in taximeter("doctor").out.splitlines() if "hooks   Cline" in line]
        return line

    assert said() == "✔ hooks   Cline: none (taximeter install cline)"
    taximeter("install", "cline", "--yes")
    hooks = len(taximeter("status", "cline", "--json").json()["files"]) - 1
    assert said() == f"✔ hooks   Cline: {hooks} hooks, plugin; not fired yet"
    note_fired(str(isolated_home), f"{FIRED_PREFIX}TaskComplete", 3.5)
    assert said().endswith("; last fired 0 s ago")
    shutil.rmtree(rows_folder(isolated_home, user / ".cline"))
    assert said().startswith("✘")
    assert "the plugin writes nothing" in said()
    assert taximeter("doctor", "--json").json()["cline_hooks"] == taximeter("status", "cline", "--json").json()
    taximeter.claude_dirs = [user]
    assert "Cline" not in taximeter("doctor").out, "it looks at the folders that were named"


def test_a_named_folder_is_the_only_one_touched(user: Path, taximeter: Taximeter, tmp_path: Path) -> None:
    before = contents(user)
    other = tmp_path / ".cline"
    other.mkdir()
    assert taximeter("--cline-dir", str(other), "install", "cline", "--yes").code == 0
    assert (other / "plugins" / "taximeter.js").exists()
    assert contents(user) == before


@pytest.mark.parametrize("option", ["--no-hooks", "--no-statusline"])
def test_options_of_the_other_agent_are_refused(option: str, user: Path, taximeter: Taximeter) -> None:
    assert taximeter("install", "cline", option, "--yes").code == 2
    assert not (user / ".cline" / "plugins").exists()


@pytest.mark.parametrize("command", ["install", "uninstall", "status"])
def test_without_cline_there_is_a_sentence(command: str, taximeter: Taximeter) -> None:
    ran = taximeter(command, "cline")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("taximeter: error: no Cline folder at ")


@pytest.mark.parametrize("words", [("install", "cline", "--yes"), ("uninstall", "cline", "--yes")])
def test_the_demo_leaves_the_agents_of_its_user_alone(words: tuple[str, ...], user: Path, taximeter: Taximeter) -> None:
    before = sorted(user.rglob("*"))
    ran = taximeter("demo", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "demo changes no agent's settings" in ran.err
    assert sorted(user.rglob("*")) == before
