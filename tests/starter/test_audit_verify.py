"""``jiegai audit verify --file`` and the passphrase: on this computer alone, with no service (4-37)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from domain.audit import RunKey, SampleRule
from domain.draw_record import record_of, write_deposit, write_record
from domain.sampling import Member, Prepared
from starter import audit_passphrase
from starter.audit_passphrase import new_passphrase, reading_seal
from starter.errors import UserError
from starter.main import run
from starter.table import display_width

AT = datetime(2026, 9, 30, 2, tzinfo=UTC)
DRAW = Prepared(
    key=RunKey(rollout="乌海2019", plan="季度抽查", window="2026年第4季度"),
    days=(date(2026, 10, 9),),
    population=tuple(Member(unit=f"{n}街道", type="街道", district="甲区") for n in range(9)),
    rule=SampleRule(count=3),
    salt="ab" * 32,
)


@pytest.fixture(autouse=True)
def no_service(monkeypatch, tmp_path):
    """Nothing runs, and nothing could be reached."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


@pytest.fixture
def files(tmp_path):
    """A true record and its deposit."""
    record, deposit = tmp_path / "记录.json", tmp_path / "存证.json"
    record.write_text(write_record(record_of(DRAW, AT, DRAW.fire_at)), "utf-8")
    deposit.write_text(write_deposit(DRAW.deposit(AT)), "utf-8")
    return record, deposit


@pytest.mark.parametrize("columns", [80, 120])
def test_a_record_is_proved_on_paper(files, capsys, monkeypatch, columns):
    """Each check, its value, and how to do it without this software; within the terminal."""
    monkeypatch.setenv("COLUMNS", str(columns))
    record, deposit = files

    assert run(["audit", "verify", "--file", str(record), "--deposit", str(deposit)]) == 0

    out = capsys.readouterr().out
    checks = ("抽取范围", "抽取规则", "承诺值", "抽取时刻", "样本", "存证")
    assert [f"相符  {name}" for name in checks] == [
        line.partition("：")[0] for line in out.splitlines()[:20] if line.startswith("相符")
    ]
    assert "核验通过" in out
    assert "sha256sum" in out
    assert max(display_width(line) for line in out.splitlines()) <= columns


def test_without_the_deposit_it_says_what_that_leaves_open(files, capsys):
    """A record that was made anew as a whole is only seen by what was kept."""
    assert run(["audit", "verify", "--file", str(files[0])]) == 0
    assert "未与抽取前保管的存证对照" in capsys.readouterr().out

    assert run(["audit", "verify", "--file", str(files[0]), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["holds"] is True
    assert [True] * 5 == [check["holds"] for check in shown["checks"]]


def test_a_forged_record_is_not_proved(files, capsys):
    """The check that fails is named, in one line, with exit code 3."""
    record, deposit = files
    forged = json.loads(record.read_text("utf-8"))
    forged["sample"] = forged["sample"][::-1]
    record.write_text(json.dumps(forged), "utf-8")

    assert run(["audit", "verify", "--file", str(record), "--deposit", str(deposit)]) == 3

    said = capsys.readouterr()
    assert "错误[DRAW_NOT_PROVEN] 核验不通过：样本与记录不符" in said.err
    assert "不符  样本" in said.out
    assert "核验通过" not in said.out


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "DRAW_RECORD_INVALID"),
        (b"\xff\xfe", "FILE_UNREADABLE"),
        (b"{}", "DRAW_RECORD_INVALID"),
        (b" " * 8_000_001, "FILE_UNREADABLE"),
        (None, "FILE_UNREADABLE"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(tmp_path, capsys, content, code):
    """Empty, binary, another JSON, far too big, not there."""
    file = tmp_path / "别的.json"
    if content is not None:
        file.write_bytes(content)

    assert run(["audit", "verify", "--file", str(file)]) == 2

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"错误[{code}] ")


def test_a_deposit_that_is_none_is_refused(files, capsys):
    """The record itself is no deposit of its own."""
    record, _ = files
    record.with_name("空.json").write_text("{}", "utf-8")
    empty = str(record.with_name("空.json"))

    assert run(["audit", "verify", "--file", str(record), "--deposit", empty]) == 2
    assert "错误[DRAW_DEPOSIT_INVALID]" in capsys.readouterr().err


def test_a_passphrase_is_typed_twice_and_long(monkeypatch):
    """Typed differently, or short, it is refused before anything is sent."""
    typed = iter(
        ["抽样口令抽样口令抽样口令", "抽样口令抽样口令抽样口今", "短", "短", *["抽" * 12] * 2]
    )
    monkeypatch.setattr(audit_passphrase, "_typed", lambda _: next(typed))

    for _ in range(2):
        with pytest.raises(UserError) as refused:
            new_passphrase()
        assert refused.value.code == "PASSPHRASE"
    assert new_passphrase() == "抽" * 12


def test_one_passphrase_makes_another_key_for_each_arrangement():
    """So that reading one arrangement's samples says nothing about another's; forms of writing agree."""
    keys = {
        reading_seal(rollout, plan, passphrase).address()
        for rollout, plan, passphrase in (
            ("甲", "乙", "é" * 12),
            ("甲", "丙", "é" * 12),
            ("甲", "乙", "e" * 12),
            ("甲", "乙", " " + "e\u0301" * 12),
        )
    }

    assert len(keys) == 3
