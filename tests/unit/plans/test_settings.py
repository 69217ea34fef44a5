"""settings.toml: typed, strict about keys, and edited without touching a foreign line."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.folder_lock import folder_lock
from tracker.advisor.preferences import switch_kind
from tracker.settings import (
    Settings,
    SettingsError,
    load_settings,
    nano,
    set_value,
    settings_path,
    usable_prompt_chars,
    usable_settings,
)
from tracker.toml_edit import with_value


@pytest.fixture
def file(isolated_home: Path) -> Path:
    isolated_home.mkdir()
    return isolated_home / "settings.toml"


def test_no_file_is_all_defaults(file: Path) -> None:
    assert load_settings() == Settings()


def test_everything_is_read(file: Path) -> None:
    file.write_text(
        '[plan]\nid = "max"\nseats = 2\nannual = true\ntax = 0.19\ntolerance = 0.1\nextra_usage = false\n'
        "[capacity.pro]\nlow = 30\nmid = 50.5\n[budget]\nmonth = 200\nalerts = [0.5, 1]\n"
        '[budget.projects]\n"my app" = 12.34\n[statusline]\nformat = "{task}"\n[nudges]\nquiet = true\n'
        '[privacy]\nprompt_chars = 0\n[display]\ncurrency = "EUR"\ncurrency_rate = 0.92\n'
    )
    found = load_settings()
    assert (found.plan.id, found.plan.seats, found.plan.tax, found.plan.extra_usage) == ("max", 2, 0.19, False)
    assert found.capacity["pro"].mid == 50.5
    assert nano(found.budget.projects["my app"]) == 12_340_000_000
    assert found.display.currency_rate == 0.92


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plan]\ntolerence = 1\n", r"unknown setting 'tolerence' in \[plan\].*tolerance"),
        ("[capacity.pro]\nlo = 1\n", r"unknown setting 'lo' in \[capacity\]"),
        ("colour = 1\n", "unknown setting 'colour' in the file"),
        ("[plan]\ntax = 2\n", "plan.tax: expected a number <= 1"),
        ('[plan]\nseats = "x"\n', "plan.seats: expected a whole number"),
        ("[budget]\nmonth = inf\n", "budget.month"),
        ("[budget]\nmonth = nan\n", "budget.month"),
        ("plan = 3\n", "plan: expected a section"),
        ("[plan\n", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings()
    assert "\n" not in str(caught.value).removeprefix(str(file)) or "TOML" in str(caught.value)


def test_what_can_be_used_of_the_settings_is_used_and_the_rest_is_told(file: Path) -> None:
    file.write_text(
        'colour = 1\n[plan]\nid = "max"\ntax = "none"\n[capacity.pro]\nmid = 5\n[capacity.max]\nmid = "many"\n'
        "[budget]\nday = 3\nyear = 100\n[nudges]\nquiet = true\n[privacy]\nprompt_chars = 7\n"
    )
    found, trouble = usable_settings()
    assert (found.plan.id, found.plan.tax, found.budget.day, found.nudges.quiet) == ("max", 0.0, 3, True)
    assert (list(found.capacity), found.privacy.prompt_chars) == (["pro"], 7)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert trouble == str(caught.value)


@pytest.mark.parametrize("text", ["", "[plan]\nseats = 2\n[budget.projects]\nmine = 3\n[capacity.pro]\nmid = 5\n"])
def test_settings_without_a_fault_are_usable_as_they_are(text: str, file: Path) -> None:
    file.write_text(text)
    assert usable_settings() == (load_settings(), "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[privacy]\nprompt_char = 9\n", "privacy"),
        ("[privacy]\nprompt_chars = -1\n", "privacy"),
        ("privacy = 3\n", "privacy"),
        ("[Privacy]\nprompt_chars = 0\n", "Privacy"),
        ("prompt_chars = 0\n", "prompt_chars"),
        ("[tasks]\nprompt_chars = 0\n", "prompt_chars"),
    ],
)
def test_no_words_of_prompts_are_kept_while_it_is_not_understood_how_many(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    found, trouble = usable_settings()
    assert found.privacy.prompt_chars == 0
    assert said in trouble


@pytest.mark.parametrize("wrong", ['currency_rate = "0,92"', "rate = 0.92"])
def test_another_currency_is_not_used_without_its_rate(wrong: str, file: Path) -> None:
    file.write_text(f'[display]\ncurrency = "EUR"\n{wrong}\ntheme = "light"\n')
    found, trouble = usable_settings()
    assert (found.display.currency, found.display.theme) == ("USD", "light")
    assert "display" in trouble


@pytest.mark.parametrize("section", ["plan = 3", "capacity = 3", "capacity.pro = 3", "budget.projects = [1]"])
def test_a_section_that_is_none_leaves_its_defaults(section: str, file: Path) -> None:
    file.write_text(section)
    found, trouble = usable_settings()
    assert found == Settings()
    assert trouble


def test_settings_that_hold_no_toml_are_not_usable(file: Path) -> None:
    file.write_text("[plan\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        usable_settings()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", None),
        ("[plan]\nseats = 2\n", None),
        ("[privacy]\nprompt_chars = 7\n", 7),
        ("[privacy]\nprompt_char = 7\n", 0),
        ("[plan\n", None),
        ("[plan\n[privacy]\nprompt_chars = 7\n", 0),
        ("[privacy\n", 0),
        ("month = \nprompt_chars = 7\n", 0),
    ],
)
def test_no_words_of_prompts_are_kept_where_it_cannot_be_understood_how_many(
    text: str, kept: int | None, file: Path
) -> None:
    file.write_text(text)
    assert usable_prompt_chars() == kept


def test_no_words_of_prompts_are_kept_where_the_settings_cannot_be_read(file: Path) -> None:
    assert usable_prompt_chars() is None
    file.write_bytes(b"\xff")
    assert usable_prompt_chars() == 0
    file.unlink()
    file.mkdir()
    assert usable_prompt_chars() == 0


@pytest.mark.parametrize("text", ["budget.day = 5\n", "budget = { day = 5 }\n"])
def test_a_form_that_cannot_be_edited_line_by_line_is_left_to_the_user(text: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"\[budget\] is written with dotted keys or in braces: change day there"):
        set_value("budget", "day", 7)
    assert file.read_text() == text


def test_settings_that_are_a_link_stay_one(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# mine\n")
    file.symlink_to(kept)
    set_value("plan", "seats", 3)
    assert file.is_symlink()
    assert kept.read_text() == "# mine\n\n[plan]\nseats = 3\n"


def test_where_there_is_no_room_the_file_is_named_and_stays_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("[plan]\nseats = 2\n")

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(OSError, match="No space left") as caught:
        set_value("plan", "seats", 3)
    assert caught.value.filename == str(file)
    assert file.read_text() == "[plan]\nseats = 2\n"
    assert list(file.parent.iterdir()) == [file]


def test_setting_a_value_keeps_every_other_line(file: Path) -> None:
    file.write_text(
        '# mine\n[plan]\nid = "pro"  # for now\n\n[budget]  # dollars\nalerts = [\n  0.5,\n  1,\n]\nday = 3\n'
    )
    set_value("budget", "alerts", [0.7])
    set_value("plan", "seats", 3)
    set_value("budget.projects", "my app", 5)
    assert file.read_text() == (
        '# mine\n[plan]\nid = "pro"  # for now\nseats = 3\n\n[budget]  # dollars\nalerts = [0.7]\nday = 3\n'
        '\n[budget.projects]\n"my app" = 5\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[plan]\nseats = 3\n"),
        ("[budget]\nday = 3", "[budget]\nday = 3\n\n[plan]\nseats = 3\n"),
        ("[plan]\n\n\n[budget]\n", "[plan]\nseats = 3\n\n\n[budget]\n"),
        ("[plan]\n# seats = 1\n\n# why\n", "[plan]\n# seats = 1\n\n# why\nseats = 3\n"),
        ('[plan]\nid = """\npro"""\nseats = 1 # one\n', '[plan]\nid = """\npro"""\nseats = 3\n'),
        ("[ 'plan' ]\n\"seats\" = 1\n[budget]\n", "[ 'plan' ]\nseats = 3\n[budget]\n"),
    ],
)
def test_a_value_goes_where_its_section_is(before: str, after: str, file: Path) -> None:
    file.write_text(before)
    set_value("plan", "seats", 3)
    assert file.read_text() == after


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (False, "false")])
def test_yes_and_no_are_written_as_toml_has_them(value: bool, written: str, file: Path) -> None:
    set_value("plan", "annual", value)
    assert file.read_text() == f"[plan]\nannual = {written}\n"


def test_removing_a_value(file: Path) -> None:
    set_value("plan", "id", "max")
    assert load_settings().plan.id == "max"
    set_value("plan", "id", None)
    assert load_settings().plan.id is None
    assert set_value("budget", "day", None) == set_value("plan", "id", None) == Settings()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[plan]\nid = 1\n", ""),
        ("# mine\n\n[plan]\nid = 1\n\n[budget]\nday = 3\n", "# mine\n\n[budget]\nday = 3\n"),
        ("[budget]\nday = 3\n\n[plan]\nid = 1\n", "[budget]\nday = 3\n"),
        ("[plan]\nid = 1\n# why\n", "[plan]\n# why\n"),
        ("[plan]  # ours\nid = 1\n", "[plan]  # ours\n"),
        ("[plan]\nid = 1\nseats = 2\n", "[plan]\nseats = 2\n"),
        ("[plan]\n", "[plan]\n"),
    ],
)
def test_a_section_goes_with_its_last_value_unless_comments_are_left(before: str, after: str) -> None:
    assert with_value(before, "plan", "id", None) == after


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda: set_value("plan", "seats", 3), '[nudges]\nkinds = ["compact"]\n\n[plan]\nseats = 3\n'),
        (
            lambda: switch_kind(load_settings, "new_session", speaks=True),
            '[nudges]\nkinds = ["compact", "new_session"]\n',
        ),
    ],
)
def test_a_change_waits_for_that_of_another_process_and_keeps_it(
    change: Callable[[], object], after: str, file: Path
) -> None:
    thread = threading.Thread(target=change)
    with folder_lock(file.parent, is_shared=False):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        file.write_text('[nudges]\nkinds = ["compact"]\n')
    thread.join()
    assert file.read_text() == after


def test_a_value_that_would_not_be_valid_leaves_the_file_as_it_was(file: Path) -> None:
    file.write_text("[plan]\nseats = 2\n")
    with pytest.raises(SettingsError):
        set_value("plan", "seats", "many")
    with pytest.raises(SettingsError):
        set_value("plan", "colour", 1)
    assert file.read_text() == "[plan]\nseats = 2\n"


def test_the_file_is_private(file: Path) -> None:
    set_value("plan", "seats", 2)
    assert file.stat().st_mode & 0o077 == 0


@settings(max_examples=40)
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), amount=st.integers(0, 10**6))
def test_any_project_text_survives_being_written(key: str, amount: int) -> None:
    settings_path().unlink(missing_ok=True)
    assert set_value("budget.projects", key, amount).budget.projects == {key: float(amount)}
    assert set_value("budget.projects", key, amount + 1).budget.projects == {key: float(amount + 1)}
