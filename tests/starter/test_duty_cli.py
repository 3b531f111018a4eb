"""``jiegai duty``: workbooks as filled in, screens, and once for real from import to acceptance."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from contracts.duty import ClaimLine, CoveragePage, ItemLine, VersionLine
from domain.duty_check import check_lists
from domain.duty_claims import MissingItem, StreetCoverage, Trial
from domain.duty_sheet import ITEM_COLUMNS, LIST_COLUMNS, SEVEN, DutySheet
from starter.duty_claim import claims_in_words, trials_in_words
from starter.duty_file import read_claims, read_lists, read_trials, write_lists
from starter.duty_show import head_in_words, item_in_words, table_of_items, table_of_versions
from starter.errors import UserError
from starter.main import run
from starter.table import display_width
from tests.duty_lists import NAME, sheet, streets_sheet

ROOT = Path(__file__).parents[2]
STREETS = ("一街道", "二街道")
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def cells(content: DutySheet) -> tuple[list[list[str]], list[list[str]]]:
    """The rows of both sheets."""
    heads = [
        [o.name, o.kind, o.field_name, o.district, o.street, o.declared, o.declared_by]
        for o in content.lists
    ]
    items = [[o.list_name, o.number, *o.seven, o.mandate] for o in content.items]
    return heads, items


def written(path: Path, content: DutySheet) -> Path:
    """A workbook of lists."""
    write_lists(path, *cells(content))
    return path


def test_a_workbook_is_read_as_it_was_filled_in(tmp_path):
    """What was written comes back cell by cell; the template has the same heads."""
    filled = read_lists(written(tmp_path / "清单.xlsx", sheet()))
    write_lists(tmp_path / "空.xlsx")
    book = load_workbook(tmp_path / "空.xlsx")

    assert (filled.sheet, filled.findings, filled.rows) == (sheet(), (), 26)
    assert tuple(c.value for c in book["清单"][1]) == LIST_COLUMNS
    assert tuple(c.value for c in book["事项"][1]) == ITEM_COLUMNS
    with pytest.raises(UserError, match="没有内容"):
        read_lists(tmp_path / "空.xlsx")


def test_many_items_are_written_without_borders_and_read_all(tmp_path):
    """Over 2,000 rows nothing is missing, and no cell is a formula."""
    content = streets_sheet(7, 300)
    path = written(tmp_path / "清单.xlsx", content)

    assert read_lists(path).sheet == content


def test_numbers_and_days_of_a_spreadsheet_are_texts(tmp_path):
    """A number typed as 7, a day as a day; a row of which only the item stands is not claimed."""
    path = tmp_path / "试运行.xlsx"
    book = Workbook()
    trials = book.create_sheet("试运行")
    trials.append(("街道", "评估日期", "方式", "结果"))
    trials.append((STREETS[0], date(2026, 11, 20), "实地察看", "正常"))
    claims = book.create_sheet("认领")
    claims.append(("街道", "序号", "专人"))
    claims.append((STREETS[1], 7, None))
    claims.append((STREETS[0], 7, "甲、乙"))
    book.save(path)

    ((trial,), _), ((claim,), _) = read_trials(path), read_claims(path)
    assert (trial.row, trial.evaluated_on) == (2, "2026-11-20")
    assert (claim.row, claim.number, claim.liaisons, claim.list_name) == (3, "7", "甲、乙", "")


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda b: b.remove(b["事项"]), "没有名为“事项”的工作表"),
        (lambda b: b["事项"].delete_cols(4), "缺少表头：事项名称"),
        (lambda b: b["事项"].cell(1, 11, "备注"), "有不认识的列：备注"),
        (lambda b: b["清单"].cell(1, 8, "类型"), "列重复：类型"),
    ],
)
def test_a_workbook_that_is_none_is_refused_whole(tmp_path, spoil, said):
    """Missing sheets and heads, unknown and doubled ones."""
    path = written(tmp_path / "清单.xlsx", sheet(2))
    book = load_workbook(path)
    spoil(book)
    book.save(path)

    with pytest.raises(UserError, match=said):
        read_lists(path)


def test_check_works_without_a_service_and_names_every_cell(tmp_path, capsys):
    """A header of 25 with 24 rows, and an empty field: both at once, exit code 2."""
    content = sheet(24, declared="25")
    spoiled = replace(content.items[2], seven=("", *content.items[2].seven[1:]))
    wrong = replace(content, items=(*content.items[:2], spoiled, *content.items[3:]))

    assert run(["duty", "check", str(written(tmp_path / "错.xlsx", wrong))]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"清单!第2行·声明总数 [DUTY_TOTAL] “{NAME}”声明25项，实有24项，不一致（4-23）。",
        "事项!第4行·事项类型 [DUTY_EMPTY_FIELD] 事项类型为空，七项内容须逐项填写（4-24）。",
    ]
    assert said.err.startswith("错误[DUTY_INVALID] ") and "有2处错误" in said.err
    assert run(["duty", "check", str(written(tmp_path / "对.xlsx", sheet()))]) == 0
    assert "1 个清单，25 项" in capsys.readouterr().out


def test_the_template_with_its_notes_is_no_list(tmp_path, capsys):
    """An empty template is said to be empty."""
    path = tmp_path / "空 表.xlsx"

    assert run(["duty", "template", str(path)]) == 0
    assert run(["duty", "check", str(path)]) == 2
    assert "EMPTY_SHEET" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, code",
    [
        (("import", "无.xlsx"), "USAGE"),
        (("import", "无.xlsx", "--paper", "甲", "--as", "甲"), "DUTY_PAPER"),
        (("import", "无.xlsx", "--effective", "2026-12-01", "--as", "甲"), "DUTY_PAPER"),
        (("check", "无.xlsx"), "FILE_MISSING"),
        (("check", "无.xlsx", "--rollout", "甲"), "FILE_MISSING"),
        (("claim", "--as", "甲"), "USAGE"),
        (("claim", "表.xlsx", "--status"), "USAGE"),
        (("claim", "--item", "7"), "USAGE"),
        (("trial", "--as", "甲"), "USAGE"),
        (("show", "--version", "0"), "USAGE"),
        (("export", "清单.csv"), "FILE_FORMAT"),
        (("没有",), "USAGE"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, words, code):
    """Exit code 2; no service is asked."""
    assert run(["duty", *words]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ") and said.out == ""


def version(**more: object) -> VersionLine:
    """A version in force."""
    given = {
        "name": NAME,
        "version": 2,
        "kind": "属地管理",
        "district": "海勃湾区",
        "street": "",
        "field_name": "文化和旅游市场",
        "declared": 25,
        "declared_by": {},
        "state": "有效",
        "effective_from": datetime(2026, 10, 31, 16, tzinfo=UTC),
        "effective_to": None,
        "paper": "海编办〔2026〕8号",
        "filing_no": "",
        "workflow_id": "",
        "drafted_at": NOW,
        "drafted_by": "区协调员",
    }
    return VersionLine(**(given | more))


def test_a_period_ends_on_its_last_day():
    """Replaced from 1 December on, it held to 30 November."""
    ended = version(state="已替代", effective_to=datetime(2026, 11, 30, 16, tzinfo=UTC))

    assert head_in_words(ended) == (
        f"{NAME}（第2版，已替代）：属地管理，海勃湾区各街道，25 项；"
        "2026-11-01至2026-11-30，海编办〔2026〕8号"
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_screens_fit(monkeypatch, columns):
    """Versions, items, an item whole, claims and evaluations, with what is missing by name."""
    monkeypatch.setenv("COLUMNS", str(columns))
    (read,) = check_lists(sheet()).lists
    claim = ClaimLine(
        number="1",
        street=STREETS[0],
        liaisons=("张三", "李四"),
        team="文旅专班",
        claimed_at=NOW,
        claimed_by="张三",
        gone=("李四",),
    )
    lines = [ItemLine(item=item, claims=(claim,)) for item in read.items]
    coverage = [
        StreetCoverage(
            list_name=NAME,
            version=1,
            street=street,
            total=25,
            missing=tuple(
                MissingItem(number=str(n), name=f"第{n}类场所监管") for n in range(1, n + 1)
            ),
            evaluated_on=None if n else date(2026, 11, 20),
        )
        for n, street in enumerate(("凤凰岭街道", "滨河街道", "新华街道", "海北街道", "卡布其街道"))
    ]
    trial = Trial(
        list_name=NAME,
        street="凤凰岭街道",
        evaluated_on=date(2026, 11, 20),
        methods=("实地察看", "收集资料"),
        result="运行正常，建议增加一项培训" * 4,
    )
    claims = claims_in_words(coverage)
    trials = trials_in_words(CoveragePage(lines=tuple(coverage), trials=(trial,)))
    screens = (
        table_of_versions([version()]),
        table_of_items(lines, with_claims=True),
        item_in_words(lines[0]),
        claims,
        trials,
    )

    for screen in screens[:3]:
        assert all(display_width(line) <= columns for line in screen.splitlines())
    assert "李四（已离任）" in screens[2]
    assert "认领 115/125，4 个街道还不全，不能验收（4-43）" in claims
    assert "试运行评估 1/5，还没有全覆盖，不能验收（4-40）。" in trials
    assert claims_in_words(coverage[:1]).endswith("认领 25/25，全部认领到位（4-43）。")


def test_help_imports_nothing_heavy():
    """No Temporal client, no pydantic, no spreadsheet reader; each command has its line."""
    heavy = "('temporalio','pydantic','openpyxl','yaml','cryptography')"
    script = (
        "import sys; from starter.main import run; run(['duty', '--help']);"
        "run(['duty', 'import', '--help']); run(['duty', 'claim', '--help']);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"  {name} " in done.stdout for name in ("template", "claim", "trial", "adjust"))


async def test_from_a_workbook_to_acceptance(jiegai, tmp_path):
    """Draft, issued list, claims from a sheet and one by one, evaluations, export: on the stack."""
    name = "清单试"
    plan = tmp_path / "方案.yaml"
    text = (ROOT / "tests" / "acceptance" / "两街道.yaml").read_text("utf-8")
    plan.write_text(text.replace("名称: 两街道", f"名称: {name}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), "--as", "市协调员")

    def duty(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return jiegai("duty", *words, "--rollout", name, code=code)

    bring(duty, tmp_path, sheet(3))
    claim_all_but_two(duty, tmp_path / "认领.xlsx")
    evaluate(duty)
    out = tmp_path / "导出.xlsx"
    assert "第1版 3 项" in duty("export", str(out)).stdout
    again = read_lists(out).sheet
    assert [one.seven for one in again.items] == [one.seven for one in sheet(3).items]
    assert "没有改动" in duty("import", str(out), *AS).stdout


AS = ("--as", "区协调员")


def bring(duty, folder: Path, content: DutySheet) -> None:
    """A wrong workbook, a draft, the issued list; then it is no more edited."""
    assert "还没有登记清单" in duty("list").stdout
    seven = dict(zip(SEVEN, content.items[0].seven, strict=True)) | {"主体责任": "区私法局"}
    spoiled = replace(content.items[0], seven=tuple(seven.values()))
    wrong = replace(content, items=(spoiled, *content.items[1:]))
    bad = duty("import", str(written(folder / "错.xlsx", wrong)), *AS, code=2)
    assert bad.stdout.startswith("事项!第2行·主体责任 [UNKNOWN_UNIT] 甲区没有部门“区私法局”")
    good = str(written(folder / "清单.xlsx", content))
    assert "尚未导入" in duty("check", good, *AS).stdout
    assert "已导入 1 个清单，3 项" in duty("import", good, *AS).stdout
    issued = ("--paper", "甲编办〔2026〕8号", "--effective", "2026-11-01")
    refused = duty("import", good, *issued, "--as", f"{STREETS[0]}经办甲", code=2)
    assert "[NOT_COORDINATOR]" in refused.stdout
    assert "新导入" in duty("import", good, *issued, *AS).stdout
    other = str(written(folder / "改.xlsx", sheet(2)))
    assert "DUTY_ISSUED" in duty("import", other, *AS, code=2).stdout
    assert "1 个有效" in duty("list").stdout
    assert "第1版，有效" in duty("show").stdout
    assert "DUTY_NOT_IN_FORCE" in duty("show", "--as-of", "2026-10-31", code=3).stderr
    assert "各街道还没有认领" in duty("show", "--item", "2").stdout


def claim_all_but_two(duty, blank: Path) -> None:
    """One street by the sheet of what is missing, one item of the other by words."""
    duty("claim", "--template", str(blank), "--street", STREETS[0])
    book = load_workbook(blank)
    rows = book["认领"]
    assert [rows.cell(row, 3).value for row in range(2, 6)] == ["1", "2", "3", None]
    for row in range(2, 5):
        rows.cell(row, 5, f"{STREETS[0]}经办甲、{STREETS[0]}经办乙")
    book.save(blank)
    own = ("--as", f"{STREETS[0]}经办甲")
    assert "新认领 3 项" in duty("claim", str(blank), *own).stdout
    assert "相同 3 项" in duty("claim", str(blank), *own).stdout
    other = ("--item", "1", "--street", STREETS[1], "--liaison", f"{STREETS[1]}经办甲")
    assert "NOT_YOUR_UNIT" in duty("claim", *other, *own, code=3).stderr
    duty("claim", *other, "--team", "文旅专班", *AS)
    status = duty("claim", "--status").stdout
    assert "认领 4/6，1 个街道还不全，不能验收（4-43）" in status
    assert "2 第2类经营场所监管；3 第3类经营场所监管" in status
    shown = duty("show", "--item", "1").stdout
    assert "文旅专班" in shown and f"{STREETS[0]}经办乙" in shown
    lines = json.loads(duty("claim", "--status", "--json").stdout)["lines"]
    assert [(one["street"], one["claimed"]) for one in lines] == [(STREETS[0], 3), (STREETS[1], 1)]


def evaluate(duty) -> None:
    """Not ahead of time; both streets make it complete."""
    on = ("--on", "2026-11-02", "--method", "实地察看、收集资料", "--result", "运行正常")
    early = duty("trial", "--street", STREETS[0], "--on", "2099-01-01", *on[2:], *AS, code=3)
    assert "DUTY_TRIAL_AHEAD" in early.stderr
    for street in STREETS:
        assert "评估 1 个街道" in duty("trial", "--street", street, *on, *AS).stdout
    assert "试运行评估 2/2，全覆盖（4-40）。" in duty("trial", "--status").stdout
