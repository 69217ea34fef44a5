"""A feed that hands over scripted snapshots, a clock that stands still, and the screen as text."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from store.money import NANO_PER_USD
from store.reads.spend import SpendRow
from tracker.reports.carried import Carried, CarriedRow
from tui.app import Dashboard
from tui.edits import Edit, Edited, TaskEdit
from tui.feed_contract import Listener
from tui.snapshot import Health, Month, Phase, Snapshot, SpendDay, SpendPart, Spent, Top, ViewRequest

Script = Callable[[ViewRequest], Snapshot]
TODAY = date(2026, 11, 20)  # a Friday
NOW_MS = int(datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC).timestamp() * 1000)
_PATIENCE_SECONDS = 20.0
SIZES = ((120, 40), (80, 24), (40, 12))
HOSTILE = (
    "[bold red]boom[/] and [/unbalanced",
    "\x1b[31mred\x1b[0m \x07bell\rback",
    "\u202eright to left\u202c عنوان المهمة",
    "任务：修复上传测试 🚕🚕",
    "tab\tnew\nline\x00nul",
)


class FrozenClock:
    """A clock that only moves when told."""

    def __init__(self, at_ms: int = NOW_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        return self.at_ms

    def pass_seconds(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1000)


class ScriptedFeed:
    """Answers each request with the snapshot that the script makes of it; nothing runs in the background."""

    def __init__(self, script: Callable[[ViewRequest], Snapshot | None], health: Health | None = None) -> None:
        self.script = script
        self.health = health or Health(Phase.LIVE)
        self.requests: list[ViewRequest] = []
        self.looked_again = 0
        self.stopped = False
        self.edits: list[Edit] = []

    def start(self, listener: Listener) -> None:
        self.listener = listener
        listener.take_health(self.health)
        self.hand_over()

    def ask(self, request: ViewRequest) -> None:
        self.requests.append(request)
        if hasattr(self, "listener"):
            self.hand_over()

    def hand_over(self) -> None:
        snapshot = self.script(self.requests[-1])
        if snapshot is not None:
            self.listener.take_snapshot(snapshot)

    def edit(self, edit: Edit) -> Edited:
        self.edits.append(edit)
        return Edited(f"did {type(edit).__name__}", edit.task if isinstance(edit, TaskEdit) else "")

    def brief(self, session_id: int) -> str:
        return f"# Handover of {session_id}\n\nGoal: [bold]the uploader[/]\n"

    def hindsight(self, task: str) -> list[str]:
        return [f"compacted as Taximeter advises, before turn 2 of {task}: ~$1.25 less ($0.90 to $1.40)"]

    def carried(self, task: str, stop: Callable[[], bool]) -> Carried:
        return CARRIED

    def carried_in(self, month: Month, stop: Callable[[], bool]) -> Carried:
        return CARRIED if month.first.month == TODAY.month else CARRIED._replace(generation=0)

    def rescan(self) -> None:
        self.looked_again += 1

    def stop(self) -> None:
        self.stopped = True


CARRIED = Carried(
    [
        CarriedRow("first_prompt", "", "", 1, 40_000, 60, 250_000_000, 1_200_000_000),
        CarriedRow("tool", "Read", "/home/dev/[bold]/orders/backfill.py", 4, 12_000, 120, 60_000_000, 400_000_000),
        CarriedRow("own_text", "", "", 60, 20_000, 1_500, 100_000_000, 300_000_000),
    ],
    generation=500_000_000,
    other=0,
)


def usd(amount: float) -> int:
    """Nano-dollars."""
    return round(amount * NANO_PER_USD)


def spend_row(key: str, cost: float, calls: int = 10, *, unpriced: int = 0) -> SpendRow:
    return SpendRow(key, calls, 1, 10, 20, 0, 30, 40, 0, usd(cost), unpriced, 0)


def spend_part(month: str = "", **changes: Any) -> SpendPart:
    first = date.fromisoformat(f"{month or '2026-11'}-01")
    days = tuple(
        SpendDay(
            first + timedelta(days=index),
            (usd(0.7 * (index % 9)), usd(0.2 * (index % 4))) if index < 20 else (0, 0),
            index % 9 * 4 if index < 20 else 0,
            0,
        )
        for index in range(30)
    )
    values: dict[str, Any] = {
        "month": Month(first, first.replace(day=30), earlier=True, later=first.month < TODAY.month),
        "models": ("claude-opus-5-5", "claude-haiku-5-5"),
        "days": days,
        "total": spend_row("total", 64.30, 340),
        "unpriced_models": (),
        "hidden_nano": usd(1.25),
        "by_project": (spend_row("/home/u/api", 41.2), spend_row("C:\\work\\web", 23.1)),
        "by_agent": (spend_row("claude-code", 60.0), spend_row("cline", 4.3)),
        "by_model": (spend_row("claude-opus-5-5", 58.0), spend_row("claude-haiku-5-5", 6.3)),
        "year": {TODAY - timedelta(days=index * 3): usd(1 + index % 7) for index in range(60)},
        "plan_day_nano": None,
        "budget": None,
    }
    return SpendPart(**(values | changes))


def top(**changes: Any) -> Top:
    values: dict[str, Any] = {
        "today": TODAY,
        "of_today": Spent(usd(12.41), 31),
        "of_month": Spent(usd(214.7), 340),
        "plan": None,
        "windows": (),
        "beside": "",
    }
    return Top(**(values | changes))


def snapshot(request: ViewRequest, **changes: Any) -> Snapshot:
    """The snapshot of a busy month."""
    values: dict[str, Any] = {
        "at_ms": NOW_MS,
        "request": request,
        "calls": 340,
        "top": top(),
        "looked_in": ("~/.claude/projects",),
        "spend": spend_part(request.month) if request.screen == "spend" else None,
    }
    return Snapshot(**(values | changes))


def dashboard(
    script: Callable[[ViewRequest], Snapshot | None] = snapshot, *, health: Health | None = None, **options: Any
) -> Dashboard:
    """The app over a script, with the clock frozen."""
    options.setdefault("clock", FrozenClock())
    options.setdefault("start", "spend")
    return Dashboard(ScriptedFeed(script, health), **options)


def screen_text(app: App[Any]) -> str:
    """What is on screen, as lines of text without trailing blanks."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def settled(pilot: Pilot[None]) -> str:
    """What is on screen once every message was handled."""
    await pilot.pause()
    await pilot.pause()
    return screen_text(pilot.app)


async def says(pilot: Pilot[None], words: str) -> str:
    """What is on screen once it has these words: on a busy machine a pause ends before what goes on beside messages."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while words not in (text := await settled(pilot)):
        assert time.monotonic() < end, text
    return text


async def drawn(app: Dashboard, *keys: str, size: tuple[int, int] = (120, 40)) -> str:
    """What an app draws after these keys."""
    async with app.run_test(size=size) as pilot:
        text = await settled(pilot)
        for key in keys:
            await pilot.press(key)
            text = await settled(pilot)
        return text


async def edits_done(app: Dashboard) -> None:
    """Wait for the threads that hand edits over."""
    await app.workers.wait_for_complete()


def feed(app: Dashboard) -> ScriptedFeed:
    """The app's feed, as what it is."""
    assert isinstance(app.feed, ScriptedFeed)
    return app.feed


def with_changes(**changes: Any) -> Callable[[ViewRequest], Snapshot]:
    """A script whose snapshots differ from the busy month in some fields."""
    fixed: Mapping[str, Any] = changes
    return lambda request: snapshot(request, **fixed)
