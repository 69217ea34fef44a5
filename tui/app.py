"""The dashboard: six screens that draw the feed's snapshots."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import work
from textual.app import App
from textual.binding import Binding
from textual.events import Event, InputEvent
from textual.screen import Screen
from textual.worker import get_current_worker

from store.task_rows import TaskRow
from tracker.clock import now_ms
from tracker.settings import Settings
from tui.due_nudges import DueNudges
from tui.edits import Edit, Edited, NoteShown, SetTheme, TaskEdit, Undo
from tui.feed_contract import Clock, Feed
from tui.garbage import GarbageCollector
from tui.keys import SCREENS, bindings
from tui.messages import Arrived, HealthChanged
from tui.palette import Commands, Palette
from tui.screens import import_all, make_screen
from tui.screens.board import Board
from tui.screens.questions import Panel
from tui.snapshot import Health, NowPart, Snapshot, ViewRequest
from tui.suspending import can_suspend, follow_signals, suspend
from tui.themes import FALLBACK_ROLES, THEME_NAMES, THEMES
from tui.words import failure, fit, plain, session_name

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge

Made = TypeVar("Made")

_TICK_SECONDS = 1.0
_TOAST_TITLE = 50  # cells


class Dashboard(App[None]):
    """Holds the latest snapshot and passes it to the screen in front."""

    TITLE = "Taximeter"
    CSS_PATH = "app.tcss"
    ALLOW_SELECT = False  # Textual would look for the parent of a notice that the same click removed
    BINDINGS: ClassVar = [
        *bindings("any"),
        Binding("ctrl+c", "quit", "Leave the dashboard.", show=False, priority=True),
    ]
    COMMANDS: ClassVar = {Commands}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        name: partial(make_screen, name) for name in SCREENS
    }

    def __init__(
        self,
        feed: Feed,
        *,
        clock: Clock = now_ms,
        theme: str | None = None,
        start: str = "now",
        collector: GarbageCollector | None = None,
    ) -> None:
        super().__init__()
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme or THEME_NAMES[0]
        self._follows_theme = theme is None  # follow the settings until the user picks another
        self.feed = feed
        self.clock = clock
        self.snapshot: Snapshot | None = None
        self.health = Health()
        self.request = ViewRequest(screen=start)
        self._kept_session = ""  # the session that Now shows although none was requested
        self._held_snapshot: Snapshot | None = None  # arrived while paused
        self._due = DueNudges()
        self._paused_at: int | None = None
        self._former_ids: list[str] = []  # earlier ids of the open task, before edits changed its id
        self._collector = collector
        # Tasks of the month listed last; program runs only if there is nothing else.
        self.known_tasks: Sequence[TaskRow] = ()
        self._editor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="taximeter-edit")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colour roles for themes that are not ours."""
        return FALLBACK_ROLES

    # -- feed -------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Start the feed and the clock."""
        self.animation_level = "none"
        follow_signals(self)
        self.feed.ask(self.request)
        self.feed.start(self)
        self.switch_mode(self.request.screen)
        self.set_interval(_TICK_SECONDS, self._tick)

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """From the feed's thread."""
        self.post_message(Arrived(snapshot))

    def take_health(self, health: Health) -> None:
        """From the feed's thread."""
        self.post_message(HealthChanged(health))

    def take_notice(self, words: str) -> None:
        """From the feed's thread: show a notice, which disappears by itself."""
        self.notify(plain(f"{words[:1].upper()}{words[1:]}."), timeout=8, markup=False)

    def take_nudge(self, nudge: "DueNudge") -> None:
        """From the feed's thread."""
        self.call_later(self._say_nudge, nudge)

    def _say_nudge(self, nudge: "DueNudge") -> None:
        """Show a due nudge as a toast, unless Now has a place for it: it does for those of its session."""
        if self._now_in_front is not None and self._paused_at is None:
            self._due.wait(nudge, self.clock())
            self._note_drawn_nudges()
        else:
            self._show_toast(nudge)

    def _show_toast(self, nudge: "DueNudge") -> None:
        """Show a nudge as a toast with the session's name, since several may be active."""
        title = fit(f"Nudge · {session_name(nudge)}", _TOAST_TITLE).rstrip()
        self.notify(plain(nudge.text), title=title, severity="warning", timeout=12, markup=False)
        self._note_shown(nudge)

    @property
    def area(self) -> str:
        """The area whose keys work: the board in front; "any" if something covers it, or it is being closed."""
        front = self.screen_stack[-1] if self.screen_stack else None
        return front.NAME if isinstance(front, Board) else "any"

    @property
    def _now_in_front(self) -> NowPart | None:
        """What Now shows, if Now is in front and not covered."""
        return self.snapshot.now if self.area == "now" and self.snapshot is not None else None

    def _note_drawn_nudges(self) -> None:
        """Record the nudges that Now has drawn as shown; show the ones that it will not draw as toasts."""
        drawn, passed_over = self._due.settled(self._now_in_front, self.snapshot)
        for nudge in drawn:
            self._note_shown(nudge)
        for nudge in passed_over:
            self._show_toast(nudge)

    def _note_shown(self, nudge: "DueNudge") -> None:
        self.edit(NoteShown(nudge.session, nudge.token))

    def on_unmount(self) -> None:
        """End the feed's threads once every edit is done."""
        self._editor.shutdown()
        self.feed.stop()

    def on_arrived(self, message: Arrived) -> None:
        """Show a snapshot at once, or hold it while paused."""
        if (
            self._paused_at is not None
            and self.snapshot is not None
            and message.snapshot.request == self.snapshot.request
        ):
            self._held_snapshot = message.snapshot
            return
        is_first = self.snapshot is None
        self._show_snapshot(message.snapshot)
        if is_first:
            self.call_after_refresh(self._after_first_picture)

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        """Put a snapshot on screen and drop the held one, which is older or answers an earlier request."""
        self._held_snapshot = None
        self.snapshot = self._keep_session(snapshot)
        if self._follows_theme and snapshot.settings.display.theme in THEME_NAMES:
            self.theme = snapshot.settings.display.theme
        if snapshot.tasks is not None:
            self.known_tasks = snapshot.tasks.typed or snapshot.tasks.tasks
        self._renew()

    def _keep_session(self, snapshot: Snapshot) -> Snapshot:
        """Keep Now on the session that it shows, even while others are busier; returns the snapshot with that request.

        A session that was left (`/clear`, the client's end) is replaced by the one where the user continued, unless
        it was requested.
        """
        if snapshot.now is None or snapshot.request != self.request:
            return snapshot
        shown = snapshot.now.session.native_id
        if shown != self.request.session:
            self._kept_session = shown
            self.request_view(session=shown)
        elif shown == self._kept_session and (next_one := snapshot.now.continued_in):
            self._kept_session = next_one.native_id
            self.request_view(session=next_one.native_id)
            return snapshot
        return replace(snapshot, request=self.request)

    def _after_first_picture(self) -> None:
        """Do what could wait until the first frame was drawn."""
        if self._collector is not None:
            self._collector.take_over()
        self.run_worker(import_all, thread=True, group="import", exit_on_error=False)

    def on_health_changed(self, message: HealthChanged) -> None:
        """Show the feed's state in the top line, and in place of the body if there is none."""
        self.health = message.health
        self._renew()

    def _renew(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Board | Panel):
                screen.renew()
        self._note_drawn_nudges()

    async def on_event(self, event: Event) -> None:
        """Every event of the terminal passes here."""
        if self._collector is not None and isinstance(event, InputEvent):
            self._collector.saw_input()
        await super().on_event(event)

    def _tick(self) -> None:
        if self._collector is not None:
            self._collector.collect_if_quiet()
        for screen in self.screen_stack:
            if isinstance(screen, Board) and screen.is_composed:
                screen.draw_state()
                if self._paused_at is None:
                    screen.tick(self.clock())

    @property
    def paused_ms(self) -> int | None:
        """How long updates have been paused; None while they run."""
        return None if self._paused_at is None else self.clock() - self._paused_at

    @property
    def age_ms(self) -> int | None:
        """How old the figures on screen are."""
        return None if self.snapshot is None else self.clock() - self.snapshot.at_ms

    def request_view(self, **changes: str) -> None:
        """Ask the feed for another month, session or task."""
        self.request = replace(self.request, **changes)
        self.feed.ask(self.request)

    def open_task(self, identity: str) -> None:
        """Open a task over the board in front."""
        if self.area != "task":
            self._former_ids = []
            self.request_view(screen="task", task=identity)
            self.push_screen(make_screen("task"))

    def close_task(self) -> None:
        """Return to the board from which the task was opened."""
        if self.area == "task":
            self.pop_screen()
            self._former_ids = []
            self.request_view(screen=self.current_mode, task="")

    def ask(self, question: Screen[str | None], then: Callable[[str], None]) -> None:
        """Show a question; `then` is called with the answer, if there is one."""

        def answered(answer: str | None) -> None:
            if answer is not None:
                then(answer)

        self.push_screen(question, answered)

    # -- tasks ------------------------------------------------------------------------------------------------------

    def edit(self, edit: Edit) -> None:
        """Queue an edit for the feed; it takes as long as deriving the touched sessions."""
        self._say_when_done(edit, self._editor.submit(self.feed.edit, edit))

    @work(group="edit", exit_on_error=False)
    async def _say_when_done(self, edit: Edit, done: "Future[Edited]") -> None:
        try:
            edited = await asyncio.shield(asyncio.wrap_future(done))  # quitting cancels this wait, not the queued edit
            self.edit_done(edit, edited)
        except Exception as error:  # noqa: BLE001 -- a worker ends in silence
            self.notify(failure("Check whether the edit was made", error), severity="warning", markup=False)

    @work(thread=True, group="work-out", exclusive=True, exit_on_error=False)
    def work_out(self, otherwise: str, make: Callable[[], Made], show: Callable[[Made], None]) -> None:
        """Run `make` on a thread and pass its result to `show`; `otherwise` begins the message if that fails.

        If called again meanwhile, only the last result is shown.
        """
        try:
            made = make()
            if not get_current_worker().is_cancelled:
                self.call_later(show, made)
        except Exception as error:  # noqa: BLE001 -- a worker ends in silence
            self.notify(failure(otherwise, error), severity="warning", markup=False)

    def edit_done(self, edit: Edit, edited: Edited) -> None:
        """Report an edit's outcome, and follow an open task that was merged into another, or back on undo."""
        if not edited.words:
            return
        can_undo = isinstance(edit, TaskEdit) and not isinstance(edit, Undo) and not edited.failed
        words = f"{edited.words[:1].upper()}{edited.words[1:]}{'; u undoes it' if can_undo else ''}."
        self.notify(words, severity="warning" if edited.failed else "information", markup=False)
        if self._paused_at is not None and not edited.failed:
            self._resume()  # show the change, so that the next key acts on the current state
        if isinstance(edit, TaskEdit) and edit.task and edited.task not in ("", edit.task):
            self._follow(edit, edited.task)

    def _follow(self, edit: TaskEdit, task: str) -> None:
        """Show `task` where the edited one was."""
        for screen in self.screen_stack:
            if isinstance(screen, Board):
                screen.follow(edit.task, task)
        if edit.task == self.request.task:
            self._former_ids = self._former_ids[:-1] if isinstance(edit, Undo) else [*self._former_ids, edit.task]
            self.request_view(task=task)

    def undo(self) -> None:
        """Undo the last edit, and show again the task that it had merged away, if that was on screen."""
        self.edit(Undo(self.request.task, back_to=self._former_ids[-1] if self._former_ids else ""))

    # -- keys -------------------------------------------------------------------------------------------------------

    async def action_go(self, name: str) -> None:
        """Show a board and close an open task, so that no board stays hidden under another."""
        self.close_task()
        if name != self.current_mode:
            self.request_view(screen=name)
            await self.switch_mode(name)

    def action_command_palette(self) -> None:
        """Show the palette over whatever is in front."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_pause(self) -> None:
        """Pause or resume updates."""
        if self._paused_at is None:
            self._paused_at = self.clock()
            self._renew()
        else:
            self._resume()

    def _resume(self) -> None:
        """Resume updates, beginning with the held snapshot."""
        self._paused_at = None
        if self._held_snapshot is not None and self._held_snapshot.request == self.request:
            self._show_snapshot(self._held_snapshot)
        else:
            self._held_snapshot = None
            self._renew()

    def action_next_theme(self) -> None:
        """Switch to the next of our themes."""
        at = THEME_NAMES.index(self.theme) if self.theme in THEME_NAMES else -1
        self.action_theme(THEME_NAMES[(at + 1) % len(THEME_NAMES)])

    def action_theme(self, name: str) -> None:
        """Switch to a theme by name, and save the choice."""
        self._follows_theme = False
        self.theme = name
        self.edit(SetTheme(name))

    def action_rescan(self) -> None:
        """Ingest new records now."""
        self.feed.rescan()

    async def run_action(self, *arguments: Any, **options: Any) -> bool:
        """Ignore keys after the one that quits: they would act on a screen that is being closed, unseen."""
        return not self._exit and await super().run_action(*arguments, **options)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable suspending where nothing could resume the dashboard."""
        return super().check_action(action, parameters) if action != "suspend" else can_suspend(self)

    async def action_suspend(self) -> None:
        """Suspend until the shell resumes us; ledger and spool are released for the hooks meanwhile."""
        await asyncio.to_thread(self._editor.submit(int).result)  # after all edits
        await asyncio.to_thread(self.feed.stop)
        suspend(self)
        self.feed.start(self)

    def action_help(self) -> None:
        """Show the keys of the screen in front."""
        from tui.screens.help import HelpScreen

        active = {bound.binding.action for bound in self.screen.active_bindings.values()}
        self.push_screen(HelpScreen(self.area, active))

    def action_settings(self) -> None:
        """Show the settings."""
        from tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen(self.snapshot.settings if self.snapshot else Settings()))
