"""What a session is paid by decides what its advice weighs."""

import json
from pathlib import Path

import pytest

from tests.unit.advisor.conftest import Desk, only
from tests.unit.advisor.transcripts import STATIC_TOKENS
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import Rows, TaskFolder
from tracker.model.defaults import TTL_1H_MS


@pytest.mark.parametrize(("kind", "heard"), [("compact", False), ("cold_resume", True), ("miss_storm", True)])
def test_a_plans_user_hears_of_waste_only_and_of_plan_usage(desk: Desk, kind: str, heard: bool) -> None:
    only(desk, kind)
    one = desk.transcript(on_plan=True, one_hour=True)
    one.prompt("Hello").call(150_000)
    for number in range(4):
        one.prompt("next").call(151_000 + 1_000 * number, read=STATIC_TOKENS)
    desk.advise(one.now)
    text = desk.files.show(one.session, "Stop", one.now) or desk.files.show(
        one.session, "SessionStart", one.now + TTL_1H_MS + 10_000
    )
    assert (text is not None) is heard
    assert text is None or ("saves plan usage" in text and "$" not in text)
    assert desk.advice(one)["api_equivalent"] is True
    assert desk.advice(one)["compact_at_tokens"] is None


def test_the_settings_say_how_the_user_pays(desk: Desk) -> None:
    desk.settings.write_text('[plan]\nid = "api"\n')
    one = desk.transcript(on_plan=True, one_hour=True)
    one.prompt("Hello").tool_turns([*range(60_000, 140_001, 1_000)])
    assert "$" in desk.advise(one.now)[0].text
    assert desk.advice(one)["api_equivalent"] is False


def test_claude_codes_plan_does_not_pay_for_another_agent(desk: Desk, tmp_path: Path) -> None:
    desk.settings.write_text('[plan]\nid = "max"\n')
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    written = [rows.say("task", "Hello")]
    for context in range(60_000, 140_001, 500):
        written += [rows.request(4, 40, 1_000, context), rows.say("tool", json.dumps({"tool": "readFile"}))]
    task.write([*written, rows.say("completion_result", "Done")])
    take_in_cline(desk.db, task.root)
    assert "$" in desk.advise(rows.at)[0].text
