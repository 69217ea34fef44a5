"""Whatever is pressed, clicked or arrives, at whatever size: what stands there is what drawing all of it anew gives."""

import random
from dataclasses import replace

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.strip import Strip

from tests.tui.fakes import HOSTILE, SIZES, FrozenClock, Script, dashboard, feed, settled
from tests.tui.test_hostile_text import spoiled
from tui.app import Dashboard
from tui.keys import KEYS
from tui.snapshot import Health, Phase, Snapshot, ViewRequest

_STEPS = 60
_LEAVES = {"q", "ctrl+z"}
_KEYS = sorted({key for rows in KEYS.values() for row in rows for key in row.keys.split(",")} - _LEAVES)
_MOVES = ("down", "up", "pagedown", "pageup", "end", "a", "backspace", "tab", *["2", "home", "escape"] * 4)
_HEALTH = (Health(Phase.LIVE), Health(Phase.LIVE, "words"), Health(Phase.BUSY, "words"), Health(Phase.READING, "words"))


class World:
    """Snapshots that have lost their first rows, or have foreign texts."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.lost = 0
        self.foreign = ""

    def __call__(self, request: ViewRequest) -> Snapshot:
        made = (spoiled(self._script, self.foreign) if self.foreign else self._script)(request)
        if made.tasks is not None:
            made = replace(made, tasks=replace(made.tasks, tasks=made.tasks.tasks[self.lost :]))
        if made.now is not None:
            made = replace(made, now=replace(made.now, calls=made.now.calls[self.lost :]))
        if made.nudges is not None:
            report = made.nudges.report
            made = replace(made, nudges=replace(made.nudges, report=replace(report, rows=report.rows[self.lost :])))
        return made


def picture(app: Dashboard) -> list[Strip]:
    return app.screen._compositor.render_strips()


def drawn_anew(app: Dashboard) -> list[Strip]:
    for screen in app.screen_stack:
        for widget in screen.query("*"):
            widget.refresh()
    app.screen._styles_cache.clear()  # what lies under a panel is drawn by the panel's screen
    return picture(app)


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_left_of_an_older_picture(sample_script: Script, size: tuple[int, int]) -> None:
    chance = random.Random(size[0])
    world, clock = World(sample_script), FrozenClock()
    app = dashboard(world, clock=clock, start="tasks")
    done: list[object] = []
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for _ in range(_STEPS):
            width, height = app.size
            at = chance.randrange(width), chance.choice([0, chance.randrange(height), height - 1])
            what: object = chance.choice(["key", "move", "move", "rows", "rows", "click", "wheel", "other"])
            if what in ("key", "move"):
                what = chance.choice(_KEYS if what == "key" else _MOVES)
                await pilot.press(str(what))
            elif what == "rows":
                what = world.lost = chance.randrange(4)
                feed(app).hand_over()
            elif what == "click":
                await pilot.click(offset=at, times=chance.choice([1, 2]))
            elif what == "wheel":
                wheel = chance.choice([MouseScrollDown, MouseScrollUp])
                app.screen._forward_event(wheel(app.screen, *at, 0, 0, 0, False, False, False, *at))
            else:
                what = chance.choice([*SIZES, (66, 30), *HOSTILE, "", *_HEALTH, 1, 100])
                if isinstance(what, tuple):
                    await pilot.resize_terminal(*what)
                elif isinstance(what, str):
                    world.foreign = what
                    feed(app).hand_over()
                elif isinstance(what, Health):
                    app.take_health(what)
                elif isinstance(what, int):
                    clock.pass_seconds(what)
                    app._tick()
            done.append(what)
            await settled(pilot)
            assert picture(app) == drawn_anew(app), done
