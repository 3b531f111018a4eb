"""The command line as people use it, on the real stack: start, read, act, be refused, look back."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook

ROOT = Path(__file__).resolve().parents[2]
ROLLOUT = "命令行验收"
AT_CITY = f"{ROLLOUT}/市级/乌海市/改革工作方案"
OFFICE = "乌海市委编办"
HANDLER = f"{OFFICE}经办甲"
TRIES = 60
"""Asking again is what a person does; each command takes most of a second."""


@dataclass
class Said:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Its output as JSON."""
        return json.loads(self.out)


@pytest.fixture(scope="module")
def jiegai(stack):
    """Runs the command line against the running stack, as a process of its own."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("JIEGAI_", "TEMPORAL_"))}
    environ |= {"JIEGAI_DATA_DIR": str(stack.settings.data_dir), "PYTHONPATH": str(ROOT)}

    async def run(*argv: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "starter.main",
            *argv,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())

    return run


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory):
    """乌海's plan under a name of its own."""
    plan = yaml.safe_load((ROOT / "plans" / "乌海2019.yaml").read_text("utf-8"))
    text = (ROOT / "plans" / "乌海2019.yaml").read_text("utf-8")
    name = next(value for value in _values(plan) if value == "乌海2019")
    path = tmp_path_factory.mktemp("plan") / "方案.yaml"
    path.write_text(text.replace(f": {name}\n", f": {ROLLOUT}\n", 1), "utf-8")
    return path


def _values(node):
    if isinstance(node, dict):
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value)
    else:
        yield node


@pytest.fixture(scope="module")
async def started(jiegai, plan_file):
    """The rollout, started once, its first item at a desk."""
    kickoff = datetime.now(UTC).date().isoformat()
    said = await jiegai("rollout", "start", str(plan_file), "--kickoff", kickoff, "--as", HANDLER)
    assert said.code == 0, said.err
    for _ in range(TRIES):
        page = (await jiegai("inbox", "--rollout", ROLLOUT, "--json")).json
        if page["lines"]:
            return said
    raise AssertionError("nothing reached a desk")


async def test_starting_twice_says_so_and_starts_nothing(jiegai, plan_file, started):
    """The second start ends with 3 and names the rollout."""
    assert ROLLOUT in started.out
    kickoff = datetime.now(UTC).date().isoformat()

    again = await jiegai("rollout", "start", str(plan_file), "--kickoff", kickoff)
    other = await jiegai("rollout", "start", str(plan_file), "--kickoff", "2030-01-04")

    assert (again.code, again.err.partition("]")[0]) == (3, "错误[ALREADY_STARTED")
    assert other.code == 3
    assert other.err.startswith("错误[ROLLOUT_EXISTS] ")


async def test_a_step_is_worked_from_the_inbox_and_remembered_in_the_log(jiegai, started):
    """Refused without its document, done with it, the same action id is the same action."""
    line = (await jiegai("inbox", "--unit", OFFICE, "--rollout", ROLLOUT, "--json")).json["lines"]
    item = line[0]["item"]
    assert item == f"{AT_CITY}#调研论证"

    stranger = await jiegai("act", item, "提交", "--as", "无此人")
    bare = await jiegai("act", f"{ROLLOUT}/市级/乌海市/改革工作方案", "提交", "--as", HANDLER)
    once = ("act", item, "提交", "--as", HANDLER, "--evidence", "调研报告=1号", "--action-id", "一")
    done, repeated = await jiegai(*once), await jiegai(*once)

    assert (stranger.code, stranger.err.partition("]")[0]) == (3, "错误[UNKNOWN_PERSON")
    assert (bare.code, bare.err.partition("]")[0]) == (3, "错误[DOCUMENT_MISSING")
    assert (done.code, repeated.code) == (0, 0)
    assert f"下一环节：{AT_CITY}#征求意见" in done.out
    assert repeated.out == done.out
    log = await jiegai("log", AT_CITY, "--json")
    kinds = [(one["kind"], one["code"]) for one in log.json["lines"]]
    assert kinds[:4] == [
        ("开启", ""),
        ("拒绝", "UNKNOWN_PERSON"),
        ("拒绝", "DOCUMENT_MISSING"),
        ("办理", ""),
    ]
    assert sum(kind == "办理" for kind, _ in kinds) == 1
    printed = await jiegai("log", f"{ROLLOUT}/市级/乌海市/改革工作方案")
    assert "其中拒绝 2 条" in printed.out


async def test_a_sheet_is_answered_row_by_row(jiegai, started, tmp_path):
    """Good rows are done once however often the sheet is executed; a refused one is named."""
    path = tmp_path / "办理表.xlsx"
    assert (await jiegai("act", "--template", str(path))).code == 0
    book = load_workbook(path)
    book["办理"].append((AT_CITY, "补充说明", HANDLER, None, "一"))
    book["办理"].append((AT_CITY, "终止", HANDLER, None, "二"))
    book.save(path)

    first = await jiegai("act", "--file", str(path), "--json")
    again = await jiegai("act", "--file", str(path))

    assert first.code == 3
    answers = [(row["row"], row["accepted"], row["code"]) for row in first.json["rows"]]
    assert answers == [(2, True, ""), (3, False, "NOT_COORDINATOR")]
    assert again.code == 3
    assert "第3行" in again.out
    lines = (await jiegai("log", AT_CITY, "--json")).json["lines"]
    assert sum(one["verb"] == "补充说明" for one in lines) == 1


