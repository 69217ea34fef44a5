"""`sync`, `doctor`, `prices`, `reprice`: what they do, and how every command fails."""

import gc
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from hooks.health import note_fired
from store.ledger import ledger_path, open_ledger
from store.schema_version import SCHEMA_VERSION
from tests.cli.running import SCENARIOS, Ran, Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.damage import damage_page_of
from tests.unit.ledger.plain import FILE, OTHER, OTHER_FILE, answer, encoded, session_of
from tests.unit.ledger.reading import write_tree
from tracker.cli.commands import COMMANDS


def one_line(ran: Ran) -> str:
    """The error that a command ended with: one line on stderr, nothing on stdout."""
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("taximeter: error: ")
    return ran.err


class TestSync:
    """`sync`, and reading before every report."""

    def test_json_counts_what_was_read_and_what_is_new(self, captured: Taximeter) -> None:
        first = captured("sync", "--json").json()
        assert {
            "schema_version",
            "files",
            "bytes",
            "calls",
            "new_calls",
            "bad_lines",
            "unpriced_calls",
            "seconds",
        } <= set(first)
        assert (first["calls"], first["new_calls"], first["bad_lines"], first["unpriced_calls"]) == (29, 29, 0, 0)
        size = sum(path.stat().st_size for name in SCENARIOS for path in (DATA / name / "projects").rglob("*.json*"))
        assert first["bytes"] == size
        again = captured("sync", "--json").json()
        assert (again["calls"], again["new_calls"], again["files"], again["bytes"]) == (29, 0, 0, 0)

    def test_reports_read_what_is_new_unless_told_not_to(self, tree: Path, taximeter: Taximeter) -> None:
        assert taximeter("spend", "--json", "--no-sync").json()["total"]["calls"] == 0
        assert taximeter("spend", "--json").json()["total"]["calls"] == 3
        with (tree / "projects" / FILE).open("ab") as handle:
            handle.write(encoded(answer(4)))
        assert taximeter("spend", "--json", "--no-sync").json()["total"]["calls"] == 3
        assert taximeter("spend", "--json").json()["total"]["calls"] == 4

    def test_folders_before_and_after_the_command(self, taximeter: Taximeter) -> None:
        one, two = str(DATA / SCENARIOS[0]), str(DATA / SCENARIOS[1])
        assert taximeter("--claude-dir", one, "sync", "--claude-dir", two, "--json").json()["calls"] == 11

    def test_one_folder_under_two_names_is_read_once(
        self, tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert taximeter("sync", "--json").json()["files"] == 1
        monkeypatch.chdir(tree.parent)
        taximeter.claude_dirs = [Path(tree.name)]
        assert taximeter("sync", "--json").json()["files"] == 0

    def test_a_damaged_line_is_counted_and_the_exit_code_stays_0(self, tree: Path, taximeter: Taximeter) -> None:
        (tree / "projects" / FILE).write_bytes(session_of(1) + b"rubbish\n" + encoded(answer(2)))
        report = taximeter("sync", "--json").json()
        assert (report["calls"], report["bad_lines"]) == (2, 1)
        doctor = taximeter("doctor", "--json").json()
        assert [(Path(one["path"]).name, one["bad_lines"]) for one in doctor["files_with_bad_lines"]] == [
            (FILE.split("/")[1], 1)
        ]

    def test_files_of_a_folder_that_was_renamed_are_reported_once(self, tree: Path, taximeter: Taximeter) -> None:
        project = (tree / "projects" / FILE).parent
        (tree / "projects" / FILE).write_bytes(session_of(1) + b"rubbish\n" + encoded(answer(2)))
        (project / "gone.jsonl").write_bytes(b"rubbish\n")
        taximeter("sync")
        (project / "gone.jsonl").unlink()
        moved = project.rename(project.with_name("moved")) / Path(FILE).name
        doctor = taximeter("doctor", "--json").json()
        assert (doctor["files"], doctor["gone_files"], doctor["bad_lines"]) == (2, 1, 2)
        assert {one["path"] for one in doctor["files_with_bad_lines"]} == {str(moved), str(project / "gone.jsonl")}

    def test_nothing_found_says_where_it_looked_and_what_to_try(self, taximeter: Taximeter) -> None:
        for words in (["sync"], ["spend"], ["sessions"]):
            ran = taximeter(*words)
            assert ran.code == 0
            assert ".claude/projects" in ran.out
            assert "--claude-dir" in ran.out
            assert "taximeter demo" in ran.out

    def test_nothing_found_is_still_json(self, taximeter: Taximeter) -> None:
        assert taximeter("spend", "--json").json()["rows"] == []
        assert taximeter("sessions", "--json").json()["sessions"] == []
        assert taximeter("calls", "--json").out == ""


class TestFailures:
    """One line: what, where, what to do; and the exit code."""

    def test_a_missing_folder_is_one_line_that_names_it(self, taximeter: Taximeter, tmp_path: Path) -> None:
        ran = taximeter("sync", "--claude-dir", str(tmp_path / "absent"))
        assert ran.code == 2
        assert str(tmp_path / "absent") in one_line(ran)

    def test_an_unreadable_folder_is_named_and_reports_go_on(
        self, tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: str = ".") -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(os, "scandir", refuse)
        ran = taximeter("sync")
        assert ran.code == 1, "the folder that was named could not be read: nothing was done"
        assert f"{tree / 'projects'}: Permission denied" in ran.err
        assert ran.err.count("\n") == 1
        # Reports go on with what the ledger has.
        report = taximeter("spend", "--json")
        assert report.json()["total"]["calls"] == 0
        assert f"{tree / 'projects'}: Permission denied" in report.err
        assert taximeter("doctor", "--json", "--no-sync").code == 0

    @pytest.mark.parametrize(
        "words",
        [
            ["nonsense"],
            ["spend", "--by", "colour"],
            ["spend", "--since", "someday"],
            ["calls", "--limit", "-1"],
            ["spend", "--nope"],
        ],
    )
    def test_a_command_line_that_makes_no_sense(self, words: list[str], tree: Path, taximeter: Taximeter) -> None:
        ran = taximeter(*words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err

    def test_a_newer_ledger_is_one_line(self, tree: Path, taximeter: Taximeter) -> None:
        with closing(open_ledger()) as db:
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        ran = taximeter("spend")
        assert ran.code == 1
        assert "newer taximeter" in one_line(ran)

    def test_a_state_folder_that_cannot_be_made(
        self, tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TAXIMETER_HOME", str(tree / "projects" / FILE / "state"))
        ran = taximeter("spend")
        assert ran.code == 1
        assert "TAXIMETER_HOME" in one_line(ran)

    def test_a_damaged_ledger_is_rebuilt_with_a_word_about_the_old_one(self, tree: Path, taximeter: Taximeter) -> None:
        taximeter("sync")
        gc.collect()  # within one process SQLite goes on reading through a connection that is still open
        for journal in ledger_path().parent.glob("ledger.db-*"):
            journal.unlink()
        ledger_path().write_bytes(b"no database any more" * 400)
        ran = taximeter("spend", "--json")
        assert ran.json()["total"]["calls"] == 3
        assert "damaged" in ran.err
        assert "damaged" in taximeter("doctor").out
        assert len(taximeter("doctor", "--json").json()["ledger"]["set_aside"]) == 1

    def test_damage_found_by_one_command_is_repaired_by_the_next(self, tree: Path, taximeter: Taximeter) -> None:
        write_tree(tree, {FILE: session_of(500)})
        taximeter("sync")
        gc.collect()
        with closing(open_ledger()) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damage_page_of(ledger_path(), b"msg_250")
        ran = taximeter("calls", "--json")
        assert ran.code == 1
        assert "damaged" in one_line(ran)
        gc.collect()
        assert len(taximeter("calls", "--json").json_lines()) == 500
        assert "a damaged ledger was set aside" in taximeter("doctor").out

    def test_ctrl_c_ends_with_130_and_no_traceback(
        self, tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tracker.cli.sync.sync_in_parallel", interrupt)
        ran = taximeter("spend")
        assert ran.code == 130
        assert "Traceback" not in ran.err

    @pytest.mark.parametrize("words", [["weigh", "--offline"], ["spend", "--claude-dir", "logs"]])
    def test_a_folder_that_was_removed_below_the_user_is_one_line(
        self, tmp_path: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch, words: list[str]
    ) -> None:
        (gone := tmp_path / "gone").mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        ran = taximeter(*words)
        assert ran.code == 1
        assert "the current folder no longer exists: change to another one" in one_line(ran)

    def test_a_full_disk_is_one_line(self, tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr("tracker.cli.sync.sync_in_parallel", full)
        ran = taximeter("spend")
        assert ran.code == 1
        assert "full" in one_line(ran)


class TestHelp:
    """`--help` of everything."""

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_a_sentence_and_an_example(self, name: str, taximeter: Taximeter) -> None:
        ran = taximeter(name, "--help")
        assert ran.code == 0
        assert any(line.strip().startswith(f"taximeter {name}") for line in ran.out.splitlines()), "no example"
        assert "Options:" in ran.out

    def test_the_list_of_commands_has_a_line_on_each(self, taximeter: Taximeter) -> None:
        shown = taximeter("--help").out
        assert all(f"\n  {name} " in shown for name in COMMANDS)


class TestDoctor:
    """`doctor`."""

    def test_figures_that_do_not_add_up_are_an_exit_code(self, tree: Path, taximeter: Taximeter) -> None:
        assert taximeter("doctor").code == 0
        with closing(open_ledger()) as db:
            db.execute("UPDATE call SET cost = cost + 1 WHERE message_id = 'msg_2'")
        ran = taximeter("doctor")
        assert ran.code == 1
        assert "✘" in ran.out

    def test_where_it_looked_and_what_it_found(self, tree: Path, taximeter: Taximeter) -> None:
        (tree / "settings.json").write_text('{"cleanupPeriodDays": 90}')
        found = taximeter("doctor", "--json").json()
        assert found["schema_version"] == 1
        assert [(one["path"], one["files"], one["retention_days"]) for one in found["folders"]] == [(str(tree), 1, 90)]
        assert found["ledger"]["path"] == str(ledger_path())
        assert (found["calls"], found["sessions"], found["problems"]) == (3, 1, [])

    def test_a_single_day_is_not_written_as_days(self, tree: Path, taximeter: Taximeter) -> None:
        (tree / "settings.json").write_text('{"cleanupPeriodDays": 1}')
        assert "1 file; the client deletes them after 1 day\n" in taximeter("doctor").out

    def test_an_empty_machine_is_told_where_was_looked(self, taximeter: Taximeter) -> None:
        (line,) = [line for line in taximeter("doctor").out.splitlines() if "no folder of an agent" in line]
        assert line.endswith("~/.claude/projects, ~/.config/claude/projects, ~/.cline, editors' storage folders")
        assert "~/.cline" in taximeter("doctor", "--json").json()["looked_in"]

    def test_hooks_are_installed_fired_or_broken(self, tree: Path, taximeter: Taximeter, isolated_home: Path) -> None:
        def said() -> str:
            (line,) = [line for line in taximeter("doctor").out.splitlines() if "hooks   " in line]
            return line

        assert said() == f"✔ hooks   {tree}: none (taximeter install claude-code)"
        assert taximeter("install", "claude-code", "--yes").code == 0
        assert said().endswith(" hooks, status line; not fired yet")
        note_fired(str(isolated_home), "Stop", 3.5)
        assert said().endswith("; last fired 0 s ago")
        settings = tree / "settings.json"
        settings.write_text(settings.read_text().replace("/taximeter.py", "/gone/taximeter.py"))
        assert said().startswith("✘")
        assert "taximeter.py is gone" in said()

    def test_the_size_of_the_ledger_counts_what_is_not_merged_yet(self, tree: Path, taximeter: Taximeter) -> None:
        assert tree
        taximeter("sync")
        with closing(open_ledger()):  # held open, the write-ahead log is not merged
            size = taximeter("doctor", "--json").json()["ledger"]["bytes"]
            beside = ledger_path().with_name(f"{ledger_path().name}-wal").stat().st_size
            assert size == ledger_path().stat().st_size + beside

    def test_a_folder_whose_name_only_starts_alike_is_another(self, tree: Path, taximeter: Taximeter) -> None:
        other = write_tree(tree.with_name(f"{tree.name}-work"), {OTHER_FILE: session_of(1, OTHER)})
        taximeter.claude_dirs.append(other)
        found = taximeter("doctor", "--json").json()
        assert [one["files"] for one in found["folders"]] == [1, 1]

    def test_a_damaged_ledger_is_reported_without_a_sync_too(self, tree: Path, taximeter: Taximeter) -> None:
        ledger_path().parent.mkdir(parents=True)
        ledger_path().write_bytes(b"no database" * 100)
        assert "the ledger was damaged" in taximeter("doctor", "--no-sync").err


class TestPrices:
    """`prices` and `reprice`."""

    def test_every_row_of_the_table_with_its_source(self, taximeter: Taximeter) -> None:
        rows = taximeter("prices", "--json").json()["prices"]
        assert len(rows) == 41
        assert all(row["source"] and row["checked_on"] and row["effective_from"] for row in rows)
        assert len(taximeter("prices", "--csv").rows()) == 42

    def test_one_s_own_rows_are_listed_and_marked(self, taximeter: Taximeter, isolated_home: Path) -> None:
        isolated_home.mkdir()
        (isolated_home / "prices.toml").write_text(
            '[[price]]\nmodel = "claude-opus-5-5"\nprovider = "bedrock"\ninput = 3\noutput = 15\n'
        )
        rows = taximeter("prices", "--json").json()["prices"]
        assert [(row["model"], row["provider"]) for row in rows if row["by_user"]] == [("claude-opus-5-5", "bedrock")]
        assert len(rows) == 42
        shown = taximeter("prices", "claude-opus-5-5")
        own, listed = (line for line in shown.out.splitlines() if line.startswith("claude-opus-5-5"))
        assert own.startswith("claude-opus-5-5 * bedrock")
        assert "*" not in listed
        assert "in place of the table's" in shown.out
        header, *listed_rows = taximeter("prices", "claude-opus-5-5", "--csv").rows()
        assert sorted(row[header.index("by_user")] for row in listed_rows) == ["no", "yes"]

    def test_a_regional_id_shows_what_its_calls_are_charged(self, taximeter: Taximeter) -> None:
        (row,) = taximeter("prices", "us.anthropic.claude-opus-5-5", "--json").json()["prices"]
        assert (row["input"], row["output"], row["cache_read"], row["fast_input"]) == ("4.4", "22", "0.22", "8.8")
        assert "regional" in taximeter("prices", "us.anthropic.claude-opus-5-5").out

    def test_a_part_of_an_id_shows_all_models_that_have_it(self, taximeter: Taximeter) -> None:
        shown = [row["model"] for row in taximeter("prices", "Haiku", "--json").json()["prices"]]
        listed = [row["model"] for row in taximeter("prices", "--json").json()["prices"]]
        assert shown == [model for model in listed if "haiku" in model]
        assert len(set(shown)) > 1

    def test_a_model_of_another_provider_as_csv(self, taximeter: Taximeter) -> None:
        header, row = taximeter("prices", "gpt-5-mini", "--csv").rows()
        assert dict(zip(header, row, strict=True))["model"] == "gpt-5-mini"

    def test_an_unknown_model_is_one_line_that_names_prices_toml(self, taximeter: Taximeter) -> None:
        ran = taximeter("prices", "claude-nobody-9")
        assert ran.code == 1
        assert "prices.toml" in one_line(ran)

    def test_a_corrected_price_is_applied_when_asked(
        self, tree: Path, taximeter: Taximeter, isolated_home: Path
    ) -> None:
        assert taximeter("spend", "--json").json()["total"]["cost_usd"] == "0.005220000"
        (isolated_home / "prices.toml").write_text(
            '[[price]]\nmodel = "claude-opus-5-5"\neffective_from = 2026-01-01\ninput = "8"\noutput = "40"\n'
            'cache_write_5m = "10"\ncache_write_1h = "16"\ncache_read = "0.4"\n'
        )
        dry = taximeter("reprice", "--dry-run", "--json").json()
        assert [(one["calls"], one["before_usd"], one["after_usd"]) for one in dry["models"]] == [
            (3, "0.005220000", "0.010440000")
        ]
        assert taximeter("spend", "--json").json()["total"]["cost_usd"] == "0.005220000"
        assert "\nAPI list prices of" in taximeter("spend").out
        assert taximeter("reprice").code == 0
        assert "\nYour own prices, else API list prices, of" in taximeter("spend").out
        assert taximeter("spend", "--json").json()["total"]["cost_usd"] == "0.010440000"
        assert taximeter("doctor").code == 0

    def test_edited_prices_leave_the_calls_of_before_alone(
        self, tree: Path, taximeter: Taximeter, isolated_home: Path
    ) -> None:
        for number, output in ((4, 40), (5, 20)):
            isolated_home.mkdir(exist_ok=True)
            (isolated_home / "prices.toml").write_text(
                f'[[price]]\nmodel = "claude-opus-5-5"\ninput = 8\noutput = {output}\n'
            )
            with (tree / "projects" / FILE).open("ab") as handle:
                handle.write(encoded(answer(number)))
            (task,) = taximeter("tasks", "--json").json()["tasks"]
            assert task["split"]["other"] == "0.000000000"
        # Written and read tokens at the price of input.
        outputs = [Decimal(line["cost_usd"]) - Decimal("0.00888") for line in taximeter("calls", "--json").json_lines()]
        assert outputs == [Decimal("0.002")] * 4 + [Decimal("0.001")]
        assert taximeter("doctor").code == 0
