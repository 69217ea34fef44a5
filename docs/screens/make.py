"""Makes the pictures in this folder: every screen over the sample sessions, at a frozen time.

    python docs/screens/make.py            all pictures
    python docs/screens/make.py now tasks  only these screens

Nothing of this machine is in them: the sessions are invented (taximeter demo), the clock stands still, the zone is UTC.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from store.ledger import open_ledger  # noqa: E402 -- the line above finds it
from tracker.advisor.advisor import Advisor  # noqa: E402
from tracker.cli.advising import HookFiles  # noqa: E402
from tracker.demo import live_session, write_samples  # noqa: E402
from tracker.ingest import sync  # noqa: E402
from tracker.pricing import PriceBook  # noqa: E402
from tracker.rebuild import rebuild  # noqa: E402
from tracker.sources.base import Options  # noqa: E402
from tracker.sources.claude_code import ClaudeCodeSource  # noqa: E402
from tui.app import Dashboard  # noqa: E402
from tui.feed import LedgerFeed  # noqa: E402
from tui.keys import SCREENS  # noqa: E402

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LIVE_FOR_SECONDS = 690  # the running session began so long ago
LINES_A_LOOK = 12
TURN_ENDS_SECONDS = 40  # a pause so long is one between two prompts
SIZES = ((120, 40), (80, 24))
# name -> screen to begin with, keys to press
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    **{name: (name, ()) for name in SCREENS},
    "task": ("tasks", ("down", "down", "enter")),
    "why": ("now", ("w",)),
    "keys": ("now", ("question_mark",)),
}
THEMES = {"now": ("light", "colour-blind")}


def fill(folder: Path) -> Path:
    """A ledger with the sample sessions and one at work; returns its path."""
    claude = folder / "claude"
    path = folder / "state" / "ledger.db"
    db = open_ledger(path)
    source, options = ClaudeCodeSource(), Options(PriceBook())
    advisor = Advisor(HookFiles(str(folder / "state")))

    def take_in(at_ms: int) -> None:
        """What the dashboard's own threads do after each change."""
        sync(db, [(source, [claude])], options, workers=0)
        rebuild(db)
        advisor.note_shown(db, advisor.refresh(db, at_ms), at_ms)
        while advisor.rest(db, at_ms):
            pass

    write_samples(claude, now=NOW.timestamp())
    take_in(NOW_MS - LIVE_FOR_SECONDS * 1000)
    at = NOW.timestamp() - LIVE_FOR_SECONDS
    for number, wait in enumerate(live_session(claude, start=at)):
        if number % LINES_A_LOOK == 0 or wait > TURN_ENDS_SECONDS:
            take_in(int(at * 1000))
        at += wait
    take_in(NOW_MS)
    db.close()
    return path


async def draw(ledger: Path, name: str, size: tuple[int, int], theme: str) -> str:
    """One picture as SVG."""
    screen, keys = PICTURES[name]
    feed = LedgerFeed(
        [],
        lambda _db: Options(PriceBook()),
        looked_in=["~/.claude"],
        clock=lambda: NOW_MS,
        zone=UTC,
        ledger=ledger,
        follow=False,
    )
    app = Dashboard(feed, clock=lambda: NOW_MS, zone=UTC, theme=theme, start=screen)
    async with app.run_test(size=size) as pilot:
        await _settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await _settled(app, pilot)
        return plain_svg(app.export_screenshot(title="taximeter"))


async def _settled(app: Dashboard, pilot: object) -> None:
    """Until the screen in front has its figures."""
    for _ in range(200):
        await pilot.pause(0.02)  # type: ignore[attr-defined]
        snapshot = app.snapshot
        if snapshot is not None and snapshot.wish == app.wish:
            await pilot.pause()  # type: ignore[attr-defined]
            return


def plain_svg(svg: str) -> str:
    """Without the fonts that would be fetched from elsewhere, and with names that do not change from run to run."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas")
    unique = re.search(r"terminal-(\d+)-", svg)
    return svg.replace(unique[1], "0") if unique else svg


def main() -> None:
    """Write the pictures that were asked for."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    wanted = sys.argv[1:] or list(PICTURES)
    with tempfile.TemporaryDirectory(prefix="taximeter-screens-") as folder:
        os.environ["TAXIMETER_HOME"] = str(Path(folder) / "state")
        ledger = fill(Path(folder))
        for name in wanted:
            for size in SIZES:
                for theme in ("dark", *(THEMES.get(name, ()) if size == SIZES[0] else ())):
                    suffix = "" if theme == "dark" else f"-{theme}"
                    path = HERE / f"{name}-{size[0]}x{size[1]}{suffix}.svg"
                    path.write_text(asyncio.run(draw(ledger, name, size, theme)), encoding="utf-8")
                    print(path.name)


if __name__ == "__main__":
    main()
