"""`install`, `uninstall`, `status`: our entries in an agent's settings. `hook`, `statusline`: run by agents."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from hooks.install.claude_code import (
    InstallPlan,
    install,
    plan_install,
    plan_uninstall,
    this_program,
    uninstall,
)
from hooks.install.claude_code_status import FolderStatus, HookStatus, hook_status
from hooks.install.last_runs import LastRun
from store.ledger import home
from store.plain_text import plain, plain_lines
from store.records import Agent
from tracker.claude_command import client_version
from tracker.claude_folders import user_folders
from tracker.cli.common import Invocation, confirm, dir_options
from tracker.cli.output import Column, note, numbers, print_json, print_table, say, whole_words
from tracker.cli.user_settings import file_problems
from tracker.clock import ago
from tracker.errors import UsageError, UserError

_HAS_HOOKS = click.Choice([Agent.CLAUDE_CODE, Agent.CLINE])
_AGENT = click.argument("agent", type=_HAS_HOOKS)
_YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.command("install")
@_AGENT
@dir_options
@_YES
@click.option("--no-hooks", is_flag=True, help="Only the status line; for those who use the plugin.")
@click.option("--no-statusline", is_flag=True, help="Only the hooks.")
def install_command(invocation: Invocation, agent: str, yes: bool, no_hooks: bool, no_statusline: bool) -> None:
    """Install hooks and a status line, so that an agent reports what it does.

    Shows what would change in the agent's settings and asks. A status line of yours is kept, and ours is printed below
    it; everything else in the file stays as it is. Cline gets hook files and a small plugin; files of your own are left
    alone. `taximeter uninstall` removes it all.

    \b
    taximeter install claude-code
    taximeter install claude-code --no-statusline --yes
    taximeter install cline
    taximeter --claude-dir ~/.claude-work install claude-code
    """
    if sys.platform == "win32":
        raise UserError("hooks do not work on Windows; all reports and the dashboard work without them")
    if agent == Agent.CLINE:
        from tracker.cli import install_cline

        if no_hooks or no_statusline:
            raise UsageError("--no-hooks and --no-statusline are for claude-code: Cline has no status line")
        install_cline.install(invocation, yes=yes)
        return
    program = this_program(home())
    version = client_version()
    for folder in claude_folders(invocation):
        plan = plan_install(folder, program, version=version, hooks=not no_hooks, status_line=not no_statusline)
        if confirm_change(plan.notes, plan.change.diff(), yes=yes, file=plain(str(plan.change.path))):
            install(plan, program)
            _said_done(plan, "installed; takes effect with the next session")


@click.command("uninstall")
@_AGENT
@dir_options
@_YES
def uninstall_command(invocation: Invocation, agent: str, yes: bool) -> None:
    """Remove hooks and status line from an agent's settings; the ledger stays.

    A settings file that has not changed since is restored byte for byte. In any other, only our own entries are
    removed, and a status line that ours had wrapped comes back. From Cline's folders, every file and folder of ours is
    removed.

    \b
    taximeter uninstall claude-code
    taximeter uninstall claude-code --yes
    taximeter uninstall cline
    """
    if agent == Agent.CLINE:
        from tracker.cli import install_cline

        install_cline.uninstall(invocation, yes=yes)
        return
    for folder in claude_folders(invocation):
        plan = plan_uninstall(folder, home())
        if confirm_change(plan.notes, plan.change.diff(), yes=yes, file=plain(str(plan.change.path))):
            uninstall(plan, home())
            _said_done(plan, "Taximeter's entries removed")


@click.command("status")
@click.argument("agent", type=_HAS_HOOKS, required=False, metavar="[claude-code|cline]")
@dir_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status_command(invocation: Invocation, agent: str | None) -> None:
    """Show what is installed, when each hook last fired, and how long it took.

    \b
    taximeter status                     every agent
    taximeter status claude-code --json
    taximeter status cline
    """
    from tracker.cli import install_cline

    if agent == Agent.CLINE:
        cline = install_cline.look(invocation)
        if invocation.as_json:
            print_json(install_cline.as_json(cline))
        else:
            install_cline.show(cline)
        return
    found = hook_status(claude_folders(invocation), home())
    both = install_cline.look_if_there(invocation) if agent is None else None
    wrong = file_problems()
    if invocation.as_json:
        print_json(
            {"schema_version": 1}
            | hooks_json(found)
            | {"settings_problems": wrong}
            | ({"cline": both and install_cline.as_json(both)} if agent is None else {})
        )
        return
    for problem in wrong:
        click.echo(whole_words(f"problem: {problem}"))
    _print_status(found)
    if both is not None:
        click.echo()
        install_cline.show(both)


def claude_folders(invocation: Invocation) -> list[Path]:
    """Folders whose settings to change: those given, else the user's."""
    return invocation.claude_dirs or user_folders()


