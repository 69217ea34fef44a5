"""`install`, `uninstall` and `status` for Cline: hook files and the plugin in its folders."""

import click

from hooks.install.claude_code import this_program
from hooks.install.cline import (
    ClineInstallPlan,
    install_cline,
    plan_cline_install,
    plan_cline_uninstall,
    uninstall_cline,
)
from hooks.install.cline_files import targets
from hooks.install.cline_status import MISSING, ClineStatus, cline_status
from store.ledger import home
from tracker.cli.common import Invocation
from tracker.cli.install import confirm_change, print_fired
from tracker.cli.output import note, whole_words
from tracker.clock import ago
from tracker.errors import UserError


def install(invocation: Invocation, *, yes: bool) -> None:
    """Install for Cline: show the files, ask unless `yes`, write. UserError if not possible."""
    where = targets(invocation.cline_dirs)
    program = this_program(home())
    plan = plan_cline_install(where, program)
    if confirm_change(plan.notes, plan.diff(), yes=yes):
        install_cline(plan, where, program)
        _said_done(plan, "installed; takes effect with Cline's next session")


def uninstall(invocation: Invocation, *, yes: bool) -> None:
    """Remove what `install` wrote; UserError if not possible."""
    where = targets(invocation.cline_dirs)
    plan = plan_cline_uninstall(where, home())
    if confirm_change(plan.notes, plan.diff(), yes=yes):
        uninstall_cline(plan, where, home())
        _said_done(plan, "removed")


def look(invocation: Invocation) -> ClineStatus:
    """What is installed for Cline, and its latest activity; UserError if Cline is not found."""
    return cline_status(targets(invocation.cline_dirs), home())


def look_if_there(invocation: Invocation) -> ClineStatus | None:
    """Like `look`; None if Cline is not found."""
    try:
        return look(invocation)
    except UserError:
        return None


def _said_done(plan: ClineInstallPlan, what: str) -> None:
    if not plan.changes:
        click.echo("Cline: nothing to change", err=True)
    for folder in dict.fromkeys(change.path.parent for change in plan.changes):
        names = ", ".join(change.path.name for change in plan.changes if change.path.parent == folder)
        click.echo(whole_words(f"{folder}: {names}: {what}"), err=True)


def show(found: ClineStatus) -> None:
    """Print the status as text."""
    if all(file.state == MISSING for file in found.files):
        click.echo("Cline: nothing installed (taximeter install cline)")
    else:
        for folder in dict.fromkeys(file.path.parent for file in found.files):
            states = (f"{file.path.name} {file.state}" for file in found.files if file.path.parent == folder)
            click.echo(whole_words(f"{folder}: {'; '.join(states)}"))
    for problem in found.problems:
        click.echo(whole_words(f"  problem: {problem}"))
    print_fired(found.fired)
    if found.last_row_at_ms is None:
        note("The plugin has written nothing yet.")
    else:
        click.echo(f"last request seen by the plugin: {ago(found.last_row_at_ms)}")


def as_json(found: ClineStatus) -> dict[str, object]:
    """The JSON form."""
    return (
        {"schema_version": 1}
        | found._asdict()
        | {
            "files": [file._asdict() | {"path": str(file.path)} for file in found.files],
            "fired": {name: run._asdict() for name, run in found.fired.items()},
        }
    )
