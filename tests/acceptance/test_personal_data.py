"""Names and identity numbers, looked for wherever they must not be after a full run.

A census is imported, locked, a roster drawn up and a batch carried to its end by the command line,
with an objection, notes, an unmasked read, refusals and an archive. Then everything that Temporal
holds (histories, inputs and results as its API gives them, every cell of its database, the raw
bytes of its files), every log and the archive are searched for each name and number in every form
in which text travels.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook

from contracts.names import DESK_NAMESPACE
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from tests.acceptance.site import ROOT, rows, until
from tests.acceptance.typed import TypedSite
from tests.people_of import census_sheet, name_of, number_of, write_census, write_roster

ROLLOUT = "私密"
OFFICE, STREETS = "甲区司法局", ("一街道", "二街道")
PEOPLE = {OFFICE: 12, STREETS[0]: 2, STREETS[1]: 1}
EVERYBODY = range(sum(PEOPLE.values()))
MOVED = range(6)
ITEM = f"{ROLLOUT}/甲区/{STREETS[0]}/人员转隶"
HERE = ("--as", "甲区委编办经办甲")
COORDINATOR = ("--as", "区协调员")
MAYOR = ("--as", "市协调员")
MORE_UNITS = "".join(
    f"  - {{名称: 甲区{name}, 类别: 部门, 所属区: 甲区, 简称: 区{name}, 第一责任人: 甲区{name}负责人,"
    f" 分管区领导: 甲区{name}分管领导, 经办人: 甲区{name}经办甲}}\n"
    for name in ("委组织部", "财政局", "机关事务中心")
)
ROW = (
    "  - {编号: 3, 事项: 人员转隶, 任务: 完成人员转隶, 类型: 转隶, 责任单位: 一街道, 牵头单位: 区委编办,"
    " 责任人: 第一责任人, 完成时限: T+60个工作日, 选项: 方式=名册}\n"
)


def forms(text: str) -> Iterator[bytes]:
    """A text as it may be written: UTF-8, UTF-16, GB 18030, JSON escapes, each also in base64."""
    escaped = json.dumps(text)[1:-1]
    plain = [text.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")]
    plain += [escaped.encode(), escaped.upper().replace("\\U", "\\u").encode()]
    plain.append("".join(f"%{byte:02X}" for byte in text.encode()).encode())
    for form in plain:
        yield form
        for before in range(3):
            # The characters that do not depend on what stands before and behind.
            padded = base64.b64encode(b"\0" * before + form)
            first, last = -(-before * 4 // 3), (before + len(form)) * 8 // 6
            yield padded[first:last]


def found_in(content: bytes, words: Iterable[str]) -> list[str]:
    """Which of these a content holds in any form."""
    sought = {word: list(forms(word)) for word in words}
    every = [form for several in sought.values() for form in several]
    # No form has one of these bytes in it. What lies between two mostly repeats, and is searched once.
    borders = bytes(set(range(256)) - set(b"".join(every)))
    run = b"[^%s]{%d,}" % (re.escape(borders), min(map(len, every)))
    runs = borders[:1].join(set(re.findall(run, content)))
    return [word for word, several in sought.items() if any(form in runs for form in several)]


SECRETS = [name_of(n) for n in EVERYBODY] + [number_of(n) for n in EVERYBODY]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory) -> AsyncIterator[EmbeddedStack]:
    """A stack whose files hold this run alone."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("private"), port=0, ui_port=0, log_level="debug"
    )
    async with EmbeddedStack(settings, what_to_provision(settings)) as running:
        yield running


class Diligent(TypedSite):
    """The command line, every command of which must do what is expected of it."""

    async def done(self, *argv: str, code: int = 0) -> str:
        """Run it; what it said."""
        said = await self.jiegai(*argv)
        assert said.code == code, f"{argv}: {said.out}{said.err}"
        return said.out + said.err

    async def step(self, step: str, verb: str, person: str, *evidence: str) -> None:
        """One step of the batch, as soon as it is open."""
        item = f"{ITEM}#{step}"

        async def is_open() -> bool:
            return item in await self.inbox(ROLLOUT)

        await until(is_open)
        given = [f"--evidence={one}" for one in evidence]
        await self.done("act", item, verb, "--as", person, *given)


