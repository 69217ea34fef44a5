"""Launcher: `taximeter`, `python -m taximeter`. Nothing of the user's projects may shadow our packages."""

import os
import sys


def _own_path_only() -> None:
    """Drop what PYTHONPATH and the current folder added: a project may own packages named `store` or `hooks`."""
    here = os.path.dirname(os.path.abspath(__file__))
    added = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    dropped = {here, *(os.path.abspath(part) for part in added if part)}
    # "" is the current folder.
    sys.path[:] = [here, *(part for part in sys.path if part and os.path.abspath(part) not in dropped)]


def main() -> int:
    """Run the command line; returns the exit code."""
    _own_path_only()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us, as `>&-` does
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 — open to the end
    words = sys.argv[1:]
    # What agents run at every turn starts in milliseconds: no click on that way.
    if words[:1] == ["hook"] and len(words) > 1 and not _asks_for_help(words):
        from hooks.entry import main as hook

        return hook(words[1:])
    if words[:1] == ["statusline"] and not _asks_for_help(words):
        from hooks.statusline import main as statusline

        return statusline(words[1:])
    from tracker.cli.app import run

    return run(words)


def program() -> None:
    """`main` as a program: nothing is left to do afterwards, and taking the interpreter apart costs a report 10 ms."""
    try:
        code = main()
    except KeyboardInterrupt:  # before a command could take it: modules are still being loaded
        code = 130
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more; the exit below does not care
        pass
    os._exit(code)


def _asks_for_help(words: list[str]) -> bool:
    return "--help" in words or "-h" in words


if __name__ == "__main__":
    program()
