"""Archives written from recorded histories, and every fault that their check must see."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.archive import Part
from contracts.desk import BoardLine
from starter.archive_history import decoded, restored
from starter.archive_source import Run, Source
from starter.archive_text import SUMS, hash_of, safe_file_name, safe_name, table
from starter.archive_verify import verify
from starter.archive_writer import write_archive
from starter.errors import UserError
from starter.main import run

HISTORIES = Path(__file__).parents[1] / "histories"
AT = datetime(2031, 1, 1, tzinfo=UTC)
WID = "甲改/甲区/一街道/三定"
FILE = b"PK draft of the three determinations"


class Shelf(Source):
    """A source without a server: rows given, a recorded history, one stored file."""

    def __init__(self, rollout: str = "甲改") -> None:
        self.rollout = rollout
        self.now = AT
        self.tables: dict[Part, list[dict[str, Any]]] = dict(_TABLES)
        self.file = FILE

    async def rows(self, part: Part, workflow_id: str = "") -> list[dict[str, Any]]:
        """The rows given."""
        del workflow_id
        return list(self.tables.get(part, ()))

    async def documents(self, part: Part) -> dict[int, str]:
        """No long documents."""
        del part
        return {}

    async def board(self) -> tuple[BoardLine, ...]:
        """Nothing but what the rows say."""
        return ()

    async def is_running(self, workflow_id: str) -> bool | None:
        """The procedure has ended."""
        return False if workflow_id == WID else None

    async def runs(self, workflow_id: str, known: tuple[str, ...] = ()) -> list[Run]:
        """A recorded 三定, under the run id that the log has."""
        del known
        return [Run(run_id="段一", events=_events())] if workflow_id == WID else []

    async def progress(self, workflow_id: str) -> Any:
        """The procedure cannot be asked any more."""
        del workflow_id

    async def fetch(self, workflow_id: str, sha256: str, person: str, path: Path) -> str:
        """The stored file, if the fingerprint is its own."""
        del workflow_id, person
        path.write_bytes(self.file)
        return "" if hash_of(path) == sha256 else "内容与指纹不符"


def _events() -> list[dict[str, Any]]:
    from temporalio.client import WorkflowHistory

    text = (HISTORIES / "0.1-SandingDrafting.json").read_text()
    return decoded(WorkflowHistory.from_json(WID, text).events)


def _record(seq: int, kind: str, **more: Any) -> dict[str, Any]:
    plain = dict.fromkeys(("step", "person", "unit", "verb", "code", "action_id"), "")
    return {
        "workflow_id": WID,
        "run_id": "段一",
        "seq": seq,
        "confirmed": True,
        "superseded_by": None,
        "rollout": "甲改",
        "at": f"2026-11-22T0{seq}:00:00+00:00",
        "kind": kind,
        "sentence": f"第{seq}条",
        "detail": {},
        "state": {},
        **plain,
        **more,
    }


def _stored() -> dict[str, Any]:
    import hashlib

    digest = hashlib.sha256(FILE).hexdigest()
    return {"name": "草案", "sha256": digest, "size": 9, "filename": "草案.docx", "kept": "入库"}


_RULE = {"rule": "倒排到2027年2月5日", "calendar": "CN@1", "visit": 1, "due_date": "2027-02-05"}
_TABLES: dict[Part, list[dict[str, Any]]] = {
    Part.PLANS: [
        {
            "version": 1,
            "title": "甲改革",
            "coordinator": "市委编办",
            "kickoff": "2026-11-12",
            "content_hash": "一",
        }
    ],
    Part.PROCEDURES: [
        {
            "workflow_id": WID,
            "row_id": "M1",
            "district": "甲区",
            "unit": "一街道",
            "item": "三定",
            "task": "完成<b>三定</b>",
            "status": "办结",
            "row_due_date": "2027-02-20",
            "started_at": "2026-11-22T01:00:00+00:00",
            "ended_at": "2026-12-22T01:00:00+00:00",
            "returned_count": 0,
            "extended_count": 1,
            "overdue_count": 0,
        }
    ],
    Part.LOG: [
        _record(1, "开启", step="起草", detail={**_RULE, "units": ["一街道"]}),
        _record(
            2,
            "办理",
            step="起草",
            person="张三",
            unit="区委编办",
            verb="批准延期",
            sentence="区委编办张三：批准延期至2027-02-12。",
            detail={
                "visit": 1,
                "move": {"before": "2027-02-05", "after": "2027-02-12", "paper": "甲编〔2027〕3号"},
            },
        ),
        _record(3, "拒绝", step="起草", person="路人", verb="提交", code="UNKNOWN_PERSON"),
        _record(
            4,
            "办理",
            step="起草",
            person="=SUM(A1)",
            unit="一街道",
            verb="提交",
            detail={
                "visit": 1,
                "outcome": "提交",
                "late": "按期",
                "capacity": "代办李四",
                "happened_on": "2026-11-21",
                "evidence": [
                    _stored(),
                    {"name": "原件", "doc_no": "甲〔2026〕1号", "kept": "线下"},
                ],
            },
        ),
        _record(5, "结束"),
    ],
    Part.NOTICES: [],
}


@pytest.fixture
async def archived(tmp_path: Path) -> Path:
    """One archive of one 案卷."""
    await write_archive(Shelf(), tmp_path / "档案", person="甲协调员", at=AT)
    return tmp_path / "档案"


@pytest.fixture
def case(archived: Path) -> Path:
    """Its 案卷."""
    return archived / "案卷" / "甲区" / "一街道" / "三定"


def codes(folder: Path) -> set[str]:
    """What the check finds."""
    return {fault.code for fault in verify(folder).faults}


def sealed(folder: Path) -> None:
    """Make the list of hashes anew, as somebody would who altered more than one file."""
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    lines = (f"{hash_of(folder / name)}  {name}\n" for name in names if name != SUMS)
    (folder / SUMS).write_text("".join(lines))


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file and the list of hashes with it."""
    path.write_text(json.dumps(change(json.loads(path.read_text())), ensure_ascii=False))


