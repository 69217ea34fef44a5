"""When each hook last ran, as recorded by `hooks.health`; separate because hooks import that module at every event."""

import os
from typing import NamedTuple

from hooks.health import FIRED_FOLDER
from hooks.places import LOG_FOLDER


class LastRun(NamedTuple):
    """When a hook last ran (epoch ms) and how many milliseconds it took."""

    at_ms: int
    took_ms: float


def last_runs(home: str) -> dict[str, LastRun]:
    """The last run of each hook, by name."""
    found: dict[str, LastRun] = {}
    folder = os.path.join(home, LOG_FOLDER, FIRED_FOLDER)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="ascii") as handle:
                at, milliseconds = handle.read(64).split()
            found[name] = LastRun(int(at), float(milliseconds))
        except (OSError, ValueError):
            continue
    return found
