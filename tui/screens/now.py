"""Now: the active session, its cost, the growth of its context, and the three ways to continue."""

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from store.money import short_usd
from store.records import Agent
from store.task_rows import TaskRow
from tracker.model.advice.options import Option, OptionKind
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.auto_compaction import TriggerSource
from tracker.reports.context import ContextReport, advised
from tracker.words import cost_text, counted, tokens
from tui.clipboard import put_on_clipboard
from tui.edits import DismissNudge
from tui.keys import bindings
from tui.screens.board import Board
from tui.screens.questions import ReadScreen, text_lines
from tui.snapshot import NowPart, Snapshot, Top
from tui.task_words import status_sign
from tui.widgets.bars import legend
from tui.widgets.bill import beside_the_cost, parts_of
from tui.widgets.cache_clock import CacheState, cache_state, clock_words
from tui.widgets.calls import call_columns
from tui.widgets.chips import at_rest, chips
from tui.widgets.columns import plain_table
from tui.widgets.empty import hatched
from tui.widgets.figure import HEIGHT, beside
from tui.widgets.gauge import context_gauge, gauge, share_gauge
from tui.widgets.grid import Piece, fitting, line, spread
from tui.widgets.options import approx_usd, best_words, nudge_lines, option_lines, why_lines
from tui.widgets.pace import burn_words, last_hour
from tui.widgets.picture import Picture, border_room
from tui.widgets.plot import Level, Mark, area, legend_series
from tui.widgets.split_bar import BASELINE, CARRY_OVER, FRESH, split_bar, split_key
from tui.words import cells, in_two, model_name, plain, project_name, session_name

_LEGEND_CELLS = 60
_TURN_CELLS = 10  # beside its name
_ROOMY_BRIEF = 12  # lines: more than its own and a nudge's
_COMMANDS = {
    Agent.CLAUDE_CODE: {OptionKind.COMPACT: "/compact", OptionKind.NEW_SESSION: "/clear"},
    Agent.CLINE: {OptionKind.COMPACT: "/compact", OptionKind.NEW_SESSION: "/newtask"},
}


def curve(report: ContextReport, task: TaskRow | None) -> tuple[list[tuple[float, float, float]], list[Mark]]:
    """Tokens of each call (first prompt, from before the task, the task's own), and marks at resets."""
    is_fork = report.baseline < report.calls[0].context
    begun = task.context_begin or 0 if task is not None and is_fork else 0  # it may have begun in the parent
    samples: list[tuple[float, float, float]] = []
    marks: list[Mark] = []
    epoch = report.calls[0].epoch
    inherited: int | None = None
    for call in report.calls:
        if call.epoch != epoch:
            marks.append(Mark(len(samples), "reset"))
            epoch, inherited = call.epoch, None if inherited is None else 0
        before = call.context
        if call.task_id == (None if task is None else task.id):
            if inherited is None:
                inherited = int(sum(samples[-1])) if samples else begun
            before = min(inherited, call.context)
        baseline = min(report.baseline, call.context)
        carried = max(0, before - baseline)
        samples.append((baseline, carried, call.context - baseline - carried))
    return samples, marks