@pytest.fixture(scope="module")
async def everything(stack, tmp_path_factory) -> tuple[Diligent, Path]:
    """The full run; returns the site and the archive's folder."""
    site = Diligent(stack.settings.data_dir)
    folder = tmp_path_factory.mktemp("sheets")
    text = (ROOT / "tests" / "acceptance" / "两街道.yaml").read_text("utf-8")
    text = text.replace("名称: 两街道", f"名称: {ROLLOUT}", 1)
    text = text.replace("\n任务:", f"{MORE_UNITS}\n任务:", 1) + ROW
    plan = folder / "方案.yaml"
    plan.write_text(text, "utf-8")
    await site.done("rollout", "start", str(plan), "--as", "市协调员")
    await census(site, folder)
    keys = await roster(site, folder)
    await batch(site, keys)
    archive = folder / "档案"
    await site.done("rollout", "stop", ROLLOUT, "--reason", "演练结束", "--as", "市协调员")
    await site.done("archive", ROLLOUT, "--as", "市协调员", "-o", str(archive))
    return site, archive


async def census(site: Diligent, folder: Path) -> None:
    """Import (once with an error in it), sign, lock."""
    sheet = census_sheet(PEOPLE)
    wrong = census_sheet(PEOPLE, types=("行政", "不存在的类型"))
    bad = write_census(folder / "错.xlsx", wrong)
    await site.done("census", "import", str(bad), "--rollout", ROLLOUT, *COORDINATOR, code=2)
    good = write_census(folder / "清查.xlsx", sheet)
    await site.done("census", "import", str(good), "--rollout", ROLLOUT, *COORDINATOR)
    paper = ("--paper", "甲编委〔2026〕9号", "--rollout", ROLLOUT)
    for unit in PEOPLE:
        await site.done("census", "sign", unit, *paper, "--as", f"{unit}负责人")
    await site.done("census", "lock", *paper, *COORDINATOR)
    late = ("census", "import", str(good), "--rollout", ROLLOUT, *COORDINATOR)
    await site.done(*late, code=3)


async def roster(site: Diligent, folder: Path) -> list[str]:
    """Draw up the roster (once with somebody unknown), read persons masked and unmasked."""
    ways = [("", name_of(n), number_of(n), OFFICE, STREETS[0], "一队", "") for n in MOVED]
    order = ("--number", "甲1", "--unit", STREETS[0], "--rollout", ROLLOUT, *COORDINATOR)
    swapped = ("", name_of(1), number_of(2), OFFICE, STREETS[0], "一队", "")
    bad = write_roster(folder / "错册.xlsx", swapped)
    await site.done("roster", "import", str(bad), *order, code=2)
    good = write_roster(folder / "名册.xlsx", *ways)
    await site.done("roster", "import", str(good), *order)
    shown = json.loads(
        await site.done("roster", "show", "--number", "甲1", "--rollout", ROLLOUT, "--json")
    )
    read = ("staff", "show", "--unit", OFFICE, "--rollout", ROLLOUT, *COORDINATOR)
    await site.done(*read)
    told = await site.done(*read, "--unmask", f"--reason=核对{number_of(0)}", code=2)
    assert "PERSONAL_DATA" in told and number_of(0) not in told
    seen = await site.done(*read, "--unmask", "--reason", "核对档案")
    assert number_of(0) in seen and name_of(0) in seen
    await site.done("staff", "reads", "--rollout", ROLLOUT, *COORDINATOR)
    return [line["staff"] for line in shown["lines"]]


