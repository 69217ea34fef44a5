"""The first line of every screen: screens with their keys, spend, and whether the figures are live."""

from textual.content import Content

from tracker.words import cost_text, countdown, percent
from tui.keys import SCREENS
from tui.snapshot import Health, Phase, Spent, Top
from tui.widgets.gauge import level_of
from tui.widgets.grid import Piece, clickable, line, spread
from tui.widgets.sheet import Sheet
from tui.words import axis_usd, dollars

STALE_AFTER_MS = 90_000


class TopLine(Sheet):
    """One line; a click on a screen's name goes there."""

    def __init__(self, screen_name: str) -> None:
        super().__init__()
        self._screen_name = screen_name
        self._top: Top | None = None
        self._state = Content("")

    def show(self, top: Top | None, state: Content) -> None:
        """Show these figures; `state` stands at the right end."""
        self._top, self._state = top, state
        self.redraw()

    def draw(self, width: int, height: int) -> list[Content]:
        """As much as fits: the state and the screens first, then money, then the plan."""
        tabs = Content("").join(self._names(width))
        right = line("  ") + self._state + line(" ")
        for figures in self._figures():
            joined = figures + right
            if tabs.cell_length + joined.cell_length + 1 <= width:
                return [spread(tabs, joined, width)]
        return [spread(tabs, right, width)]

    def _names(self, width: int) -> list[Content]:
        made: list[Content] = []
        has_plan = self._top is not None and bool(self._top.plan or self._top.windows)
        if width >= (132 if has_plan else 110):
            made.append(line((" Taximeter  ", "bold $taxi")))
        for number, (name, title) in enumerate(SCREENS.items(), 1):
            active = name == self._screen_name
            if width >= 66 or active:
                text = f" {number} {title} "
            elif width >= 30:
                text = f" {number} "
            else:
                continue
            made.append(clickable(line((text, "bold $taxi on $tab" if active else "$dim")), f"app.go('{name}')"))
        return made

    def _figures(self) -> list[Content]:
        """The figures at several lengths, longest first; the month goes before a plan's limits, which stop work."""
        top = self._top
        if top is None:
            return []
        today: list[Piece | str] = [("today ", "$dim"), *_marked(top.of_today)]
        month: list[Piece | str] = [(f" · {top.today:%b} ", "$dim"), *_marked(top.of_month)]
        other: list[Piece | str] = [(f" ({top.beside})", "$dim")] if top.beside else []
        plan: list[Piece | str] = [(f" · {top.plan.name} ", "$dim")] if top.plan else []
        for window in top.windows:
            style, _ = level_of(window.share)
            plan += [(f" {window.name} ", "$dim"), (percent(window.share), f"bold {style}")]
        alone = [today[0], *_figure(top.of_today)]  # the budget goes before the word, without which it is any day's
        lengths = [today + month + other + plan, today + month + plan]
        lengths += [today + plan] if top.windows else []
        lengths += [today + month, today, alone, alone[1:]]
        return [line(*pieces) for pieces in lengths]


def _marked(spent: Spent) -> list[Piece]:
    """Spend, and its budget if there is one."""
    if spent.budget is None:
        return _figure(spent)
    return [*_figure(spent), (f" of {axis_usd(dollars(spent.budget))}", _budget_style(spent) or "$dim")]


def _figure(spent: Spent) -> list[Piece]:
    """What was spent, in the colour of its budget's level, and in one of its own that there is more without a price."""
    words = cost_text(spent)
    figure = words.removesuffix("+?")
    return [(figure, f"bold {_budget_style(spent)}".rstrip()), (words[len(figure) :], "$warn")]


def _budget_style(spent: Spent) -> str:
    if spent.budget is None:
        return ""
    style, word = level_of(spent.cost / spent.budget if spent.budget else float(spent.cost > 0))
    return style if word else ""


def state_words(health: Health, *, paused_ms: int | None, age_ms: int | None, narrow: bool) -> Content:
    """`● live`, `‖ paused 0:42`, `◌ reading 42%`, `▲ 2:10 old`, `▲ busy`, `✖ error`: a sign and a word each."""
    if health.phase is Phase.FAILED:
        return line(("✖ error", "bold $bad"))
    if paused_ms is not None:
        return line(("‖ paused", "bold $warn"), "" if narrow else (f" {countdown(paused_ms)}", "$warn"))
    if health.phase is Phase.READING and health.done >= 1.0 and not narrow:
        return line(("◌ ", "$taxi"), ("finding tasks", "$dim"))
    if health.phase is Phase.READING:
        return line(("◌ ", "$taxi"), ("" if narrow else "reading ", "$dim"), (percent(health.done), "bold"))
    if health.phase is Phase.BUSY:
        return line(("▲ busy", "bold $warn"))
    if health.phase is Phase.STARTING:
        return line(("◌ starting", "$dim"))
    if age_ms is not None and age_ms > STALE_AFTER_MS:
        return line(("▲ ", "$warn"), (f"{countdown(age_ms)} old", "bold $warn"))
    return line(("●", "$good"), (" live", "$dim"))