async def test_an_untouched_archive_has_no_fault(archived: Path) -> None:
    """The check and sha256sum agree that nothing has changed."""
    found = verify(archived)
    assert ((), 1, "甲改") == (found.faults, found.cases, found.rollout)
    told = subprocess.run(["sha256sum", "-c", SUMS], cwd=archived, capture_output=True, check=False)
    assert 0 == told.returncode
    assert found.seal == hash_of(archived / SUMS)


async def test_the_case_tells_due_dates_capacity_and_day(case: Path) -> None:
    """Original and new date, who approved by which 文号, 代办, 补录: told from the log alone."""
    step = next(csv.DictReader(io.StringIO((case / "环节.csv").read_text("utf-8-sig"))))
    assert ("2027-02-05", "2027-02-12", "按期") == (step["原时限"], step["时限"], step["是否按期"])
    assert "区委编办张三" in step["时限变动"] and "甲编〔2027〕3号" in step["时限变动"]
    assert ("提交", "2026-11-21", "是") == (step["结果"], step["发生日期"], step["补录"])
    page = (case / "案卷.html").read_text()
    assert (
        "代办李四" in page and "UNKNOWN_PERSON" in page and "2026-11-21</span>发生（补录）" in page
    )
    assert "<b>" not in page and "完成&lt;b&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


async def test_a_cell_never_computes(case: Path) -> None:
    """A name that Excel would take for a formula stands as text."""
    rows = list(csv.DictReader(io.StringIO((case / "办理记录.csv").read_text("utf-8-sig"))))
    assert "'=SUM(A1)" == rows[3]["办理人"]


async def test_evidence_is_stored_under_its_hash_and_offline_is_listed(case: Path) -> None:
    """The file is the very one; what stays with the unit stands in the list with its 文号."""
    rows = list(csv.DictReader(io.StringIO((case / "文件.csv").read_text("utf-8-sig"))))
    assert FILE == (case / rows[0]["案卷内文件"]).read_bytes()
    assert ("线下", "甲〔2026〕1号", "") == (
        rows[1]["保存"],
        rows[1]["文号"],
        rows[1]["案卷内文件"],
    )


async def test_a_history_replays_as_it_was_kept(case: Path) -> None:
    """What is kept decoded gives back the very history that Temporal's tools read."""
    kept = json.loads((case / "历史" / "第1段.json").read_text())
    recorded = json.loads((HISTORIES / "0.1-SandingDrafting.json").read_text())
    assert recorded["events"] == restored(kept["events"])["events"]


@pytest.mark.parametrize(
    "alter,code",
    [
        (lambda root, case: (case / "案卷.html").write_text("别的"), "ALTERED"),
        (lambda root, case: (case / "历史.csv").unlink(), "MISSING"),
        (lambda root, case: (case / "便条.txt").write_text("加的"), "EXTRA"),
        (lambda root, case: (root / "链接").symlink_to("/etc/hostname"), "NOT_A_FILE"),
        (lambda root, case: (root / SUMS).write_text("乱写\n"), "SUMS_LINE"),
        (lambda root, case: (root / "清单.json").write_text("{"), "UNREADABLE"),
    ],
)
async def test_what_was_touched_is_seen(
    archived: Path, case: Path, alter: Callable[[Path, Path], Any], code: str
) -> None:
    """Altered, missing, added, linked, and an unreadable list."""
    alter(archived, case)
    assert code in codes(archived)


def _without_last(rows: list[Any]) -> list[Any]:
    return rows[:-1]


def _gap(rows: list[Any]) -> list[Any]:
    return [{**row, "seq": row["seq"] + (row["seq"] > 2)} for row in rows]


def _other_sentence(rows: list[Any]) -> list[Any]:
    return [{**rows[0], "sentence": "没有这回事"}, *rows[1:]]


def _other_hash(rows: list[Any]) -> list[Any]:
    rows[3]["detail"]["evidence"][0]["sha256"] = "0" * 64
    return rows


