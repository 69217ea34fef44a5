"""`settings`: shows every setting or one, and changes one."""

from collections.abc import Sequence

import click

from store.ledger import ledger_path, open_ledger
from tracker.cli.common import advise_anew
from tracker.cli.output import (
    Column,
    abbreviate_home,
    fit,
    is_terminal,
    paragraph,
    print_json,
    print_table,
    say,
    terminal_width,
    width,
)
from tracker.cli.user_settings import refuse_segments, settings_problems
from tracker.errors import UsageError
from tracker.reports.settings import (
    CAPACITY,
    SETTINGS,
    Setting,
    SettingRow,
    choices_to_show,
    parsed,
    section_of,
    setting_of,
    setting_rows,
    shown,
    typed,
)
from tracker.settings import set_value, settings_path

_MAX_VALUE, _NARROW_MAX_VALUE = 40, 13  # cells of a text value; the second on terminals narrower than 100 columns
_ADVISING = ("nudges", "budget")  # sections that advice depends on


def _names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names of settings, for shell completion."""
    del ctx, parameter
    names = [one.name for one in SETTINGS if not one.is_of_table]
    return [name for name in names if name.startswith(begun)]


def _values(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Possible values of a setting, for shell completion; none if its name or the user's file is invalid."""
    del parameter
    try:
        setting = setting_of(ctx.params.get("name") or "")
    except UsageError:
        return []
    return [word for word in choices_to_show(setting) if word.startswith(begun)]


@click.command()
@click.argument("name", required=False, shell_complete=_names)
@click.argument("value", nargs=-1, shell_complete=_values)
@click.option("--unset", is_flag=True, help="Restore the default: remove the setting from the file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with values as in the file.")
def settings(name: str | None, value: Sequence[str], unset: bool, as_json: bool) -> None:
    """Show every setting and what it does, or change one.

    Settings that are not in the file have their defaults. A change leaves all other lines of the file as they are,
    comments included.

    \b
    taximeter settings
    taximeter settings budget               all of one section
    taximeter settings plan.id max          set one
    taximeter settings plan.id --unset      restore its default
    taximeter settings nudges.kinds compact new_session
    taximeter settings budget.projects.dev/api 50
    """
    if name is None:
        if unset:
            raise UsageError("--unset needs the name of a setting (taximeter settings lists them)")
        _list(SETTINGS, as_json=as_json)
        return
    section = section_of(name)
    if section and not value and not unset:
        _list(section, as_json=as_json)
        return
    setting = setting_of(name)
    text = " ".join(value)
    if value and not text.strip():
        raise UsageError(f"{setting.name}: the value is empty (--unset restores the default)")
    if unset and value:
        raise UsageError("give either a value or --unset, not both")
    if value or unset:
        _change(setting, None if unset else text)
    (row,) = setting_rows([setting])
    if as_json:
        print_json({"schema_version": 1, **row.as_json()})
    elif value or unset:
        click.echo(f"{setting.name}: {shown(setting, row.value)}{_origin(row) if unset else ''}")
    elif is_terminal():
        click.echo(f"{setting.name}: {shown(setting, row.value)}{_origin(row)}")
        paragraph(f"{setting.does} ({', '.join(choices_to_show(setting)) or setting.form})", dim=True)
    else:
        click.echo(typed(row.value))


def _change(setting: Setting, text: str | None) -> None:
    """Save the value that `text` stands for; None removes the setting from the file."""
    value = None if text is None else parsed(setting, text)
    if setting.name == "statusline.format" and isinstance(value, str):
        refuse_segments(value, setting.name)
    set_value(setting.section, setting.key, value)
    if setting.section.startswith(_ADVISING) and ledger_path().exists():
        advise_anew(open_ledger())


def _origin(row: SettingRow) -> str:
    words = {"default": "the default", "file": "from your file", "login": "this machine's login"}
    return f", {words[row.origin]}"


def _list(wanted: Sequence[Setting], *, as_json: bool) -> None:
    rows, problems = setting_rows(wanted), settings_problems()
    if as_json:
        made = {"schema_version": 1, "path": str(settings_path()), "problems": problems}
        print_json(made | {"settings": [row.as_json() for row in rows]})
        return
    for problem in problems:
        say(problem)
    more = ""
    if wanted is SETTINGS:
        more = " Sizes of a plan's limits: taximeter settings capacity."
        rows = [row for row in rows if row.origin == "file" or not row.setting.section.startswith(CAPACITY)]
    columns = (Column(""), Column("setting", cut="never"), Column("value"), Column("what it does", cut="below"))
    print_table(columns, [_cells(row) for row in rows])
    path = abbreviate_home(str(settings_path()))
    are_set = any(row.origin == "file" for row in rows)
    origins = f"● from {path}; all others are defaults." if are_set else "All are defaults."
    paragraph(
        f"{origins} To set one: taximeter settings NAME VALUE; to restore its default: taximeter settings NAME --unset."
        f"{more}",
        dim=True,
    )


def _cells(row: SettingRow) -> tuple[str, ...]:
    value = shown(row.setting, row.value)
    if row.setting.kind is str:
        most = _MAX_VALUE if terminal_width() >= 100 else _NARROW_MAX_VALUE
        value = fit(value, min(width(value), most))
    login = " (login)" if row.origin == "login" else ""
    return ("●" if row.origin == "file" else "", row.setting.name, f"{value}{login}", row.setting.does)