class NowScreen(Board[NowPart]):
    """One session; more of them as chips above."""

    NAME = "now"
    BINDINGS = bindings("now")

    def panels(self) -> ComposeResult:
        """Task and options; context and cache; calls. Narrow screens show six lines instead."""
        yield Picture(id="chips")
        yield Picture(id="brief", classes="panel")
        with Horizontal(id="now-above"):
            yield Picture(id="now-task", classes="panel")
            yield Picture(id="now-options", classes="panel")
        with Horizontal(id="now-middle"):
            yield Picture(id="now-context", classes="panel")
            with Vertical(id="now-side"):
                yield Picture("Cache", id="now-cache", classes="panel")
                yield Picture("Pace", id="now-pace", classes="panel")
                yield Picture("Plan", id="now-plan", classes="panel")
        yield Picture(id="now-calls", classes="panel")

    def present(self, part: NowPart, snapshot: Snapshot) -> None:
        """Draw the session."""
        strip = self.query_one("#chips", Picture)
        strip.display = len(part.sessions) > 1 or not part.is_running
        last = self.day_and_time(part.session.last_at)
        strip.show(
            lambda width, height: [
                chips(part.sessions, part.session.native_id, width, part.unlisted, part.nudged)
                if part.is_running
                else at_rest(last, part.watched, width)
            ]
        )
        self.query_one("#body").set_class(not part.is_running, "-resting")
        self.query_one("#now-plan").display = bool(snapshot.top.windows)
        self._draw_context(part)
        self._draw_calls(part)
        self._draw_plan(snapshot.top)
        self.tick(self.dashboard.clock())

    def tick(self, now_ms: int) -> None:
        """Redraw the burn rate, the cache clock and what depends on them."""
        part = self.part
        if part is None:
            return
        state = self._cache(part, now_ms)
        self._draw_task(part)
        self._draw_pace(part, now_ms)
        self._draw_options(part)
        self._draw_cache(part, state)
        self._draw_brief(part, state)

    def _cache(self, part: NowPart, now_ms: int) -> CacheState:
        report = part.context
        return cache_state(report.calls[-1].last_at if report else None, report.ttl_ms if report else None, now_ms)

    # -- task -------------------------------------------------------------------------------------------------------

    def _title(self, part: NowPart, room: int) -> list[Content]:
        """The title in a line of `room` cells and the rest in another; in a single line if `room` is 0."""
        if part.task is None:
            return [line((session_name(part.session), "bold $heading"))]
        sign, style = status_sign(part.task)
        first, rest = in_two(plain(part.task.title), room - 2)
        return [line((f"{sign} ", style), (first, "bold $heading")), *([line((rest, "$heading"))] if rest else [])]

    def _draw_task(self, part: NowPart) -> None:
        task, session = part.task, part.session
        model = model_name(part.context.model) if part.context else ""
        words = [project_name(session.project), session.agent, model]
        note = [line((" · ".join(word for word in words if word), "$dim"))]
        if self.is_on_plan and session.agent == Agent.CLAUDE_CODE:
            note.append(line((" · at API prices", "$dim")))
        if task is None:
            cost, parts = cost_text(session), []
            notes = [[line(("this session", "$dim"))], [line(("its task is not known yet", "$dim"))]]
        else:
            cost = cost_text(task)
            parts = parts_of(task)
            notes = beside_the_cost(task)
        first = notes[0]
        if task is not None and len(notes) < HEIGHT:
            notes = [[line(("this task", "$dim"))], *notes]
        elif task is not None:
            notes = [[*first, line((" in this task", "$dim"))], *notes[1:]]

        picture = self.query_one("#now-task", Picture)

        def bill(width: int, height: int) -> list[Content]:
            figure = beside(cost, "bold $taxi", notes, width)
            key = split_key(parts, width)
            if len(figure) + 1 + len(key) > height:
                figure = [line((cost, "bold $taxi"), "  ") + fitting(first, width - cells(cost) - 2)]
            return [*figure, split_bar(parts, width), *key]

        def title(room: int) -> list[Content]:
            width, height = picture.content_size
            return self._title(part, room if len(bill(width, height)) < height else 0)

        def draw(width: int, height: int) -> Sequence[Content]:
            rest = title(border_room(picture))[1:]
            return [*(one.truncate(width, ellipsis=True) for one in rest), *bill(width, height)]

        picture.show(draw, title=lambda room: title(room)[0], note=lambda room: fitting(note, room))

    def _best(self, part: NowPart) -> Option | None:
        """The recommended way to continue, which `c` copies: that of the open nudge if there is one."""
        return advised(part.prospect.options, part.nudge) if part.prospect else None

    def _nudge(self, part: NowPart, best: Option | None) -> tuple[str, str]:
        """The open nudge, and why it recommends another way than the cheapest; empty without one."""
        if part.nudge is None or not part.nudge.text:
            return "", ""
        return part.nudge.text, part.prospect.options.why_not_best(best) if part.prospect and best else ""

    def _draw_options(self, part: NowPart) -> None:
        picture = self.query_one("#now-options", Picture)
        best = self._best(part)
        if part.context is None or part.prospect is None or best is None:
            reason = part.context.why_no_forecast if part.context else "no call on the main thread yet"
            picture.show(hatched("Nothing to forecast", reason), title="From here", note="")
            return
        options = part.prospect.options
        nudge, why = self._nudge(part, best)
        start = "From here" if part.context.idle_ms < DEFAULTS.return_window_ms else "If resumed"

        def draw(width: int, height: int) -> Sequence[Content]:
            if not nudge:
                return option_lines(options, best, width, with_bars=height >= 6)
            lines = option_lines(options, best, width)
            return [*lines, *nudge_lines(nudge, width, height - len(lines), why=why)]

        picture.show(
            draw,
            title=lambda room: fitting(
                [
                    line((start, "bold $heading")),
                    line((f" · ~{counted(options.calls, 'call')}", "$dim")),
                    line((" likely to come", "$dim")),
                ],
                room,
            ),
            note=line(
                ("w", "bold $taxi"),
                (" why", "$dim"),
                *([("  d", "bold $taxi"), (" dismiss", "$dim")] if nudge else []),
            ),
        )

    # -- context, cache, plan ---------------------------------------------------------------------------------------

    def _draw_context(self, part: NowPart) -> None:
        picture = self.query_one("#now-context", Picture)
        report = part.context
        if report is None:
            picture.show(hatched("No context yet", "no call on the main thread"), title="Context", note="")
            return
        samples, marks = curve(report, part.task)
        levels = []
        title: list[Piece | str] = [("Context", "bold $heading"), " · ", (report.size, "bold")]
        ahead = report.prospect
        if ahead is not None:
            if report.context > ahead.level:
                title.append((f" · above the compact level {tokens(round(ahead.level))}", "$warn"))
            trigger = tokens(ahead.trigger)
            if ahead.trigger_source == TriggerSource.ASSUMED:
                trigger = f"~{trigger}"
            levels = [
                Level(ahead.trigger, f"auto-compact {trigger}", "$dim"),
                Level(ahead.level, f"compact level {tokens(round(ahead.level))}"),
            ]
        series = (BASELINE, CARRY_OVER, FRESH)
        shown = legend_series(series, ("first prompt", "earlier work", "this task"), samples)
        picture.show(
            lambda width, height: area(samples, series, width, height, levels=levels, marks=marks),
            title=line(*title),
            note=legend(shown, _LEGEND_CELLS),
        )

    def _draw_cache(self, part: NowPart, state: CacheState) -> None:
        report = part.context
        ttl = report.ttl_ms if report else None
        life = (report and report.lifetime) or "lifetime not known"

        def draw(width: int, _height: int) -> Sequence[Content]:
            lines = [clock_words(state), gauge(state.share, 1.0, width, state.style), line((life, "$dim"))]
            if part.prospect is not None and ttl is not None:
                words = "cold: costs " if state.word == "cold" else "if cold "
                lines.append(line((words, "$dim"), (approx_usd(part.prospect.cold_penalty), "bold")))
            return lines

        self.query_one("#now-cache", Picture).show(draw)

    def _draw_pace(self, part: NowPart, now_ms: int) -> None:
        report, ahead = part.context, part.prospect
        burn = burn_words(part.costs, now_ms)
        rows = [("burn", f"{burn}/h")] if burn else []
        if ahead is not None:
            rows.append(("next call", approx_usd(ahead.next_call)))
            rows.append(("next turn", _turn_words(ahead.next_turn.go_on)))
            rows.append(("grows a call", f"~{tokens(round(ahead.estimate.growth))}"))
            rows.append(("calls to full", f"~{ahead.to_compaction:,}"))
        if report is not None:
            rows += [("peak", tokens(report.peak))] if report.peak > report.context else []
            rows += [("resets", f"{report.resets:,}")] if report.resets else []

        def draw(width: int, height: int) -> Sequence[Content]:
            lines = [spread(line((name, "$dim")), line((figure, "bold")), width) for name, figure in rows]
            return [*lines, *last_hour(part.costs, now_ms, width, height - len(lines))]

        self.query_one("#now-pace", Picture).show(draw)

    def _draw_plan(self, top: Top) -> None:
        self.query_one("#now-plan", Picture).show(
            lambda width, height: [share_gauge(one.name, one.share, width) for one in top.windows]
        )

    # -- six lines --------------------------------------------------------------------------------------------------

    def _draw_brief(self, part: NowPart, state: CacheState) -> None:
        report, best, snapshot = part.context, self._best(part), self.dashboard.snapshot
        nudge, why = self._nudge(part, best)

        def draw(width: int, height: int) -> Sequence[Content]:
            cost = cost_text(part.task) if part.task else cost_text(part.session)
            calls = f"  {counted(part.task.calls, 'call')}" if part.task else ""
            title = self._title(part, width if height >= _ROOMY_BRIEF else 0)
            lines = [*(one.truncate(width, ellipsis=True) for one in title)]
            lines.append(line((cost, "bold $taxi"), (calls, "$dim")))
            prospect = part.prospect
            if report is not None:
                lines.append(
                    context_gauge(report.context, prospect.trigger, round(prospect.level), width)
                    if prospect
                    else line(("context ", "$dim"), (report.size, "bold"))
                )
            words = [line(("cache ", "$dim")) + clock_words(state)]
            if prospect is not None:
                words.append(line(("  if cold ", "$dim"), approx_usd(prospect.cold_penalty)))
            lines.append(fitting(words, width))
            if best is not None:
                lines.append(line(("▸ ", "bold $taxi"), best_words(best)).truncate(width, ellipsis=True))
            plan = snapshot.top.windows[:1] if snapshot is not None else ()
            if nudge:
                lines += nudge_lines(nudge, width, height - len(lines) - len(plan), why=why)
            return [*lines, *(share_gauge(one.name, one.share, width) for one in plan)]

        brief = self.query_one("#brief", Picture)
        brief.set_class(bool(nudge), "-nudged")
        brief.show(draw)

    # -- calls ------------------------------------------------------------------------------------------------------

    def _draw_calls(self, part: NowPart) -> None:
        columns = call_columns(part.session.project)
        self.query_one("#now-calls", Picture).show(
            lambda width, height: plain_table(columns, part.calls, width, height),
            title=line(("Calls", "bold $heading"), (" · latest first", "$dim")),
        )

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_session(self, step: int) -> None:
        """Show the next or previous session."""
        if self.part is None:
            return
        names = [one.native_id for one in self.part.sessions]
        requested = self.dashboard.request.session
        at = names.index(requested if requested in names else self.part.session.native_id) + step
        if 0 <= at < len(names):
            self.dashboard.request_view(session=names[at])

    def action_show_session(self, session: int) -> None:
        """Show the session with this ledger id."""
        for one in self.part.sessions if self.part else ():
            if one.id == session:
                self.dashboard.request_view(session=one.native_id)

    def action_dismiss_nudge(self) -> None:
        """Dismiss the open nudge."""
        if self.part is not None and self.part.nudge is not None:
            self.dashboard.edit(DismissNudge(self.part.nudge.id))

    def action_why(self) -> None:
        """Show what the forecast is based on."""
        if self.part is not None and self.part.context is not None:
            report, nudge = self.part.context, self.part.nudge
            self.dashboard.push_screen(ReadScreen("Why", lambda width: why_lines(report, nudge, width)))

    def action_handover(self) -> None:
        """Write a brief for the next session, copy it to the clipboard, and show it."""
        if self.part is not None:
            make = partial(self.dashboard.feed.brief, self.part.session.id)
            self.dashboard.work_out("No brief", make, self._show_brief)

    def _show_brief(self, text: str) -> None:
        place = put_on_clipboard(self.dashboard, text)
        self.dashboard.push_screen(ReadScreen(f"Handover · {place}", partial(text_lines, text)))

    def action_open_task(self) -> None:
        """Open the current task."""
        if self.part is not None and self.part.task is not None:
            self.dashboard.open_task(self.part.task.id)

    def action_copy(self) -> None:
        """Copy the agent's command for the recommended way to the clipboard."""
        part = self.part
        best = self._best(part) if part else None
        command = _COMMANDS.get(part.session.agent, {}).get(best.kind) if part and best else None
        if command is not None:
            words = f"{command}: {put_on_clipboard(self.dashboard, command)}."
        elif best is None:
            words = "No forecast yet: there is no command to copy."
        elif best.kind == OptionKind.CONTINUE:
            words = "Going on is best: there is no command to copy."
        else:
            words = "The agent has no command for it: nothing was copied."
        self.notify(words)


def _turn_words(ahead: Option) -> str:
    """The range of a turn's cost, `$0.25–0.66`; its expected cost if that is too long."""
    ends = f"{short_usd(ahead.low_nano)}–{short_usd(ahead.high_nano).removeprefix('$')}"
    return ends if cells(ends) <= _TURN_CELLS else approx_usd(ahead.cost_nano)
