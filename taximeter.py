"""Launcher: `taximeter`, `python -m taximeter`. Nothing of the user's projects may shadow our packages."""

import os
import sys


def _own_path_only() -> None:
    """Drop what PYTHONPATH and the current folder added: a project may own packages named `store` or `hooks`."""
    foreign = {os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part}
    here = os.path.dirname(os.path.abspath(__file__))
    current = os.path.abspath(os.getcwd())
    kept = [here]
    for part in sys.path:
        place = os.path.abspath(part) if part else current
        if place == here or place in foreign or (part == "" and place != here):
            continue
        kept.append(part)
    sys.path[:] = kept


def main() -> int:
    """Run the command line; returns the exit code."""
    _own_path_only()
    from tracker.cli.app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