async def batch(site: Diligent, keys: list[str]) -> None:
    """The whole batch; what names a person is refused before it leaves, where it can be known."""
    who = HERE[1]
    await site.step("名册", "提交", who, "名册=甲1")
    await site.step("通知", "提交", who, "通知=1号")
    await site.step("请示", "提交", who, "请示=2号")
    await site.step("审批", "通过", "甲区委编委经办甲", "批复=甲编委〔2026〕3号")
    objection = ("transfer", "person", ITEM, keys[0], "异议")
    told = await site.done(*objection, *HERE, f"--note=本人{number_of(0)}不愿前往", code=2)
    assert "PERSONAL_DATA" in told and number_of(0) not in told
    told = await site.done("transfer", "person", ITEM, name_of(0), "异议", *HERE, code=2)
    assert "USAGE" in told and name_of(0) not in told
    await names_are_refused(site, keys, objection)

    async def is_taken() -> bool:
        return (await site.jiegai(*objection, *HERE, "--note=子女在原区上学")).code == 0

    await until(is_taken)
    correction = "--evidence=更正=甲编办〔2026〕7号"
    for kind, note in (("谈话", "已谈话"), ("维持", "岗位需要"), ("答复", "已告知")):
        await site.done("transfer", "person", ITEM, keys[0], kind, *HERE, f"--note={note}")
    out = ("transfer", "person", ITEM, keys[1], "移出", *HERE, "--note=退休", correction)
    await site.done(*out)
    said = await site.jiegai("act", f"{ITEM}#转人员", "补充说明", *HERE, f"--note={number_of(3)}")
    assert (said.code, said.error) == (2, "PERSONAL_DATA")
    await site.step("转人员", "提交", f"{STREETS[0]}经办甲", "报到单=1号")
    await site.done("transfer", "show", ITEM)
    await site.done("transfer", "people", ITEM)
    await site.step("编制实名登记", "提交", who, "登记凭证=1号")
    await site.step("档案关系转移", "提交", "甲区委组织部经办甲", "转递单=1号", "回执=2号")
    await site.step("财政经费划拨", "提交", "甲区财政局经办甲", "拨付文件=1号")
    for step in ("用车划转", "用房划转"):
        await site.step(step, "提交", "甲区机关事务中心经办甲", "交接单=1号")
    await site.done("ledger", "check", ROLLOUT)
    ways = ("--from", OFFICE, "--to", STREETS[1], "--type", "行政", "--posts", "1")
    told = await site.done(
        *("ledger", "adjust", *ways, "--paper", "甲编委〔2026〕5号", "--rollout", ROLLOUT),
        *(*COORDINATOR, f"--note={number_of(4)}"),
        code=2,
    )
    assert "PERSONAL_DATA" in told and number_of(4) not in told
    await site.done("log", ITEM)


async def names_are_refused(site: Diligent, keys: list[str], objection: tuple[str, ...]) -> None:
    """A name of the register in any free text is told by its place, and nothing is sent."""
    name, acting = name_of(2), ("--as", f"{STREETS[0]}经办甲")
    spaced = f"{name[0]} {name[1:]}"
    for said, place in (
        ((*objection, *HERE, f"--note=另见{name}的材料"), "意见第3个字起"),
        ((*objection, *HERE, "--note=不愿", f"--evidence=谈话={spaced}"), "第1件证据的文号"),
        (("act", f"{ITEM}#转人员", "提交", *acting, f"--note={name}"), "意见第1个字起"),
        (("rollout", "stop", ROLLOUT, f"--reason={name}上访", *MAYOR), "理由第1个字起"),
    ):
        told = await site.done(*said, code=2)
        assert "[PERSONAL_NAME]" in told and place in told and name not in told
    path = site.data_dir / "人员.xlsx"
    book = Workbook()
    book.active.append(("人员编号", "动作", "意见"))
    book.active.append((keys[2], "异议", "距离远"))
    book.active.append((keys[3], "异议", f"随{name}调动"))
    book.save(path)
    told = await site.done("transfer", "person", ITEM, "--file", str(path), *HERE, code=2)
    assert "[PERSONAL_NAME]" in told and name not in told
    book = Workbook()
    book.active.title = "办理"
    book.active.append(("事项", "动作", "办理人", "意见"))
    book.active.append((f"{ITEM}#转人员", "补充说明", HERE[1], f"{name}已报到"))
    book.save(path)
    told = await site.done("act", "--file", str(path), code=2)
    assert "PERSONAL_NAME" in told and "意见第1个字起" in told and name not in told
    shown = json.loads(await site.done("transfer", "people", ITEM, "--json"))
    assert {line["objection"] for line in shown["lines"]} == {""}