async def test_the_board_shows_every_procedure_and_yesterday_shows_none_begun(jiegai, started):
    """The matrix, the list and the JSON are of the same rollout; as-of looks back."""
    board = (await jiegai("board", ROLLOUT, "--json")).json
    matrix = await jiegai("board", ROLLOUT, "--district", "海勃湾区")
    listed = await jiegai("board", ROLLOUT, "--list")
    yesterday = str(datetime.now(UTC).date() - timedelta(days=2))
    before = (await jiegai("board", ROLLOUT, "--as-of", yesterday, "--json")).json

    assert len(board["lines"]) > 100
    assert "滨河街道" in matrix.out
    assert "三道坎街道" not in matrix.out
    assert "改革工作方案" in listed.out
    assert {one["status"] for one in before["lines"]} == {"未开始"}
    assert (await jiegai("board", "没有这次改革")).code == 2
    assert (await jiegai("board", ROLLOUT, "--district", "没有这个区")).code == 2


async def test_the_board_gives_back_the_plan_that_was_registered(jiegai, started, tmp_path):
    """Written as a workbook and read as a plan, it is the plan; nothing is overwritten."""
    file = tmp_path / "进度.xlsx"

    written = (await jiegai("board", ROLLOUT, "--xlsx", str(file), "--json")).json
    checked = await jiegai("plan", "check", str(file), "--json")

    assert written["procedures"] > 100
    assert checked.json["errors"] == []
    assert checked.json["rollout"] == ROLLOUT
    book = load_workbook(file)
    assert written["procedures"] == book["进度"].max_row - 1
    assert (await jiegai("board", ROLLOUT, "--xlsx", str(file))).code == 2


async def test_the_board_is_drawn_as_a_wall_chart(jiegai, started, tmp_path):
    """One page with every procedure, linked into the Web UI; a day gone by shows none begun."""
    file, past = tmp_path / "挂图.html", tmp_path / "从前.html"
    yesterday = str(datetime.now(UTC).date() - timedelta(days=2))

    drawn = (await jiegai("board", ROLLOUT, "--html", str(file), "--json")).json
    before = await jiegai("board", ROLLOUT, "--html", str(past), "--as-of", yesterday)

    assert drawn["procedures"] > 100
    assert drawn["bytes"] == file.stat().st_size
    assert "/namespaces/jiegai/workflows/" in file.read_text("utf-8")
    assert before.code == 0
    assert f"截至 {yesterday} 24:00" in past.read_text("utf-8")
    assert (await jiegai("board", ROLLOUT, "--html", str(file))).code == 2


async def test_what_is_not_there_is_bad_input(jiegai, started):
    """An unknown item ends with 2, by suffix or in full; an ambiguous one lists what it could be."""
    for item in ("没有/这个", "没有/这个/事项/吗"):
        said = await jiegai("act", item, "提交", "--as", HANDLER)
        assert (said.code, said.err.partition("]")[0]) == (2, "错误[NOT_FOUND")
    assert (await jiegai("log", "没有/这个")).code == 2
    assert (await jiegai("rollout", "show", "没有")).code == 2


async def test_rollouts_are_listed_shown_and_linked(jiegai, started, stack):
    """List, show and web speak of the running rollout and of the running Web UI."""
    listed = (await jiegai("rollout", "list", "--json")).json["lines"]
    shown = await jiegai("rollout", "show", ROLLOUT)
    web = (await jiegai("web", ROLLOUT, "--json")).json

    assert ROLLOUT in [one["rollout"] for one in listed]
    assert "海勃湾区" in shown.out
    titles = {one["title"] for one in web["links"]}
    assert {"红灯（已超期）", "海勃湾区", f"待{OFFICE}办理"} <= titles
    assert all(one["url"].startswith(f"{stack.ui_url}/namespaces/") for one in web["links"])


async def test_every_saved_query_is_one_that_the_server_answers(jiegai, started, stack):
    """A link to a query that the server cannot parse would open an error page."""
    from runtime.connect import connect

    client = await connect(stack.settings)
    counts = {}
    for link in (await jiegai("web", ROLLOUT, "--json")).json["links"]:
        counts[link["title"]] = (await client.count_workflows(link["query"])).count

    assert counts[f"待{OFFICE}办理"] == 1
    assert counts["红灯（已超期）"] == 0


async def test_only_the_coordinator_stops_a_rollout_and_then_it_is_over(jiegai, plan_file, started):
    """A handler is refused; after the coordinator's stop the name is used up and items are closed."""
    stop = ("rollout", "stop", ROLLOUT, "--reason", "试", "--as")
    refused, stopped = await jiegai(*stop, HANDLER), await jiegai(*stop, "乌海市协调员甲")
    assert (refused.code, refused.err.partition("]")[0]) == (3, "错误[NOT_COORDINATOR")
    assert stopped.code == 0, stopped.err

    for _ in range(TRIES):
        closed = await jiegai("act", AT_CITY, "补充说明", "--note", "迟", "--as", HANDLER)
        if closed.code:
            break
    assert (closed.code, closed.err.partition("]")[0]) == (3, "错误[CLOSED")
    kickoff = datetime.now(UTC).date().isoformat()
    for _ in range(TRIES):
        again = await jiegai("rollout", "start", str(plan_file), "--kickoff", kickoff)
        if "ALREADY_STARTED" not in again.err:
            break
    assert (again.code, again.err.partition("]")[0]) == (3, "错误[ALREADY_ENDED")
