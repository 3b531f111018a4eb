"""``jiegai transfer``: what is refused before anything is sent, and a batch on the running stack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from temporalio.client import Client

from activities.registers import RegistersActivities
from contracts.transfer import SumLine
from runtime.connect import connect
from starter.errors import UserError
from starter.main import run
from starter.transfer import sums_by
from starter.transfer_file import read_people
from storage.engine import Database, open_database
from tests.office import Office
from tests.transfers import OFFICE, STREET, Person, balances, begin, key

ROOT = Path(__file__).parents[2]
ITEM = f"{STREET}/人员转隶"


@pytest.mark.parametrize(
    "words, code",
    [
        ((ITEM, key(1), "异议"), "USAGE"),
        ((ITEM, key(1), "辞职", "--as", "甲"), "USAGE"),
        ((ITEM, "张三", "异议", "--as", "甲"), "USAGE"),
        ((ITEM, "异议", "--as", "甲"), "USAGE"),
        ((ITEM, "p-1", "异议", "--as", "甲", "--note", "x"), "PERSON_KEY"),
        ((ITEM, key(1), key(1), "异议", "--as", "甲"), "PERSON_TWICE"),
        ((ITEM, key(1), "异议", "--as", "甲", "--note", "11010119900307123X"), "PERSONAL_DATA"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, words, code):
    """Exit code 2, no service is asked, and a name that was typed is not repeated."""
    assert run(["transfer", "person", *words]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ")
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "张三" not in said.err


def sheet(path: Path, *rows: tuple[str, ...]) -> Path:
    """A workbook with these rows under the headings."""
    book = Workbook()
    book.active.append(("人员编号", "动作", "意见", "更正文号", "去向"))
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_sheet_is_grouped_by_what_is_recorded(tmp_path):
    """Persons with the same matter are one action; the others follow in their order."""
    path = sheet(
        tmp_path / "人员.xlsx",
        (key(1), "移出", "退休", "甲编办〔2026〕7号"),
        (key(2), "异议", "距离远"),
        (key(3), "移出", "退休", "甲编办〔2026〕7号"),
    )

    groups = read_people(path)

    assert [(g.kind, g.keys, g.note) for g in groups] == [
        ("移出", (key(1), key(3)), "退休"),
        ("异议", (key(2),), "距离远"),
    ]
    assert [e.doc_no for g in groups for e in g.evidence] == ["甲编办〔2026〕7号"]


def test_every_fault_of_a_sheet_is_named_by_its_cell(tmp_path):
    """All of them at once, and no cell's content is repeated."""
    path = sheet(
        tmp_path / "人员.xlsx",
        ("张三", "移出"),
        (key(2), "辞职"),
        (key(3), "异议", "11010119900307123X"),
    )

    with pytest.raises(UserError) as refused:
        read_people(path)

    assert "第2行·人员编号、第3行·动作、第4行·意见" in refused.value.sentence
    assert "张三" not in refused.value.sentence


def test_sums_leave_out_who_has_no_team():
    """3-12: persons by team and type, with their states."""

    def line(team: str, state: str, people: int) -> SumLine:
        return SumLine(
            from_unit=OFFICE, to_unit=STREET, team=team, type="行政", state=state, people=people
        )

    lines = [line("一队", "在途", 2), line("一队", "移出", 1), line("", "在途", 4)]

    assert list(sums_by(lines, "team")) == [("一队", "行政", "3", "在途 2、移出 1")]
    assert list(sums_by(lines, "from_unit")) == [(OFFICE, "行政", "7", "在途 6、移出 1")]


class LiveOffice(Office):
    """An office on the running stack, whose worker is already at work."""

    def __init__(self, client: Client, database: Database) -> None:
        self.client, self.database = client, database
        self.registers = RegistersActivities(database)

    async def now(self) -> datetime:
        """The real clock."""
        return datetime.now(UTC)


async def test_a_batch_from_the_command_line(stack, jiegai, tmp_path):
    """From the roster to the last handover, with an objection and a sheet, and by keys alone."""
    name = "命令转隶"
    database = open_database(stack.database_url)
    office = LiveOffice(await connect(stack.settings), database)
    wid = await begin(office, name, [Person(n, team="一队") for n in range(1, 6)])

    def act(step: str, verb: str, who: str, *papers: str) -> None:
        proofs = [word for paper in papers for word in ("--evidence", paper)]
        jiegai("act", f"{wid}#{step}", verb, "--as", who, *proofs)

    lead = "甲区委编办经办甲"
    assert "[NO_BATCH]" in jiegai("transfer", "show", wid, code=3).stderr
    act("名册", "提交", lead, "名册=名册1号")
    act("通知", "提交", lead, "通知=通知1号")
    act("请示", "提交", lead, "请示=请示1号")
    await office.until_open(wid, "审批")
    act("审批", "通过", "甲区委编委经办甲", "批复=甲编委〔2026〕3号")
    await office.until_open(wid, "转人员")

    said = jiegai("transfer", "person", wid, key(1), "异议", "--note", "距离远", "--as", lead)
    assert said.stdout == f"{lead}：异议{key(1)}。距离远\n"
    refused = jiegai(
        "act",
        f"{wid}#转人员",
        "提交",
        "--as",
        f"{STREET}经办甲",
        "--evidence",
        "报到单=1号",
        code=3,
    )
    assert "[OBJECTION_OPEN]" in refused.stderr
    for kind in ("谈话", "维持", "答复"):
        jiegai("transfer", "person", wid, key(1), kind, "--note", "已谈", "--as", lead)
    path = sheet(
        tmp_path / "人员.xlsx",
        (key(2), "移出", "退休", "甲编办〔2026〕7号"),
        (key(3), "移出", "退休", "甲编办〔2026〕7号"),
    )
    words = ("transfer", "person", wid, "--file", str(path), "--as", lead, "--action-id", "表一")
    assert (
        jiegai(*words).stdout == jiegai(*words).stdout == f"{lead}：移出{key(2)}、{key(3)}。退休\n"
    )
    shown = jiegai("transfer", "show", wid).stdout
    assert "人员：在途 3、移出 2" in shown
    assert "台账：本批次在途 3 名" in shown
    assert "一队" in shown
    listed = json.loads(jiegai("transfer", "people", wid, "--state", "移出", "--json").stdout)
    assert [line["staff"] for line in listed["lines"]] == [key(2), key(3)]
    assert "共 5 人" in jiegai("transfer", "people", wid).stdout

    act("转人员", "提交", f"{STREET}经办甲", "报到单=1号")
    await office.until_open(wid, "编制实名登记")
    act("编制实名登记", "提交", lead, "登记凭证=1号")
    act("档案关系转移", "提交", "甲区委组织部经办甲", "转递单=1号", "回执=2号")
    act("财政经费划拨", "提交", "甲区财政局经办甲", "拨付文件=1号")
    act("用车划转", "提交", "甲区机关事务中心经办甲", "交接单=1号")
    act("用房划转", "提交", "甲区机关事务中心经办甲", "交接单=1号")
    await office.client.get_workflow_handle(wid).result()
    assert await balances(office, name) == {OFFICE: (2, 0, 2), STREET: (3, 0, 3)}
    assert "在途为零，人人在一处" in jiegai("log", wid).stdout
    assert "办结" in jiegai("transfer", "show", wid).stdout
    await database.close()
