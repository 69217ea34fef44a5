"""Makes the pictures in this folder: every screen with the sample sessions, at a frozen time.

    python docs/screens/make.py            all pictures, and the page that shows them with every key and term
    python docs/screens/make.py now tasks  only these screens
    python docs/screens/make.py page       only the page

They show nothing of this machine: the sessions are invented (taximeter demo), the clock is frozen, the zone is UTC.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from store.ledger import open_ledger  # noqa: E402 -- the line above finds it
from tests.tui.fakes import ScriptedFeed, settled  # noqa: E402
from tracker import clock  # noqa: E402
from tracker.advisor.advisor import Advisor  # noqa: E402
from tracker.cli.demo import play_samples  # noqa: E402
from tracker.demo.samples import live_session  # noqa: E402
from tracker.ingest import sync  # noqa: E402
from tracker.keeper import HookFiles  # noqa: E402
from tracker.pricing import PriceBook  # noqa: E402
from tracker.rebuild import rebuild  # noqa: E402
from tracker.sources.base import Options  # noqa: E402
from tracker.sources.claude_code import ClaudeCodeSource  # noqa: E402
from tui.app import Dashboard  # noqa: E402
from tui.keys import KEYS, SCREENS  # noqa: E402
from tui.readers.all import SnapshotReader  # noqa: E402
from tui.terms import TERMS  # noqa: E402

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LIVE_FOR_SECONDS = 1_225  # age of the active sessions; the busier one is then waiting for its next prompt
LINES_A_LOOK = 12
TURN_ENDS_SECONDS = 40  # a longer pause is one between two prompts
SIZES = ((120, 40), (80, 24))
# name -> start screen, keys to press
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    **{name: (name, ()) for name in SCREENS},
    "task": ("tasks", ("down", "down", "down", "down", "enter")),
    "why": ("now", ("w",)),
    "help": ("now", ("question_mark",)),
}
THEMES = {"now": ("light", "colour-blind")}


def fill(folder: Path) -> Path:
    """Write a ledger with the sample sessions and an active one; return its path."""
    claude = folder / "claude"
    path = folder / "state" / "ledger.db"
    play_samples(claude, folder / "state", NOW.timestamp())
    db = open_ledger(path)
    source, options = ClaudeCodeSource(), Options(PriceBook())
    advisor = Advisor(HookFiles(str(folder / "state")))

    def ingest_and_advise(at_ms: int) -> None:
        """Do what the dashboard's threads do after each change."""
        sync(db, [(source, [claude])], options)
        rebuild(db)
        advisor.note_shown(db, advisor.refresh(db, at_ms), at_ms)
        while advisor.work_while_idle(db, at_ms):
            pass

    at = NOW.timestamp() - LIVE_FOR_SECONDS
    for number, wait in enumerate(live_session(claude, start=at)):
        if at + wait > NOW.timestamp():
            break
        if number % LINES_A_LOOK == 0 or wait > TURN_ENDS_SECONDS:
            ingest_and_advise(int(at * 1000))
        at += wait
    ingest_and_advise(NOW_MS)
    db.close()
    return path


async def draw(ledger: Path, name: str, size: tuple[int, int], theme: str) -> str:
    """One picture as SVG."""
    screen, keys = PICTURES[name]
    reader = SnapshotReader(("~/.claude",))
    with closing(open_ledger(ledger)) as db:
        feed = ScriptedFeed(lambda request: reader.read(db, request, NOW_MS))
        app = Dashboard(feed, clock=lambda: NOW_MS, theme=theme, start=screen)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            return plain_svg(app.export_screenshot(title="taximeter"))


def plain_svg(svg: str) -> str:
    """Remove fonts that would be fetched from elsewhere, and make names the same in every run."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas")
    unique = re.search(r"terminal-(\d+)-", svg)
    return svg.replace(unique[1], "0") if unique else svg


TITLES = {
    "now": "The active session: what its task costs, how its context grows, and the price of three ways to go on.",
    "tasks": "One row per task, and where the money of the selected one went.",
    "task": "Cost split, context, evidence, and the turns with their subagents and misses.",
    "spend": "The month by day and model, the year, models, projects, agents, and the layers of a month's budget.",
    "cache": "How much of the cache survived, what caching saved, and what its misses cost, by cause.",
    "plans": "The month against the price of each plan, the verdict, and each plan in detail.",
    "nudges": "What was advised, what it promised, what became of it, and which kinds are on.",
}
INTRODUCTION = (
    "`taximeter` in a terminal, `taximeter serve` in a browser, `taximeter demo` with sample sessions."
    " `python docs/screens/make.py` makes the pictures and tables."
)
AREAS = {"any": "Everywhere", **SCREENS, "task": "An opened task"}


def page() -> str:
    """This folder's README: the pictures, and every key and term from their registries."""
    parts = ["# The dashboard", INTRODUCTION]
    for name, words in TITLES.items():
        parts += [f"## {AREAS[name]}", words, f"![{AREAS[name]}]({name}-120x40.svg)"]
        parts += [f"At 80 columns: [{name}-80x24.svg]({name}-80x24.svg)."]
        if name in THEMES:
            others = ", ".join(f"[{theme}]({name}-120x40-{theme}.svg)" for theme in THEMES[name])
            parts[-1] += f" In the other themes: {others}."
    parts.append("## Keys")
    for area, title in AREAS.items():
        rows = [f"| `{key.shown}` | {key.sentence} |" for key in KEYS[area]]
        parts.append("\n".join([f"| {title} | |", "|---|---|", *rows]))
    parts.append(
        "In every table, `↑ ↓`, `page up`, `page down`, `home` and `end` move the cursor; a double click opens a row, a"
        " click on a column's title sorts by it. Clicks also work on the names of screens, the keys in the last line"
        " and Now's sessions."
    )
    parts.append("## Words")
    for area, title in AREAS.items():
        terms = [f"| {term.word} | {term.sentence} |" for term in TERMS[area]]
        parts.append("\n".join([f"| {title} | |", "|---|---|", *terms]))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page and the requested pictures."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    clock.now = lambda: NOW
    (HERE / "README.md").write_text(page(), encoding="utf-8")
    wanted = [name for name in PICTURES if name in (sys.argv[1:] or PICTURES)]
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
