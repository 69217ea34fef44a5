"""The key registry: screens bind from it; footer, help, command palette and docs read the same rows."""

from typing import NamedTuple

from textual.binding import Binding, BindingType
from textual.keys import format_key


class Key(NamedTuple):
    """A key (Textual's names, commas between alternatives), its action, and its descriptions."""

    keys: str
    action: str
    words: str  # for the footer
    sentence: str  # for the help, the palette and the docs
    footer: bool = False
    pair: str = ""  # name of this key and the next one together
    second: str = ""  # action of the second key of a pair

    @property
    def shown(self) -> str:
        """The key as it is printed on a keyboard."""
        return " ".join(key if key == "enter" else format_key(key) for key in self.keys.split(","))


SCREENS = {"now": "Now", "tasks": "Tasks", "spend": "Spend", "cache": "Cache", "plans": "Plans", "nudges": "Nudges"}

_MONTHS = (
    Key("left_square_bracket", "month(-1)", "previous month", "Show the previous month.", footer=True, pair="month"),
    Key("right_square_bracket", "month(1)", "next month", "Show the next month."),
)
_TABLE = (
    Key("slash", "filter", "filter", "Show only rows that contain the words typed.", footer=True),
    Key("s", "sort", "sort", "Sort by the next column.", footer=True),
    Key("S", "reverse", "reverse", "Reverse the order of the rows."),
)
_EDITS = (
    Key("r", "rename", "rename", "Give the task another title.", footer=True),
    Key("m", "merge", "merge", "Merge the task into another."),
    Key("b", "join", "join", "Join the task to the one before it in its session."),
    Key("t", "status", "status", "Set how the task ended."),
    Key("e", "exclude", "exclude", "Exclude the task from the averages, or include it again."),
    Key("u", "undo", "undo", "Undo the last change to tasks."),
)

# Where keys work ("any": on every screen) -> the keys, in the order of help and footer.
KEYS: dict[str, tuple[Key, ...]] = {
    "any": (
        *(
            Key(str(number), f"app.go('{name}')", title.lower(), f"Go to {title}.")
            for number, (name, title) in enumerate(SCREENS.items(), 1)
        ),
        Key("space", "app.pause", "pause", "Pause or resume updates."),
        Key("question_mark", "app.help", "help", "Show the keys of this screen, and what its words mean."),
        Key("ctrl+p", "app.command_palette", "commands", "Find a command by its name."),
        Key("comma", "app.settings", "settings", "Change plan, budgets, theme, privacy and other settings."),
        Key("ctrl+t", "app.next_theme", "theme", "Switch to the next theme: dark, light, colour-blind."),
        Key("ctrl+r", "app.rescan", "refresh", "Read new records now."),
        Key("escape", "screen.back", "back", "Go back, or close what is on top."),
        Key("ctrl+z", "app.suspend", "suspend", "Suspend the dashboard; the shell's fg resumes it."),
        Key("q", "app.quit", "quit", "Leave the dashboard."),
    ),
    "now": (
        Key("w", "why", "why", "Show how the three ways to go on are priced.", footer=True),
        Key("h", "handover", "handover", "Write a brief for the next session, and copy it.", footer=True),
        Key("c", "copy", "copy", "Copy the best way to go on as a command.", footer=True),
        Key("d", "dismiss_nudge", "dismiss", "Dismiss the nudge until the context has grown by half."),
        Key("left", "session(-1)", "previous session", "Show the session to the left.", pair="session"),
        Key("right", "session(1)", "next session", "Show the session to the right."),
        Key("enter", "open_task", "open task", "Open this session's task.", footer=True),
    ),
    "tasks": (
        Key("enter", "open", "open", "Open the task.", footer=True),
        *_TABLE,
        *_MONTHS,
        Key("p", "runs", "runs", "Show or hide program runs (claude -p, SDK)."),
        *_EDITS,
    ),
    "task": (
        Key("escape", "back", "back", "Go back to where the task was opened.", footer=True),
        Key("w", "hindsight", "cheaper", "Show what compacting at other moments would have saved.", footer=True),
        Key("c", "carried", "carried", "Show what was in the context, and what carrying it cost.", footer=True),
        Key("enter", "facts", "evidence", "Show all evidence: commits, files, edits by hand."),
        Key("x", "split", "split here", "Start a new task at the turn under the cursor.", footer=True),
        Key("v", "move", "move turn", "Move the turn under the cursor to another task.", footer=True),
        *_EDITS,
    ),
    "spend": (
        Key("left", "day(-1)", "previous day", "Select the previous day.", footer=True, pair="day"),
        Key("right", "day(1)", "next day", "Select the next day."),
        *_MONTHS,
        Key("b", "listed", "branches", "List projects, branches or types of subagent.", footer=True),
        Key("c", "carried", "carried", "Show what the month's contexts held, and what carrying it cost.", footer=True),
    ),
    "cache": (
        Key("enter", "open", "calls", "Show the calls that missed for this cause.", footer=True),
        *_TABLE,
        *_MONTHS,
    ),
    "plans": (Key("enter", "open", "why", "Show the assumptions of the comparison.", footer=True), *_TABLE[1:]),
    "nudges": (
        Key("enter", "open", "why", "Show the figures behind the nudge.", footer=True),
        Key("d", "switch", "on/off", "Turn kinds of nudge on or off.", footer=True),
        *_TABLE,
    ),
}

FOOTER_KEYS = 6
_ALWAYS = ("space", "question_mark")


def bindings(area: str) -> list[BindingType]:
    """The keys of an area as Textual binds them."""
    return [Binding(key.keys, key.action, key.sentence, show=False) for key in KEYS[area]]


def footer(area: str) -> list[Key]:
    """At most six keys: those of the area marked for the footer (pairs as one), then pause and help."""
    always = [key for key in KEYS["any"] if key.keys in _ALWAYS]
    rows = KEYS.get(area, ())
    own = [
        key._replace(keys=f"{key.keys},{rows[index + 1].keys}", words=key.pair, second=rows[index + 1].action)
        if key.pair
        else key
        for index, key in enumerate(rows)
        if key.footer
    ]
    return own[: FOOTER_KEYS - len(always)] + always
