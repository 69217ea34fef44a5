"""Small panels over a screen: a line to type, a list to choose from, a text to read."""

from collections.abc import Callable, Sequence
from functools import partial
from textwrap import wrap
from typing import ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from tui.words import failure, plain

QUESTION_CELLS = 76  # as in app.tcss
_MIN_CELLS = 8  # lines are laid out for at least this width; narrower terminals cut them

Answer = TypeVar("Answer")
_CLOSING: list[BindingType] = [Binding("escape", "dismiss", "Close without a change.", show=False)]


def framed(panel: Widget, title: str, keys: str) -> Widget:
    """A panel with a title in its border, and the keys that close it."""
    panel.border_title, panel.border_subtitle = Content(plain(title)), Content(keys)
    return panel


def _above(about: str) -> ComposeResult:
    if about:
        yield Static(Content(plain(about)), classes="about")


class Panel(ModalScreen[Answer]):
    """A panel over a screen. It closes only once: the second click of a double click would close the screen below."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close, with an answer."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def renew(self) -> None:
        """Called when the app has a new snapshot."""


class AskScreen(Panel[str | None]):
    """One line of text; enter returns it, escape returns None."""

    BINDINGS: ClassVar = _CLOSING

    def __init__(
        self,
        title: str,
        value: str = "",
        hint: str = "",
        *,
        about: str = "",
        may_be_empty: bool = False,
        trouble_with: Callable[[str], str] = lambda _line: "",
    ) -> None:
        """`about`: text above the input. `trouble_with`: why a line is refused, "" if it is not."""
        super().__init__()
        self._about = about
        self._title, self._value, self._hint, self._may_be_empty = title, value, hint, may_be_empty
        self._trouble_with = trouble_with

    def compose(self) -> ComposeResult:
        """Title and input."""
        with framed(Vertical(classes="over question"), self._title, "enter saves, esc cancels"):
            yield from _above(self._about)
            yield Input(plain(self._value), placeholder=self._hint, select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the line, unless it is invalid."""
        value = event.value.strip()
        trouble = self._trouble_with(value)
        if trouble:
            self.notify(plain(trouble), severity="error", markup=False)
        else:
            self.dismiss(value if value or self._may_be_empty else None)


class ChooseScreen(Panel[str | None]):
    """A list of (answer, words); enter returns the answer, escape returns None."""

    BINDINGS: ClassVar = _CLOSING

    def __init__(self, title: str, options: Sequence[tuple[str, Content | str]], *, about: str = "") -> None:
        """`about`: text above the list."""
        super().__init__()
        self._title, self._options, self._about = title, options, about

    def compose(self) -> ComposeResult:
        """Title and list."""
        with framed(Vertical(classes="over question"), self._title, "enter selects, esc cancels"):
            yield from _above(self._about)
            yield OptionList(
                *(
                    Option(Content(plain(words)) if isinstance(words, str) else words, id=f"answer-{index}")
                    for index, (_, words) in enumerate(self._options)
                )
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the answer."""
        self.dismiss(self._options[event.option_index][0])


class Reading(Static):
    """Lines laid out for the available width."""

    def __init__(self, lines_for: Callable[[int], Sequence[Content]]) -> None:
        super().__init__()
        self._lines_for = lines_for

    def on_resize(self, event: Resize) -> None:
        """Lay the lines out again."""
        self._lay_out(event.size.width)

    def show(self, lines_for: Callable[[int], Sequence[Content]]) -> None:
        """Show other lines."""
        self._lines_for = lines_for
        self._lay_out(self.size.width)

    def _lay_out(self, width: int) -> None:
        self.update(Content("\n").join(self._lines_for(max(_MIN_CELLS, width))))


def text_lines(text: str, width: int) -> list[Content]:
    """Foreign text, wrapped to the width."""
    return [Content(part) for one in text.splitlines() for part in wrap(plain(one), width) or [""]]


class ReadScreen(Panel[None]):
    """Scrollable lines to read."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "dismiss", "Close.", show=False)]

    def __init__(self, title: str, lines_for: Callable[[int], Sequence[Content]]) -> None:
        """`lines_for`: lines no wider than a given width."""
        super().__init__()
        self._title, self._lines_for = title, lines_for

    def compose(self) -> ComposeResult:
        """Title and text."""
        with framed(VerticalScroll(classes="over reading"), self._title, "esc closes"):
            yield Reading(self._lines_for)


class WorkedOutScreen(ReadScreen):
    """Lines that may take seconds to work out: it says so until they are there, and closing it gives them up."""

    def __init__(self, title: str, make: Callable[[Callable[[], bool]], Callable[[int], Sequence[Content]]]) -> None:
        """`make` runs on a thread and returns the lines for a width; it may fail once the function it gets is true."""
        super().__init__(title, partial(text_lines, "This is being worked out …"))
        self._make = make

    def on_mount(self) -> None:
        """Begin."""
        self._work_out()

    @work(thread=True, exit_on_error=False)
    def _work_out(self) -> None:
        worker = get_current_worker()
        try:
            lines_for = self._make(lambda: worker.is_cancelled)
        except Exception as error:  # noqa: BLE001 -- a worker ends in silence
            if not worker.is_cancelled:
                self.app.call_later(self.dismiss)
                self.app.notify(failure("Not worked out", error), severity="warning", markup=False)
        else:
            if not worker.is_cancelled:
                self.app.call_later(self._show, lines_for)

    def _show(self, lines_for: Callable[[int], Sequence[Content]]) -> None:
        for reading in self.query(Reading):  # none if it was closed meanwhile
            reading.show(lines_for)
