"""No test touches the state or the agents of the person who runs it."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from hooks.spool_reader import ReaderLock

# A slow machine fails no example. A gate must give the same answer twice; people who run the tests look for new ones.
settings.register_profile("people", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("people"), derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "people")

_LIVE = Path(__file__).parent / "live"
_PLACES = ("CLAUDE_", "CLINE_", "XDG_")  # what these variables name would be read or written


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis report a failure: it then imports a library that warns, and warnings are errors here."""
    config.addinivalue_line("filterwarnings", "ignore:mypy_extensions.TypedDict is deprecated:DeprecationWarning")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: dashboards, watchers and hooks under test wait for a part of the time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty state folder and an empty home for this test; returns the state folder (it does not exist yet).

    Live tests keep HOME: they give their agents homes of their own, and npm needs its user's configuration.
    """
    place = tmp_path_factory.mktemp("home")
    state = place / "state"
    monkeypatch.setenv("TAXIMETER_HOME", str(state))
    for name in [name for name in os.environ if name.startswith(_PLACES)]:
        monkeypatch.delenv(name)
    if not request.path.is_relative_to(_LIVE):
        home = place / "user"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("USERPROFILE", str(home))
    return state


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    """Sets the time zone of this process, which is put back after the test."""

    def use(name: str) -> None:
        patch.setenv("TZ", name)
        time.tzset()

    with pytest.MonkeyPatch.context() as patch:
        yield use
    time.tzset()


@pytest.fixture
def home(isolated_home: Path) -> Iterator[Path]:
    """A state folder at which a reader is at work, so that no hook starts an ingest of its own."""
    lock = ReaderLock(str(isolated_home))
    assert lock.acquire()
    yield isolated_home
    lock.release()
