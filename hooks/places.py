"""Where hooks find the state folder: the same as `store.ledger.home`, without its imports."""

import os
import sys

from hooks.quick_json import LONGEST_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SPOOL_FILE = "spool/events.jsonl"
READER_LOCK = "spool/reader.lock"
ADVICE_FOLDER = "advice"
LOG_FOLDER = "logs"
SETTINGS_FILE = "settings.toml"


def state_home(recorded: str | None = None) -> str:
    """`TAXIMETER_HOME`, else the folder that was recorded at install time, else the platform's user data folder."""
    given = os.environ.get("TAXIMETER_HOME")
    if given:
        return os.path.expanduser(given)
    if recorded:
        return recorded
    data_folder = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data_folder):
        usual = "~/Library/Application Support" if sys.platform == "darwin" else "~/.local/share"
        data_folder = os.path.expanduser(usual)
    return os.path.join(data_folder, "taximeter")


def event_and_home(arguments: "Sequence[str]") -> tuple[str, str]:
    """The event ("" without one) and the state folder from a hook's command line, `EVENT [--home DIR]`."""
    words, recorded = list(arguments), None
    if "--home" in words:
        at = words.index("--home")
        recorded = words[at + 1] if at + 1 < len(words) else None
        del words[at : at + 2]
    return (words[0][:LONGEST_NAME] if words else ""), state_home(recorded)


def launcher() -> str:
    """Absolute path of the program's launcher script."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "taximeter.py")
