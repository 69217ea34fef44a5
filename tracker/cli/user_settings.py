"""settings.toml for commands: what is wrong with it becomes one line and a usage exit code."""

from tracker.cli.common import UserError
from tracker.settings import Settings, SettingsError, load_settings


def user_settings() -> Settings:
    """The user's settings; UserError if they cannot be used."""
    try:
        return load_settings()
    except SettingsError as error:
        raise UserError(str(error), exit_code=2) from error