def test_a_search_would_find_them() -> None:
    """Each form is found wherever it stands, so that finding nothing means something."""
    for text in (name_of(3), number_of(3)):
        for around in range(3):
            told = b"x" * around + f"“{text}”".encode() + b"y"
            assert found_in(base64.b64encode(told), [text])
        for told in (
            text.encode("utf-16"),
            json.dumps({"name": text}).encode(),
            f"x{text}y".encode("gb18030"),
        ):
            assert found_in(told, [text])
    assert found_in(f"{name_of(3)}".encode(), [name_of(4)]) == []


async def test_temporal_tells_nothing(everything) -> None:
    """Every history of both namespaces, standalone activities, memos, attributes, summaries."""
    site, _ = everything
    client = await site.connect()
    told, histories = [], 0
    async for one in client.list_workflows():
        handle = client.get_workflow_handle(one.id, run_id=one.run_id)
        history = await handle.fetch_history()
        told += [event.SerializeToString() for event in history.events]
        told.append((await handle.describe()).raw_description.SerializeToString())
        histories += 1
    desk = await site.connect(DESK_NAMESPACE)
    asked = 0
    async for activity in desk.list_activities(query=""):
        handle = desk.get_activity_handle(activity.activity_id, run_id=activity.activity_run_id)
        described = await handle.describe(
            include_input=True, include_outcome=True, include_last_failure=True
        )
        parts = (described.raw_info, described.raw_input, described.raw_outcome)
        told += [part.SerializeToString() for part in parts if part is not None]
        asked += 1
    assert histories >= 6 and asked >= 40

    kept = b"\n".join(told)
    assert "人员转隶".encode() in kept and b"take_sealed_piece" in kept
    assert "核对档案".encode() in kept
    assert found_in(kept, SECRETS) == []


async def test_files_logs_and_the_archive_tell_nothing(everything, stack) -> None:
    """Temporal's database cell by cell and byte by byte, all logs, and what is archived."""
    site, archive = everything
    [key] = (await rows(stack.database_url, "SELECT min(key) AS key FROM staff"))[0].values()
    data_dir = stack.settings.data_dir
    await site.jiegai("log", ITEM)
    databases = [p for p in (data_dir / "temporal").rglob("*") if p.is_file()]
    assert any(p.name.endswith("-wal") for p in databases)
    raw = b"\n".join(p.read_bytes() for p in databases)
    assert ROLLOUT.encode() in raw
    assert found_in(raw, SECRETS) == []
    # A text that lies across two pages of a file is whole in its cell.
    cells = b"\n".join(cells_of(next(p for p in databases if p.suffix in {".db", ".sqlite"})))
    assert ROLLOUT.encode() in cells
    assert found_in(cells, SECRETS) == []
    logs = b"\n".join(p.read_bytes() for p in (data_dir / "logs").iterdir())
    assert found_in(logs, SECRETS) == []

    archived = b"\n".join(p.read_bytes() for p in archive.rglob("*") if p.is_file())
    assert key.encode() in archived and "甲编委〔2026〕3号".encode() in archived
    assert found_in(archived, SECRETS) == []
    masked = [f"{number_of(n)[:6]}*" for n in EVERYBODY] + [f"{name_of(n)[0]}**" for n in EVERYBODY]
    assert found_in(archived, masked) == []
    assert "没有姓名和身份证号" in (archive / "说明.txt").read_text("utf-8")


def cells_of(path: Path) -> Iterator[bytes]:
    """Every cell of every table."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [
            n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
