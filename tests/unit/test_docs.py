"""What the documentation says is what the program does."""

import re
from contextlib import closing
from enum import IntFlag
from pathlib import Path

import msgspec
import pytest
from click import Command, Group
from click.testing import CliRunner
from cogapp import Cog

from store.ledger import open_ledger
from store.reads.tables import exportable_tables, table_rows
from store.records import CallFlag, ToolFlag
from tracker.cli.app import cli
from tracker.cli.commands import COMMANDS
from tracker.settings import CapacitySettings, Settings, load_settings

ROOT = Path(__file__).parents[2]
GENERATED = ("README.md", "docs/cli.md", "docs/plans.md")


def commands() -> list[tuple[str, Command]]:
    found = []
    for name in COMMANDS:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None, name
        found.append((name, command))
        if isinstance(command, Group):
            found += [(f"{name} {inner}", one) for inner, one in command.commands.items()]
    return found


@pytest.mark.parametrize("page", GENERATED)
def test_generated_pages_are_up_to_date(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    fresh = Cog().process_string(text, page)
    assert fresh == text, f"run: cog -r {page}"


def test_every_command_has_a_summary_that_begins_its_help() -> None:
    for name, command in commands():
        if " " not in name:
            said = " ".join((command.help or "").split())
            assert said.startswith(COMMANDS[name].rstrip(".")), name


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_teaches_with_an_example_and_explains_every_option(name: str, command: Command) -> None:
    assert f"taximeter {name}" in (command.help or ""), f"{name} shows no example"
    for option in command.params:
        if option.param_type_name == "option":
            assert getattr(option, "help", None), f"{name} --{option.name} is not explained"


def test_no_help_is_wider_than_a_terminal_of_eighty_columns() -> None:
    for name in ("", *(name for name, _ in commands())):
        shown = CliRunner().invoke(cli, [*name.split(), "--help"], prog_name="taximeter", terminal_width=80).output
        assert [line for line in shown.splitlines() if len(line) > 80] == [], name


def test_every_setting_is_documented_and_the_example_can_be_used(isolated_home: Path) -> None:
    page = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    isolated_home.mkdir()
    example = page.partition("```toml\n")[2].partition("```")[0]
    (isolated_home / "settings.toml").write_text(example, encoding="utf-8")
    shown = load_settings()
    assert shown.display.currency == "EUR"
    sections = {section.name: section.type for section in msgspec.structs.fields(Settings)}
    del sections["capacity"]
    sections["capacity.PLAN"] = CapacitySettings
    names = {f"{name}.{key.name}" for name, kind in sections.items() for key in msgspec.structs.fields(kind)}
    documented = re.findall(r"^\| `([\w.]+)` \| .+ \| \w.+ \|$", page, re.MULTILINE)
    assert {name.removesuffix(".TEXT") for name in documented} == names


def test_every_exported_column_is_documented(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    paragraphs = page.split("\n\n")
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        for table in exportable_tables(db):
            (said,) = [text for text in paragraphs if f"**{table}**" in text.partition(" – ")[0]]
            names, _ = table_rows(db, table)
            assert [name for name in names if f"`{name}`" not in said] == [], table


@pytest.mark.parametrize(("table", "flags"), [("call", CallFlag), ("tool_use", ToolFlag)])
def test_every_flag_is_documented(table: str, flags: type[IntFlag]) -> None:
    page = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    said = page.partition(f"**{table}** –")[2].partition("`flags` (a sum: ")[2].partition(")")[0].replace("\n", " ")
    assert [int(number) for number in re.findall(r"(?:^|, )(\d+) ", said)] == [flag.value for flag in flags]


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`{name}" in text or f"  {name} " in text or f"taximeter {name}" in text, name


PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_or_links_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:hooks|store|tests|tracker|tui)/[\w./*-]*)", text)
    linked = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [path for path in named if not list(ROOT.glob(path))] == []
    assert [link for link in linked if not (ROOT / page).parent.joinpath(link).exists()] == []
