"""Our entries go into settings and come out of them, and nobody else's are touched."""

import copy
import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.install.commands import EVENTS, OLD_EVENTS, Program, events_for, is_mixed, our_words, wrapped_command
from hooks.install.settings_edit import (
    ShapeError,
    installed_events,
    mixed_commands,
    plugin_is_enabled,
    status_line_command,
    with_hooks,
    with_status_line,
    without_ours,
)

PROGRAM = Program("/opt/my python/bin/python", "/opt/my apps/taximeter.py", "/home/dev/it's state")
OTHER = Program("/old/python", "/old/taximeter.py", "/old state")

FOREIGN_COMMANDS = [
    "echo taximeter",
    "taximeter-like hook Stop",
    "python -m other hook Stop",
    "'unbalanced",
    "mytaximeter.py hook x",
    "~/backup.sh; taximeter hook Stop",
]
OPERATORS = ("; ", ";", " & ", "&", " | ", " && ", " || ", "\n")
ENTRIES = st.builds(
    lambda command, extra: {"type": "command", "command": command, **extra},
    st.sampled_from(FOREIGN_COMMANDS),
    st.dictionaries(st.sampled_from(["timeout", "async", "once"]), st.integers()),
)
GROUPS = st.builds(
    lambda matcher, entries: {**matcher, "hooks": entries},
    st.sampled_from([{}, {"matcher": "Bash"}]),
    st.lists(ENTRIES, min_size=1, max_size=3),
)
STATUS_LINES = st.builds(
    lambda command, extra: {"type": "command", "command": command, **extra},
    st.text(min_size=1).filter(lambda text: "taximeter" not in text),
    st.dictionaries(st.sampled_from(["padding", "refreshInterval"]), st.integers(1, 9)),
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.text(),
        "permissions": st.dictionaries(st.text(), st.lists(st.text())),
        "hooks": st.dictionaries(
            st.sampled_from([*EVENTS, "Foreign"]), st.lists(GROUPS, min_size=1, max_size=2), min_size=1
        ),
        "statusLine": STATUS_LINES,
    },
)


def installed(settings: dict[str, Any], program: Program = PROGRAM, version: tuple[int, ...] = (9,)) -> dict[str, Any]:
    return with_status_line(with_hooks(settings, program, events_for(version)), program)


@given(SETTINGS)
def test_uninstalling_restores_the_settings_from_before(settings: dict[str, Any]) -> None:
    before = copy.deepcopy(settings)
    made = installed(settings)
    assert settings == before
    assert without_ours(made) == before
    assert tuple(sorted(installed_events(made))) == tuple(sorted(EVENTS))
    assert status_line_command(made) is not None
    assert installed_events(before) == {}


@given(SETTINGS)
def test_installing_is_idempotent_and_replaces_an_old_installation(settings: dict[str, Any]) -> None:
    once = installed(settings)
    assert installed(once) == once
    assert installed(installed(settings, OTHER)) == once
    assert without_ours(installed(installed(settings, OTHER))) == settings


@given(SETTINGS)
def test_every_foreign_entry_is_still_there_in_its_order(settings: dict[str, Any]) -> None:
    made = installed(settings)
    for event, groups in settings.get("hooks", {}).items():
        assert made["hooks"][event][: len(groups)] == groups
    assert {key: value for key, value in made.items() if key not in ("hooks", "statusLine")} == {
        key: value for key, value in settings.items() if key not in ("hooks", "statusLine")
    }


@given(st.text().filter(lambda text: "\x00" not in text and text.strip()))
def test_a_wrapped_command_comes_back_to_the_letter(command: str) -> None:
    assert wrapped_command(PROGRAM.status_line(command, is_refreshed=False)) == command


def test_only_new_clients_get_the_new_names() -> None:
    assert set(events_for(None)) == set(events_for((2, 1, 90))) == set(OLD_EVENTS)
    assert events_for((2, 1, 197)) == events_for((3, 0, 0)) == list(EVENTS)
    assert set(OLD_EVENTS) < set(EVENTS)


def test_an_older_client_takes_the_new_names_out_again() -> None:
    assert set(installed_events(installed(installed({}), version=(2, 0, 76)))) == set(OLD_EVENTS)


