"""``jiegai duty draft / adjust / legality / application``: what is refused before it is sent, screens."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from contracts.duty_flow import ItemVerdict
from domain.duty import DutyItem, Side
from domain.duty_change import Application, ApplicationState, Change, ChangeKind
from domain.duty_sheet import DutySheet
from starter.duty_application import _shown
from starter.duty_file import read_items, write_lists
from starter.duty_flow import _sheet_verdicts
from starter.errors import UserError
from starter.main import run
from tests.duty_flows import culture_item
from tests.duty_lists import NAME, sheet
from tests.starter.test_duty_cli import AS, written

ROOT = Path(__file__).parents[2]

SAID = ("--content", "时限", "--basis", "条例", "--reason", "修订", "--paper", "甲文旅〔2026〕3号")


def items(path: Path, *numbers: int) -> str:
    """A workbook of these items."""
    rows = [["", one.number, *one.seven, ""] for one in map(culture_item, numbers)]
    write_lists(path, (), rows)
    return str(path)


@pytest.mark.parametrize(
    "words, code",
    [
        (("draft", "清单", "--days", "征求意见=几天"), "USAGE"),
        (("draft", "清单", "--due", "明天"), "USAGE"),
        (("adjust", "清单", *SAID), "USAGE"),
        (("adjust", "清单", "--add", "3", "--remove", "2", *SAID), "USAGE"),
        (("adjust", "清单", "--add", "3", *SAID), "USAGE"),
        (("adjust", "清单", "--remove", "3", *SAID[:-2]), "DUTY_APPLICATION_FIELDS"),
        (("legality", "清单"), "USAGE"),
        (("legality", "清单", "--all", "--unlawful", "7"), "USAGE"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, words, code):
    """Exit code 2, no service is asked."""
    assert run(["duty", *words, "--as", "甲"]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ") and said.out == ""


def test_one_application_is_about_one_item(tmp_path, capsys):
    """A workbook with one row of 事项 is read as an import reads it; two are two applications."""
    one, two = items(tmp_path / "一.xlsx", 3), items(tmp_path / "二.xlsx", 3, 4)

    assert read_items(Path(one))[0][0].seven == culture_item(3).seven
    assert run(["duty", "adjust", "清单", "--add", "3", "--file", two, *SAID, "--as", "甲"]) == 2
    assert capsys.readouterr().err.startswith("错误[DUTY_ONE_ITEM] ")


def test_verdicts_come_from_a_sheet(tmp_path):
    """Three columns in any order; a third verdict is none."""
    path = tmp_path / "结论.xlsx"
    book = Workbook()
    for row in (("序号", "理由", "结论"), (1, None, "合法"), ("2", "无据", "不合法")):
        book.active.append(row)
    book.save(path)

    assert _sheet_verdicts(path) == [
        ItemVerdict(number="1", is_lawful=True),
        ItemVerdict(number="2", is_lawful=False, reason="无据"),
    ]
    book.active.append((3, "", "基本合法"))
    book.save(path)
    with pytest.raises(UserError, match="请写合法或不合法"):
        _sheet_verdicts(path)


def test_an_application_shows_all_that_it_states():
    """The four fields, the seven of the new item, which version it was written against."""
    seven = culture_item(7).seven
    item = DutyItem(
        number="7",
        category=seven[0],
        name=seven[1],
        district_duty=seven[2],
        street_duty=seven[3],
        basis=seven[4],
        primary=seven[5],
        support=seven[6],
        primary_side=Side.DEPARTMENT,
    )
    change = Change(
        kind=ChangeKind.REVISE,
        number="7",
        subject="第7类经营场所监管",
        content="时限",
        basis="条例第八条",
        reason="修订",
        base_version=2,
        item=item,
    )
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)
    lines = _shown(
        Application(
            list_name="文旅清单",
            number=3,
            workflow_id="甲/甲区/清单/文旅清单/调整-3",
            applicant="甲区文旅局",
            state=ApplicationState.IN_EFFECT,
            revision=2,
            change=change,
            person="甲区文旅局经办甲",
            at=at,
            opened_at=at,
            version=4,
        )
    )

    text = "\n".join(lines)
    assert lines[0] == "文旅清单 调整申请第3号（第2稿）：已实施（第4版）"
    assert all(word in text for word in ("时限", "条例第八条", "修订", "对照第2版", *seven))


async def test_a_drafting_and_a_change_are_started_for_real(jiegai, tmp_path):
    """From the draft to 初稿, from the application to the review, on the stack; twice is once."""
    name = "清单办"
    plan = tmp_path / "方案.yaml"
    text = (ROOT / "tests" / "acceptance" / "两街道.yaml").read_text("utf-8")
    plan.write_text(text.replace("名称: 两街道", f"名称: {name}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), "--as", "市协调员")

    def duty(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return jiegai("duty", *words, "--rollout", name, code=code)

    book = str(written(tmp_path / "清单.xlsx", sheet(2)))
    duty("import", book, *AS)
    missing = duty("draft", NAME, *AS, code=3)
    assert "没有甲区的区财政局、区行政审批局" in missing.stderr
    two = ("--reviewers", "区委编办、区司法局")
    begun = duty("draft", NAME, *two, *AS)
    wid = f"{name}/甲区/清单/{NAME}"
    assert f"已发起：{wid}" in begun.stdout and "下一步：甲区委编办 办理“初稿”" in begun.stdout
    assert "先前已发起" in duty("draft", NAME, *two, *AS).stdout
    done = jiegai("act", f"{wid}#初稿", "提交", "--as", "甲区委编办经办甲")
    assert "初稿提交" in done.stdout

    issued = written(tmp_path / "已印发.xlsx", replaced(sheet(2), "旧清单"))
    duty("import", str(issued), "--paper", "甲编办〔2025〕1号", "--effective", "2026-01-01", *AS)
    change = ("adjust", "旧清单", "--remove", "2", *SAID, *two, "--as")
    assert "[DUTY_APPLICANT]" in duty(*change, "甲区领导经办甲", code=3).stderr
    filed = duty(*change, "一街道经办甲")
    assert "下一步：甲区委编办、甲区司法局 办理“四部门审核”" in filed.stdout
    assert "先前已发起" in duty(*change, "一街道经办甲").stdout
    assert "减少第2项" in duty("application", "list").stdout
    shown = duty("application", "show", "旧清单", "1").stdout
    assert "审核中" in shown and "理由：修订" in shown


def replaced(content: DutySheet, name: str) -> DutySheet:
    """The same list under another name."""
    return replace(content, lists=(replace(content.lists[0], name=name),))
