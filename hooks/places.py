"""Where hooks find the state folder. The answer is that of `store.ledger.home`, without the imports it costs."""

import os
import sys

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


def launcher() -> str:
    """Absolute path of the program's launcher script."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "taximeter.py")