def test_only_events_that_speak_and_the_last_are_waited_for() -> None:
    waited_for = {event for event in EVENTS if "async" not in PROGRAM.hook(event)["hooks"][0]}
    assert waited_for == {"SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"}
    assert all(PROGRAM.hook(event)["hooks"][0]["timeout"] <= 5 for event in EVENTS)


def test_the_command_names_absolute_paths_and_no_environment() -> None:
    words = shlex.split(PROGRAM.hook("Stop")["hooks"][0]["command"])
    assert words == [PROGRAM.python, "-I", "-S", PROGRAM.script, "hook", "Stop", "--home", PROGRAM.home, "||", "true"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/x/python -I -S '/y z/taximeter.py' hook Stop || true", ["Stop", "||", "true"]),
        ("taximeter hook Stop", ["Stop"]),
        ("~/.local/bin/taximeter hook Stop", ["Stop"]),
        ("my-taximeter hook Stop", None),
        ("taximeter sync", None),
        ("echo taximeter.py", None),
        ("'taximeter hook", None),
        ("taximeter", None),
        ("/x/taximeter -I -S", None),
        (None, None),
    ],
)
def test_our_command_is_recognised_among_others(command: object, words: list[str] | None) -> None:
    assert our_words(command, "hook") == words


@pytest.mark.parametrize(
    "ours",
    [
        PROGRAM.hook("Stop")["hooks"][0]["command"],
        "taximeter hook Stop",
        "~/bin/taximeter hook Stop",
        "/x/taximeter.py hook Stop || true",
    ],
)
def test_a_line_that_runs_anything_besides_ours_is_the_users(ours: str) -> None:
    assert our_words(ours, "hook") is not None
    assert not is_mixed(ours, "hook")
    beside = [f"~/mine.sh{operator}{ours}" for operator in (*OPERATORS, " ")]
    beside += [f"{ours}{operator}~/mine.sh" for operator in OPERATORS]
    around = [f"({ours})", f"{ours} $(~/mine.sh)", f"{ours} `~/mine.sh`", f"{ours} > ~/log", f"sh -c '{ours}'"]
    assert [line for line in beside + around if our_words(line, "hook") is not None] == []


@pytest.mark.parametrize(
    "line",
    [
        "~/mine.sh & taximeter statusline",
        "taximeter statusline; ~/mine.sh",
        "taximeter statusline || /bin/sh -c ~/mine.sh",
        "taximeter statusline --after a || /bin/sh -c b",
        f"{PROGRAM.status_line(None, is_refreshed=True)}; ~/mine.sh",
        f"{PROGRAM.status_line('a', is_refreshed=True)}; ~/mine.sh",
    ],
)
def test_a_status_line_that_runs_ours_among_other_things_stays_as_it_is(line: str) -> None:
    settings = {"statusLine": {"type": "command", "command": line}}
    assert with_status_line(settings, PROGRAM) == settings
    assert without_ours(settings) == settings
    assert status_line_command(settings) is None
    assert mixed_commands(settings) == [line]


def test_hooks_that_run_ours_among_other_things_are_known() -> None:
    mixed = "~/backup.sh; taximeter hook Stop"
    settings = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": mixed}, {"type": "prompt"}, None]}]}}
    assert mixed_commands(installed(settings)) == [mixed]
    assert mixed_commands(installed({"statusLine": {"type": "command", "command": "my-taximeter statusline"}})) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"hooks": []},
        {"hooks": {"Stop": {}}},
        {"statusLine": "x"},
        {"statusLine": {"type": "static"}},
        {"statusLine": {"type": "command", "command": 5}},
    ],
    ids=json.dumps,
)
def test_shapes_that_the_client_does_not_write_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ShapeError):
        installed(settings)
    assert without_ours(settings) == settings


@pytest.mark.parametrize(
    ("settings", "enabled"),
    [
        ({"enabledPlugins": {"taximeter@taximeter": True}}, True),
        ({"enabledPlugins": {"taximeter@mine": True}}, True),
        ({"enabledPlugins": {"taximeter@taximeter": False}}, False),
        ({"enabledPlugins": {"other@taximeter": True}}, False),
        ({"enabledPlugins": []}, False),
        ({}, False),
    ],
)
def test_an_enabled_plugin_is_seen(settings: dict[str, Any], enabled: bool) -> None:
    assert plugin_is_enabled(settings) is enabled