def confirm_change(notes: Sequence[str], diff: str, *, yes: bool, file: str = "this") -> bool:
    """Show a change and ask whether to write it; True if there is no change. UserError without a terminal."""
    for line in notes:
        say(line)
    if not diff:
        return True
    click.echo(plain_lines(diff))
    return yes or confirm(f"Write {file}?")


def _said_done(plan: InstallPlan, what: str) -> None:
    click.echo(whole_words(f"{plan.change.path}: {what if plan.change.is_needed else 'nothing to change'}"), err=True)


def _print_status(found: HookStatus) -> None:
    for folder in found.folders:
        click.echo(whole_words(f"{folder.path}: {_folder_text(folder)}"))
        for command in folder.mixed:
            click.echo(whole_words(f"  yours, also runs taximeter: {command}"))
        for problem in folder.problems:
            click.echo(whole_words(f"  problem: {problem}"))
    print_fired(found.fired)
    if found.last_error:
        click.echo(whole_words(f"last line of {home() / 'logs' / 'hook.log'}: {found.last_error}"))


def print_fired(fired: Mapping[str, LastRun]) -> None:
    """Print when each hook last ran, and how long it took."""
    if not fired:
        note("No hook has fired yet.")
        return
    click.echo()
    print_table(
        [Column("hook"), *numbers("last fired", "took")],
        [[name, ago(run.at_ms), f"{run.took_ms:.0f} ms"] for name, run in fired.items()],
    )


def _folder_text(folder: FolderStatus) -> str:
    parts = []
    if folder.hooks:
        parts.append(f"hooks at {', '.join(folder.hooks)}")
    if folder.plugin:
        parts.append("plugin enabled")
    if folder.status_line:
        theirs = folder.wrapped_status_line
        parts.append(f"status line below `{theirs}`" if theirs else "status line")
    return "; ".join(parts) or "nothing installed (taximeter install claude-code)"


def hooks_json(found: HookStatus) -> dict[str, object]:
    """The JSON on hooks in `status --json` and `doctor --json`."""
    return found._asdict() | {
        "folders": [folder._asdict() | {"path": str(folder.path)} for folder in found.folders],
        "fired": {name: run._asdict() for name, run in found.fired.items()},
    }


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("event")
@click.option("--home", "home_folder", metavar="DIR", help="State folder; TAXIMETER_HOME takes precedence.")
def hook_command(event: str, home_folder: str | None) -> None:
    """Read one event from standard input; run by agents, not by people.

    Appends a line to the spool and prints at most one JSON object: a message for the user at SessionStart,
    UserPromptSubmit and Stop, nothing at any other event. It always exits with 0; `taximeter status claude-code` shows
    what went wrong. EVENT is a name that Claude Code uses, such as Stop.

    \b
    taximeter hook Stop < event.json
    """
    from hooks.entry import main

    main([event, *(["--home", home_folder] if home_folder else [])])


@click.command("statusline")
@click.option("--home", "home_folder", metavar="DIR", help="State folder; TAXIMETER_HOME takes precedence.")
@click.option(
    "--refreshed", is_flag=True, help="The agent redraws the line periodically, so the cache clock counts down."
)
@click.option("--after", metavar="COMMAND", help="Another status line, run first and printed above.")
def statusline_command(home_folder: str | None, refreshed: bool, after: str | None) -> None:
    """Print the status line for the state that an agent writes to standard input.

    One line, two on a narrow terminal: task cost, today's cost, context with the level from which compacting pays,
    cache clock, plan limits, nudge. Empty parts are left out. Which parts there are, and their order, is a setting.

    \b
    taximeter settings statusline.format "{task} · {context} · {nudge}"
    taximeter statusline < status.json
    taximeter statusline --after '~/.claude/my-line.sh' < status.json
    """
    from hooks.statusline import main

    arguments = ["--refreshed"] if refreshed else []
    for option, given in (("--home", home_folder), ("--after", after)):
        if given:
            arguments += [option, given]
    main(arguments)
