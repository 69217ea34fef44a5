"""The status line's format: the user's template, and how segments are filled in.

`<home>/settings.toml`, `[statusline] format = "{task} · {context}"`. The TOML parser costs more than the rest of the
status line, so its result is cached beside the settings until they change.
"""

import os

from hooks.places import SETTINGS_FILE
from hooks.spool import open_private
from hooks.status_segments import SEGMENTS

DEFAULT_FORMAT = "{task} · {today} · {context} · {cache} · {limits} · {nudge}"
_KEPT_FILE = "statusline.format"
_LONGEST_FORMAT = 500
_SHORTEST_NUDGE = 12
_DIM = "2"


def status_format(home: str) -> str:
    """The user's template, or the default if there is none or it cannot be read."""
    try:
        facts = os.stat(os.path.join(home, SETTINGS_FILE))
    except OSError:
        return DEFAULT_FORMAT
    stamp = f"{facts.st_mtime_ns} {facts.st_size} {facts.st_ino}"
    kept_path = os.path.join(home, _KEPT_FILE)
    try:
        with open(kept_path, encoding="utf-8") as handle:
            kept_stamp, _, kept = handle.read(2 * _LONGEST_FORMAT).partition("\n")
        if kept_stamp == stamp:
            return kept
    except (OSError, ValueError):
        pass
    chosen = _read_format(os.path.join(home, SETTINGS_FILE))
    try:
        temporary = f"{kept_path}.new"  # whoever else writes it writes the same; what is left of one the next takes
        with open(temporary, "w", encoding="utf-8", opener=open_private) as handle:
            handle.write(f"{stamp}\n{chosen}")
        os.replace(temporary, kept_path)
    except OSError:
        pass
    return chosen


def _read_format(path: str) -> str:
    import tomllib

    try:
        with open(path, "rb") as handle:
            table = tomllib.load(handle).get("statusline")
    except (OSError, ValueError):
        return DEFAULT_FORMAT
    chosen = table.get("format") if isinstance(table, dict) else None
    if not isinstance(chosen, str) or not 0 < len(chosen) <= _LONGEST_FORMAT or not chosen.isprintable():
        return DEFAULT_FORMAT
    return chosen


def split_format(template: str) -> tuple[list[tuple[str, str]], str]:
    """Pairs of the text before a segment and the segment's name, and the text after the last one."""
    pairs: list[tuple[str, str]] = []
    text = ""
    while "{" in template:
        before, _, template = template.partition("{")
        name, end, after = template.partition("}")
        if end and name in SEGMENTS:
            pairs.append((text + before, name))
            text, template = "", after
        else:
            text += before + "{"
    return pairs, text + template


def fill_format(template: str, shown: dict[str, tuple[str, str]], *, columns: int | None, colour: bool) -> str:
    """The line. A segment without text is dropped together with the text between it and the previous one.

    `columns`: if the line would be longer, the nudge is truncated and figures wrap to another line.
    """
    pieces = _pieces(template, shown)
    over = sum(len(text) for text, _ in pieces) - columns if columns else 0
    if over > 0 and shown["nudge"][0]:
        nudge, style = shown["nudge"]
        kept = len(nudge) - over - 1
        shown = {**shown, "nudge": (nudge[:kept].rstrip() + "…" if kept >= _SHORTEST_NUDGE else "", style)}
        pieces = _pieces(template, shown)
    return "\n".join(
        "".join(f"\x1b[{style}m{text}\x1b[0m" if colour and style and text else text for text, style in line)
        for line in _lines(pieces, columns)
    )


def _lines(pieces: list[tuple[str, str]], columns: int | None) -> list[list[tuple[str, str]]]:
    """The pieces by line: a segment that does not fit begins a new line, which replaces its separator."""
    lines: list[list[tuple[str, str]]] = [[]]
    for before, segment in zip(pieces[::2], pieces[1::2], strict=False):
        if columns and lines[-1] and sum(len(text) for text, _ in (*lines[-1], before, segment)) > columns:
            lines.append([segment])
        else:
            lines[-1] += [before, segment]
    lines[-1] += pieces[-1:]
    return lines


def _pieces(template: str, shown: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Texts and styles, including the text before each segment and after the last; empty if no segment has text."""
    pairs, after = split_format(template)
    pieces: list[tuple[str, str]] = []
    for before, name in pairs:
        if shown[name][0]:
            # What the template begins with stands before whichever segment comes first.
            pieces.append((before, _DIM) if pieces else (pairs[0][0], ""))
            pieces.append(shown[name])
    return [*pieces, (after, "")] if pieces else []
