"""Reader options from the user's own files: prices, and how much of a prompt may be stored.

Commands fail with what is wrong in these files. Background work ignores invalid files and goes on: calls priced without
the user's own prices are repriced once those can be read.
"""

import sqlite3
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from store.ledger import home, unless_busy
from store.meta import meta_value, set_meta_value
from store.prices import list_priced_after, note_list_prices, stored_prices
from store.records import Price
from tracker import pricing
from tracker.errors import UsageError
from tracker.file_stamp import file_stamp
from tracker.pricing import PriceBook
from tracker.pricing.user_rows import PRICES_NAME
from tracker.sources.base import Options

_TABLES = "price_tables"
_SETTINGS_NAME = "settings.toml"  # tracker.settings is imported only if it exists: tomllib takes 3 ms


def options_of(db: sqlite3.Connection) -> Options:
    """The options as the files are now; UsageError if the user's prices cannot be used.

    Stored price rows spare the slow look-up of other providers' models. The first time after an upgrade, what had no
    price is priced.
    """
    book = price_book(stored_prices(db))
    if list_priced_after(db) is not None:
        from tracker.reprice import reprice_list_priced

        reprice_list_priced(db, book)
    kept, tables = meta_value(db, _TABLES) or "", _tables_stamp()
    if kept != tables:
        with unless_busy(db):  # the next command does it
            # Of two installs that take turns, the older one leaves prices alone, and its stamp has the newer one see
            # what it has read.
            if _made_at(tables) >= _made_at(kept):
                from tracker.reprice import price_after_upgrade

                price_after_upgrade(db, book)
            set_meta_value(db, _TABLES, tables)
    return _with_words(Options(book))


def _tables_stamp() -> str:
    """Fingerprint of the list prices' sources (our tables and code, and genai-prices); an upgrade changes it.

    It begins with the time of the newest of these files.
    """
    package = find_spec("genai_prices")
    files = [*sorted(Path(pricing.__file__).parent.glob("*.*")), Path((package and package.origin) or "")]
    stamps = [file_stamp(file) for file in files]
    return f"{max(stamp[1] for stamp in stamps if stamp)} {stamps}"


def _made_at(stamp: str) -> int:
    """When the install with this stamp was made."""
    made_at = stamp.partition(" ")[0]
    return int(made_at) if made_at.isdigit() else 0


def price_book(stored: Sequence[Price] = ()) -> PriceBook:
    """The price book with the user's rows and the `stored` ones; UsageError if the user's file is invalid."""
    try:
        return PriceBook(home() / PRICES_NAME, stored)
    except ValueError as error:  # its text begins with the file's name
        raise UsageError(f"{home()}/{error}") from error
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def usable_options(db: sqlite3.Connection) -> tuple[Options, list[str]]:
    """The options without invalid files, and a sentence on each of the two files that is invalid."""
    troubles = []
    try:
        options = options_of(db)
    except UsageError as error:
        troubles.append(str(error))
        note_list_prices(db)
        options = _with_words(Options(PriceBook(resolved=stored_prices(db))))
    if has_settings():
        from tracker.settings import SettingsError, usable_settings

        try:
            usable_settings()
        except SettingsError as error:
            troubles.append(str(error))
    return options, troubles


class ReaderOptions:
    """The current usable options, for watchers; read again when one of the files changes."""

    def __init__(self, on_trouble: Callable[[str], None] = lambda _sentence: None) -> None:
        """`on_trouble` gets a sentence on each invalid file whenever the files change."""
        self._on_trouble = on_trouble
        self._made: tuple[object, Options] | None = None

    def read(self, db: sqlite3.Connection) -> Options:
        """The current options."""
        stamps = [file_stamp(home() / name) for name in (_SETTINGS_NAME, PRICES_NAME)]
        if self._made is None or self._made[0] != stamps:
            options, troubles = usable_options(db)
            self._made = stamps, options
            for sentence in troubles:
                self._on_trouble(sentence)
        return self._made[1]


def has_settings() -> bool:
    """Whether there is a settings file; most users have none."""
    return (home() / _SETTINGS_NAME).exists()


def _with_words(options: Options) -> Options:
    if not has_settings():
        return options
    from tracker.settings import usable_prompt_chars

    kept = usable_prompt_chars()
    return options if kept is None else options._replace(prompt_chars=kept)
