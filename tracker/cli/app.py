"""The `taximeter` command: loads its commands lazily and prints every error."""

import importlib
import os
import re
import sqlite3
import sys
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from pathlib import Path

import click

from tracker.cli.commands import COMMANDS
from tracker.cli.common import Invocation, damage_text, dir_options
from tracker.cli.output import replace_unencodable, say, supports_dashboard, supports_escapes
from tracker.errors import UserError


class ExitCode(IntEnum):
    """Exit codes."""

    OK = 0  # done
    FAILED = 1  # failed; the reason is on stderr
    USAGE = 2  # invalid command line or settings
    INTERRUPTED = 130  # Ctrl-C


# Commands whose module has another name.
_MODULES = {"sessions": "listing", "calls": "listing", "reprice": "prices"}
_MODULES |= dict.fromkeys(("uninstall", "status", "hook", "statusline"), "install")


class LazyGroup(click.Group):
    """Imports a command's module when it is called, so that `--help` starts in milliseconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name; UsageError with similar names for a typo."""
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:  # during shell completion
                return None
            import difflib

            near = difflib.get_close_matches(cmd_name, COMMANDS, n=2)
            raise click.UsageError(_with_guess(f"no such command {cmd_name!r}", near), ctx)
        module = importlib.import_module(f"tracker.cli.{_MODULES.get(cmd_name, cmd_name)}")
        return next(one for one in vars(module).values() if isinstance(one, click.Command) and one.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _say_version(ctx: click.Context, parameter: click.Parameter, is_asked: bool) -> None:
    del parameter
    if not is_asked:
        return
    import importlib.metadata

    try:
        version = importlib.metadata.version("taximeter")
    except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
        import tomllib

        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        version = project["version"]
    click.echo(f"taximeter, version {version}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Nothing leaves this machine unless you ask. TAXIMETER_HOME moves the ledger and all other state.",
)
@dir_options
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")  # handled by `run`
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def cli(invocation: Invocation) -> None:
    """The running meter for coding agents: what each finished task cost, why, and what to do about it.

    \b
    taximeter                    the dashboard; without a terminal, the tasks
    taximeter spend --by model   what each model cost
    taximeter spend --since 7d   the last seven days
    taximeter doctor             where it looked and what it found
    """
    ctx = click.get_current_context()
    if os.environ.get("NO_COLOR") or not supports_escapes():  # click handles neither
        ctx.color = False
    if ctx.invoked_subcommand is None:
        if supports_dashboard():
            from tracker.cli.dashboard import open_dashboard

            open_dashboard(invocation)
        else:
            from tracker.cli.tasks import tasks

            ctx.invoke(tasks)


def _with_guess(text: str, near: Sequence[str]) -> str:
    return f"{text}: did you mean {' or '.join(near)}?" if near else text


def _usage_text(error: click.UsageError, arguments: Sequence[str]) -> str:
    """Click's usage error as one sentence that names the --help to read."""
    near = getattr(error, "possibilities", None) or ()
    text = " ".join((error.message if near else error.format_message()).split()).rstrip(".")
    text = text.replace("a valid integer range", "a whole number").replace("a valid float range", "a number")
    if error.ctx is not None:
        path = error.ctx.command_path
    else:  # click does not name the command if an option lacks its argument
        path = " ".join(["taximeter", *[word for word in arguments if word in COMMANDS][:1]])
    return f"error: {_with_guess(text[:1].lower() + text[1:], near)} ({path} --help)"


def _as_text(word: str) -> str:
    """A command-line argument, possibly not decoded by the locale; UsageError if it is not UTF-8."""
    try:
        return os.fsencode(word).decode() if any("\udc80" <= char <= "\udcff" for char in word) else word
    except UnicodeDecodeError:
        raise click.UsageError(f"not UTF-8: {word!a}") from None


def _refuse_empty(words: Sequence[str]) -> None:
    """UsageError for an empty argument, such as from a script's unset variable."""
    after = [word for word in words if re.fullmatch(r"--[a-z-]+=", word)]
    after += [before for before, word in pairwise(words) if not word]
    if after:
        raise click.UsageError(f"the text after {after[0]} is empty")


def run(arguments: Sequence[str]) -> int:
    """Run the command line; every failure becomes one line on stderr and an exit code."""
    replace_unencodable()
    debug = "--debug" in arguments
    try:
        words = [_as_text(word) for word in arguments]
        _refuse_empty(words)
        if os.environ.get("_TAXIMETER_COMPLETE"):  # set during shell completion
            cli.main(words, prog_name="taximeter")
        with cli.make_context("taximeter", words) as ctx:  # click's own main would exit with 1 on a closed pipe
            cli.invoke(ctx)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except click.exceptions.Exit as leaving:  # --help, --version
        return leaving.exit_code
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # since click 8.2; its message is the help
            error.show()
        else:
            say(_usage_text(error, arguments))
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt):
            click.echo(err=True)  # ends the line with the terminal's ^C
        say("interrupted")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        say(f"error: {error.format_message()}")
        return ExitCode.FAILED
    except Exception as error:
        if debug:
            raise
        say(f"error: {_sentence(error)}")
        return error.exit_code if isinstance(error, UserError) else ExitCode.FAILED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ExitCode.OK
    return ExitCode.OK


def _is_nowhere() -> bool:
    """Whether the working folder was deleted."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _sentence(error: Exception) -> str:
    from store.ledger import LedgerError

    if isinstance(error, OSError):
        if error.filename:
            return f"{error.filename}: {error.strerror or error}"
        return (
            "the current folder no longer exists: change to another one"
            if _is_nowhere()
            else error.strerror or str(error)
        )
    if isinstance(error, sqlite3.Error):
        return _database_trouble(error)
    if isinstance(error, (LedgerError, UserError)):
        return str(error)
    return f"unexpected error: {type(error).__name__}: {error} (taximeter --debug … shows the traceback)"


def _database_trouble(error: sqlite3.Error) -> str:
    """The sentence for a database error; replaces a damaged ledger first."""
    from store.ledger import LedgerError, ledger_path, replace_if_damaged

    try:
        kept = replace_if_damaged(ledger_path(), error)
    except LedgerError as failure:
        return str(failure)
    if kept is not None:
        return f"{damage_text(kept)}; run it again"
    return f"{ledger_path()}: {error} (what was read before is kept; run it again)"
