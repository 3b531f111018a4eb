"""Meetings and sheets on the real stack: many items at once, a break-off finished, nothing half done."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import Workbook, load_workbook

from domain.meeting import action_id
from tests.acceptance.site import STREETS, Site, course, sanding, summary

ROLLOUT = "会议验收"
ORGAN = "甲区委编委"
RECORDER = f"{ORGAN}经办甲"
TODAY = datetime.now(UTC) + timedelta(hours=8)
HEAD = {"纪要文号": "甲编纪〔2026〕1号", "会议日期": TODAY.date(), "纪要文件": "纪要.txt"}


@pytest.fixture(scope="module")
async def site(stack, tmp_path_factory):
    """Both streets' 三定 before the 编委会, brought there by one sheet of fourteen rows."""
    site = Site(stack.settings.data_dir)
    await site.start_plan(ROLLOUT)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(("事项", "动作", "办理人", "意见", "证据", "研判", "采纳情况"))
    names = ("note", "evidence", "verdict", "reply")
    for street in STREETS:
        for step, verb, person, *options in course(street)[:7]:
            cells = (
                "；".join(
                    o.removeprefix(f"--{name}=") for o in options if o.startswith(f"--{name}")
                )
                for name in names
            )
            sheet.append((f"{sanding(ROLLOUT, street)}#{step}", verb, person, *cells))
    path = tmp_path_factory.mktemp("walk") / "办理.xlsx"
    book.save(path)
    for _ in range(2):
        said = await site.jiegai("act", "--file", str(path))
        assert (said.code, said.error) == (0, ""), said.out
    return site


def _filled(path, head, decisions=("通过", "原则通过")):
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for row in book["会议"].iter_rows(min_row=2, max_col=2):
        if row[0].value in head:
            row[1].value = head[row[0].value]
    for number, decision in enumerate(decisions, start=2):
        book["议定事项"].cell(number, 3).value = decision
    book["参会"].append(("书记", None, "区级领导", "出席", None))
    book.save(path)
    (path.parent / "纪要.txt").write_text("一致同意", "utf-8")
    return path


async def test_one_meeting_decides_all_streets_and_a_break_off_is_finished(site, tmp_path):
    """One item had landed before the cut; recording again lands the other, and each once."""
    path = tmp_path / "会议.xlsx"
    said = await site.jiegai("meeting", "template", str(path), "--organ", ORGAN, "--json")
    items = [f"{sanding(ROLLOUT, street)}#审议" for street in STREETS]
    assert (said.code, said.json["items"]) == (0, items)
    _filled(path, HEAD)
    (tmp_path / "纪要.txt").write_text("一致同意", "utf-8")
    cut = action_id(ROLLOUT, HEAD["纪要文号"], items[0])
    paper = f"--evidence=纪要={HEAD['纪要文号']}@{tmp_path / '纪要.txt'}"
    assert (await site.act(items[0], "通过", RECORDER, paper, "--action-id", cut)).code == 0

    first = await site.jiegai("meeting", "record", str(path), "--as", RECORDER, "--json")
    again = await site.jiegai("meeting", "record", str(path), "--as", RECORDER, "--json")

    assert (first.code, again.code) == (0, 0), first.out + first.err
    assert (first.json["created"], again.json["created"]) == (True, False)
    assert [row["accepted"] for row in again.json["rows"]] == [True, True]
    open_now = await site.inbox(ROLLOUT)
    assert {
        f"{sanding(ROLLOUT, STREETS[0])}#印发",
        f"{sanding(ROLLOUT, STREETS[1])}#修改",
    } <= open_now
    for street in STREETS:
        lines = await site.log(sanding(ROLLOUT, street))
        heard = [one for one in lines if one["step"] == "审议" and one["kind"] == "办理"]
        assert len(heard) == 1
        (evidence,) = heard[0]["detail"]["evidence"]
        assert (evidence["doc_no"], len(evidence["sha256"])) == (HEAD["纪要文号"], 64)
    shown = await site.jiegai("meeting", "show", HEAD["纪要文号"], "--json")
    assert [one["state"] for one in shown.json["landed"]] == ["已落实", "已落实"]
    listed = await site.jiegai("meeting", "list", ROLLOUT, "--json")
    assert (listed.json["by_kind"]["区委编委会"], listed.json["attendance"]["区级领导"]) == (1, 1)


async def test_a_record_that_decides_a_closed_item_leaves_nothing(site, tmp_path):
    """Closed items, or another 文号's content: no meeting, no action, a sentence each."""
    path = tmp_path / "会议.xlsx"
    assert (await site.jiegai("meeting", "template", str(path))).code == 0
    items = [f"{sanding(ROLLOUT, STREETS[0])}#审议", f"{summary(ROLLOUT, STREETS[0])}#办理"]
    head = {**HEAD, "纪要文号": "2号", "决定机构": ORGAN, "类型": "区委编委会", "改革": ROLLOUT}
    _filled(path, head, ())
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for number, item in enumerate(items, start=2):
        book["议定事项"].cell(number, 1).value = item
        book["议定事项"].cell(number, 3).value = "通过"
    book.save(path)

    said = await site.jiegai("meeting", "record", str(path), "--as", RECORDER)

    assert (said.code, said.error) == (2, "MEETING_INVALID")
    assert "议定事项!第2行·事项 [STEP_NOT_OPEN]" in said.out
    assert "议定事项!第3行·事项 [NOT_AT_UNIT]" in said.out
    assert (await site.jiegai("meeting", "show", "2号")).error == "NOT_FOUND"
    log = await site.log(summary(ROLLOUT, STREETS[0]))
    assert [one["kind"] for one in log] == ["开启"]


async def test_a_desks_sheet_is_taken_back_once_and_refused_as_a_whole(site, tmp_path):
    """A row that nobody may do keeps the others back; corrected, all are done, and done once."""
    path = tmp_path / "待办.xlsx"
    said = await site.jiegai("inbox", "--rollout", ROLLOUT, "--xlsx", str(path), "--json")
    assert said.code == 0, said.err

    def fill(person: str) -> None:
        book = load_workbook(io.BytesIO(path.read_bytes()))
        sheet = book["待办"]
        column = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            item = str(sheet.cell(row, column["事项"]).value)
            if item.endswith("总结#办理"):
                street = item.split("/")[2]
                actor = f"{street}经办甲" if street == STREETS[0] else person
                sheet.cell(row, column["动作"]).value = "提交"
                sheet.cell(row, column["办理人"]).value = actor
        book.save(path)

    fill("无此人")
    refused = await site.jiegai("act", "--file", str(path))
    fill(f"{STREETS[1]}经办甲")
    done, again = [await site.jiegai("act", "--file", str(path), "--json") for _ in range(2)]

    assert (refused.code, refused.error) == (2, "SHEET_INVALID")
    assert "[UNKNOWN_PERSON]" in refused.out
    assert (done.code, again.code) == (0, 0), done.out
    first, second = done.json["rows"], again.json["rows"]
    assert [row.pop("repeated") for row in first] == [False, False]
    assert [row.pop("repeated") for row in second] == [True, True]
    assert first == second
    for street in STREETS:
        log = await site.log(summary(ROLLOUT, street))
        assert [one["kind"] for one in log] == ["开启", "办理", "开启"]