def _cut(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "events": run["events"][:-1]}


def _hole(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "events": [*run["events"][:5], *run["events"][6:]]}


def _other_run(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "run_id": "段二"}


@pytest.mark.parametrize(
    "name,change,code",
    [
        ("办理记录.json", _without_last, "COUNT"),
        ("办理记录.json", _gap, "GAP"),
        ("办理记录.json", _other_sentence, "DISAGREES"),
        ("办理记录.json", _other_hash, "EVIDENCE_MISSING"),
        ("历史/第1段.json", _cut, "HISTORY_CUT"),
        ("历史/第1段.json", _hole, "HISTORY_CUT"),
        ("历史/第1段.json", _other_run, "HISTORY_MISSING"),
    ],
)
async def test_what_was_altered_with_its_hash_is_seen(
    archived: Path, case: Path, name: str, change: Callable[[Any], Any], code: str
) -> None:
    """Somebody who also writes the hashes anew is caught by the parts that no longer agree."""
    rewrite(case / name, change)
    sealed(archived)
    assert code in codes(archived)


async def test_a_superseded_record_may_repeat_a_number(tmp_path: Path) -> None:
    """After a reset the old lines stay, marked with the run that took over."""
    source = Shelf()
    old = _record(2, "提醒", superseded_by="段一", confirmed=False)
    records = source.tables[Part.LOG]
    source.tables[Part.LOG] = [records[0], old, *records[1:]]
    await write_archive(source, tmp_path / "档案", person="", at=AT)
    assert () == verify(tmp_path / "档案").faults


async def test_a_file_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """The archive names what is missing, and the check does not call it whole."""
    source = Shelf()
    source.file = b"another"
    archived = await write_archive(source, tmp_path / "档案", person="", at=AT)
    assert 1 == len(archived.missing)
    assert {"INCOMPLETE", "EVIDENCE_MISSING"} == codes(tmp_path / "档案")


async def test_an_older_archive_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """The same rollout again takes the old one's place; somebody's own file or folder is kept."""
    target = tmp_path / "档案"
    await write_archive(Shelf(), target, person="甲", at=AT)
    await write_archive(Shelf(), target, person="乙", at=AT)
    assert "乙" == json.loads((target / "清单.json").read_text())["归档人"]
    (target / "我的笔记.txt").write_text("留着")
    with pytest.raises(UserError, match="不属于它的文件"):
        await write_archive(Shelf(), target, person="丙", at=AT)
    with pytest.raises(UserError, match="别的内容"):
        await write_archive(Shelf("乙改"), target, person="丙", at=AT)
    assert "乙" == json.loads((target / "清单.json").read_text())["归档人"]
    assert ["档案"] == [path.name for path in tmp_path.iterdir()]


async def test_a_broken_off_archive_leaves_nothing(tmp_path: Path) -> None:
    """A read that fails in the middle: no folder, no half of one, the old archive as it was."""
    target = tmp_path / "档案"
    await write_archive(Shelf(), target, person="甲", at=AT)
    broken = Shelf()
    broken.tables[Part.LOG] = [{"run_id": "段一"}]
    with pytest.raises(KeyError):
        await write_archive(broken, target, person="乙", at=AT)
    assert ["档案"] == [path.name for path in tmp_path.iterdir()]
    assert () == verify(target).faults


def test_names_are_safe_everywhere() -> None:
    """No separator, no device, no more bytes than a file system takes; two names stay two."""
    hostile = ["..", "a/b", "a\\b", "CON", "甲" * 100, "甲 ", "甲.", "\u202e甲", "a:b", "a?b", ""]
    names = [safe_name(name) for name in hostile]
    assert len(set(names)) == len(names)
    assert all(
        "/" not in n and "\\" not in n and n.strip(" .") and len(n.encode()) < 110 for n in names
    )
    assert "三定" == safe_name("三定")
    assert safe_file_name("ab" * 32, "../../x.sh").endswith(".sh")


def test_the_table_reads_back_what_was_written() -> None:
    """Line ends, quotes and commas survive."""
    text = table(("甲", "乙"), [("一,二", '三"\n四')])
    assert [{"甲": "一,二", "乙": '三"\n四'}] == list(
        csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    )


async def test_the_command_tells_faults_with_code_three(archived: Path, capsys: Any) -> None:
    """Whole: 0 and a sentence. Touched: each fault, one error line, 3. No archive: 2."""
    assert 0 == run(["archive", "verify", str(archived)])
    assert "档案完好" in capsys.readouterr().out
    (archived / "目录.csv").write_text("")
    assert 3 == run(["archive", "verify", str(archived)])
    told = capsys.readouterr()
    assert "目录.csv  [ALTERED]" in told.out and "错误[ARCHIVE_FAULTY]" in told.err
    assert 2 == run(["archive", "verify", str(archived.parent)])
    assert "ARCHIVE_NOT_FOUND" in capsys.readouterr().err
