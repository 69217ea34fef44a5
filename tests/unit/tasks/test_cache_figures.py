"""Cache ratios and static floors as the ledger works them out (MODEL sections 4 and 10, check 1)."""

from pathlib import Path

import pytest

from store.money import NANO_PER_USD, short_usd
from store.tasks import floors
from tests.unit.ledger.plain import answer, encoded, prompt, usage
from tests.unit.ledger.reading import ledger_of, take_in, write_tree
from tracker.cli.cache import show
from tracker.rebuild import rebuild
from tracker.reports.cache import cache_report, hit, savings, survival
from tui.screens.cache import total_lines

OPUS_5 = "claude-opus-5"  # $5, $25, $6.25 a five-minute write, $0.50 a read


def transcript(name: str, *prompts: tuple[int, int, int, int]) -> dict[str, bytes]:
    """A session of calls with these tokens: input, read, written for five minutes, output."""
    lines = [
        answer(
            number,
            name,
            message={
                "id": f"msg_{name}_{number}",
                "model": OPUS_5,
                "usage": usage(
                    input_tokens=fresh,
                    cache_read_input_tokens=read,
                    cache_creation_input_tokens=written,
                    cache_creation={"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
                    output_tokens=output,
                ),
            },
            requestId=f"req_{name}_{number}",
        )
        for number, (fresh, read, written, output) in enumerate(prompts, start=1)
    ]
    return {f"-home-dev-app/{name}.jsonl": encoded(prompt(session=name), *lines)}


def test_check_1_ratios_of_five_calls(tmp_path: Path) -> None:
    calls = [(3, 0, 22_000, 400), (3, 22_000, 9_000, 600), (3, 31_000, 4_000, 900), (3, 14_000, 22_500, 500)]
    root = write_tree(tmp_path / "claude", transcript("s1", *calls, (3, 36_500, 1_500, 300)))
    with ledger_of(tmp_path, root) as db:
        rebuild(db)
        report = cache_report(db)
    assert hit(report.total) == pytest.approx(0.637, abs=5e-4)
    assert survival(report.total) == pytest.approx(0.831, abs=5e-4)
    assert report.rewrite == pytest.approx(1.55, abs=5e-3)
    assert report.total.uncached / NANO_PER_USD == pytest.approx(0.8801, abs=5e-5)
    assert savings(report.total) == report.total.uncached - 488_075_000


@pytest.mark.parametrize(
    ("reads", "floor"),
    [
        ((14_000, 14_000, 0, 31_000), 14_000),  # the commonest read of cold calls
        ((14_000, 15_000), None),  # seen once is chance
        ((0, 0), None),  # no first block survives there
    ],
)
def test_a_static_floor_is_what_cold_calls_read(reads: tuple[int, ...], floor: int | None, tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for number, read in enumerate(reads):
        files |= transcript(f"s{number}", (3, read, 5_000, 10))
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        rebuild(db)
        assert floors(db) == ({} if floor is None else {(OPUS_5, "2.1.329"): floor})


def test_a_sum_that_lacks_something_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wasteful = [(3, 0, 22_000, 400), (3, 0, 22_500, 600)]
    files = transcript("s1", *wasteful)
    unpriced = transcript("s2", *wasteful, (3, 0, 23_000, 10))["-home-dev-app/s2.jsonl"].replace(
        OPUS_5.encode(), b"nobodys-model-7"
    )
    files["-home-dev-app/s2.jsonl"] = unpriced
    cut = answer(9, "s3", message={"model": OPUS_5, "stop_reason": None, "usage": usage(output_tokens=1)})
    files["-home-dev-app/s3.jsonl"] = encoded(prompt(session="s3"), cut)
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        rebuild(db)
        report = cache_report(db)
    assert (report.total.unpriced, report.total.unpriced_misses, report.total.floor) == (3, 2, 1)
    show(report)
    said = capsys.readouterr().out
    assert f"{short_usd(report.total.waste)}+?, " in said
    assert f" of ≥{short_usd(report.total.billed)}+?\n" in said
    assert "≥ a floor: the output of 1 call is not fully recorded." in said
    assert "?: 3 calls without a price" in said
    assert [one.plain.split()[-1] for one in total_lines(report, 40, 8)][:2] == [
        f"{short_usd(abs(savings(report.total)))}+?",
        f"{short_usd(report.total.waste)}+?",
    ]


def test_a_floor_that_becomes_known_renames_a_miss_after_a_pause(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = []
    for number, (minute, read, written) in enumerate(((0, 14_000, 80_000), (1, 94_000, 9_000), (21, 14_000, 90_000))):
        tokens = usage(
            cache_read_input_tokens=read,
            cache_creation_input_tokens=written,
            cache_creation={"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": written},
        )
        lines.append(prompt(f"step {number}", session="s1", second=60 * minute))
        lines.append(answer(60 * minute + 5, "s1", message={"model": OPUS_5, "usage": tokens}))
    root = write_tree(tmp_path / "claude", {"-home-dev-app/s1.jsonl": encoded(*lines)})
    with ledger_of(tmp_path, root) as db:
        rebuild(db)
        assert [cause.cause for cause in cache_report(db).causes] == ["lost_after_pause"]
        write_tree(root, transcript("s2", (3, 14_000, 5_000, 10)))
        take_in(db, root)
        rebuild(db)
        assert [cause.cause for cause in cache_report(db).causes] == ["system_or_tools_changed"]
