"""Plans as files: two formats, one model; files as people really keep them."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from domain.plan_columns import CONTENT, ITEM, SHEETS
from starter.errors import UserError
from starter.plan_file import read_draft, read_plan
from starter.plan_xlsx import write_draft, write_template
from tests.drafts import draft, tables

PLANS = ("乌海2019", "武昌")


@pytest.mark.parametrize("name", PLANS)
def test_a_shipped_plan_has_no_error_and_both_formats_agree(name):
    """The workbook gives the very plan that the YAML gives."""
    from_yaml, from_xlsx = read_plan(f"plans/{name}.yaml"), read_plan(f"plans/{name}.xlsx")

    assert from_yaml.errors == ()
    assert from_yaml.plan is not None
    assert from_yaml.plan == from_xlsx.plan


@pytest.mark.parametrize("name", PLANS)
def test_a_shipped_workbook_is_what_the_writer_makes_of_the_yaml(name, tmp_path):
    """Whoever edits a YAML plan writes its workbook again; the bytes are the same each time."""
    again = tmp_path / "again.xlsx"
    write_draft(again, read_draft(f"plans/{name}.yaml"))

    assert Path(f"plans/{name}.xlsx").read_bytes() == again.read_bytes()


def test_wuhai_has_the_dates_of_its_text():
    """M1…M5 as 2-01…2-05 and 2-29 say."""
    plan = read_plan("plans/乌海2019.yaml").plan

    due = {row.id: row.due.isoformat() for row in plan.rows}
    assert due["M1"] == "2019-11-20"
    assert due["M2"] == "2019-12-10"
    assert due["M3-1"] == "2019-12-31"
    assert plan.row("M3-1").options["环节时限"] == "审议=2019-12-20"
    assert {due[row] for row in ("M4-1", "M4-2", "M4-3", "M4-4")} == {"2019-12-31"}
    assert {due[row] for row in ("M5-1", "M5-2", "M5-3", "M5-4")} == {"2020-06-30"}
    assert plan.kickoff == date(2019, 11, 12)
    assert all(row.source for row in plan.rows)


def test_wuchang_has_ten_members_and_eleven_documents():
    """0-07 names ten; 0-53…0-61 print nine titles of eleven."""
    plan = read_plan("plans/武昌.yaml").plan

    assert sum(unit.is_member for unit in plan.units) == 10
    documents = [row for row in plan.rows if row.id.startswith("W5-")]
    assert len(documents) == 11
    assert [row.item for row in documents if "名称待定" in row.task] == ["待定一", "待定二"]


@pytest.mark.parametrize("kickoff", [date(2026, 1, 30), date(2026, 11, 22), date(2027, 2, 1)])
@pytest.mark.parametrize("name", PLANS)
def test_a_shipped_plan_can_start_on_any_day(name, kickoff):
    """Re-based, also across 春节 and past the last notice, it has no error."""
    result = read_plan(f"plans/{name}.yaml", kickoff)

    assert result.errors == ()
    assert result.plan.kickoff == kickoff


def test_a_written_workbook_reads_back_as_the_same_cells(tmp_path):
    """Cells survive, also those that Excel would turn into dates or formulas."""
    found = tables()
    found["任务"][0]["完成时限"] = "12-02"
    found["任务"][0]["任务"] = "=完成\n二"
    file = tmp_path / "计划 一.xlsx"
    write_draft(file, draft(found))

    back = read_draft(file)

    for sheet in SHEETS:
        old = [
            {(k, v) for k, v in row.cells.items() if v} for row in draft(found).sheet(sheet.name)
        ]
        new = [{(k, v) for k, v in row.cells.items() if v} for row in back.sheet(sheet.name)]
        assert sorted(map(sorted, old)) == sorted(map(sorted, new))


def book(found=None):
    """A workbook of the small plan as somebody typed it, for a test to disturb."""
    from openpyxl import Workbook

    made = Workbook()
    made.remove(made.active)
    for name, rows in (found or tables()).items():
        sheet = made.create_sheet(name)
        headers = list(dict.fromkeys(key for row in rows for key in row))
        sheet.append(headers)
        for row in rows:
            sheet.append([_typed(row.get(key)) for key in headers])
    return made


def _typed(value):
    return "模板=乌海" if isinstance(value, dict) else value


def saved(made, tmp_path):
    """The workbook on disk."""
    file = tmp_path / "表.xlsx"
    made.save(file)
    return file


def test_a_workbook_as_people_keep_it_is_read(tmp_path):
    """A title above the header, merged cells, real dates, numbers, blank rows at the end."""
    made = book()
    tasks = made["任务"]
    tasks.insert_rows(1)
    tasks["A1"] = "改革时间、任务、责任表"
    tasks.merge_cells("A1:I1")
    tasks["H3"] = datetime(2019, 12, 2)  # noqa: DTZ001 - so Excel has it
    tasks.merge_cells("G4:G6")
    made["单位"]["A13"].value = "二街道 "
    for row in range(20, 60):
        tasks.cell(row=row, column=2, value=" ")
    made["环节"]["C2"] = 3.0

    result = read_plan(saved(made, tmp_path))

    assert result.errors == ()
    assert next(row.due.isoformat() for row in result.plan.rows) == "2019-12-02"
    assert {row.responsible for row in result.plan.rows} == {"第一责任人"}
    assert result.plan.steps[0].workdays == 3


def test_a_finding_names_the_row_of_the_sheet(tmp_path):
    """With a title and a blank line above, the row is still the one that Excel shows."""
    made = book()
    made["任务"]["H3"] = "尽快"
    made["任务"].insert_rows(1, 2)

    (error,) = read_plan(saved(made, tmp_path)).errors

    assert (error.place, error.code) == ("任务!第5行·完成时限", "DUE_NO_NUMBER")


def test_a_renamed_column_is_named_with_a_suggestion(tmp_path):
    """完成期限 is no column; the missing one and the near one are both said."""
    made = book()
    made["任务"]["H1"] = "完成期限"

    found = {f.code: f.sentence for f in read_plan(saved(made, tmp_path)).errors}

    assert found["MISSING_COLUMN"] == "缺少“完成时限”列，最接近的是“完成期限”。"
    assert found["UNKNOWN_COLUMN"] == "不认识的列“完成期限”，最接近的是“完成时限”。"


def test_a_column_twice_is_refused(tmp_path):
    """Which of the two would count?"""
    made = book()
    made["任务"]["I1"] = "责任人"

    assert "DUPLICATE_COLUMN" in {f.code for f in read_plan(saved(made, tmp_path)).errors}


def test_a_sheet_without_a_header_is_refused(tmp_path):
    """Nothing is guessed from the order of columns."""
    made = book()
    made["任务"].delete_rows(1)

    found = [f for f in read_plan(saved(made, tmp_path)).errors if f.code == "MISSING_COLUMN"]

    assert "找不到表头" in found[0].sentence


def test_another_sheet_is_passed_over_with_a_warning(tmp_path):
    """A sheet of notes does no harm; a misspelt name is suggested."""
    made = book()
    made.create_sheet("任务表")

    result = read_plan(saved(made, tmp_path))

    assert result.errors == ()
    assert [f.code for f in result.warnings if f.sheet == "任务表"] == ["UNKNOWN_SHEET"]


def test_the_template_has_every_column_and_choice(tmp_path):
    """Filling the template in is enough: headers, frozen panes, choices, notes."""
    from openpyxl import load_workbook

    file = tmp_path / "模板.xlsx"
    write_template(file)
    made = load_workbook(file)

    assert made.sheetnames == ["说明", *(sheet.name for sheet in SHEETS)]
    for sheet in SHEETS:
        written = made[sheet.name]
        assert tuple(cell.value for cell in written[1]) == sheet.headers
        assert written.freeze_panes == "B2"
        assert all(cell.comment for cell in written[1])
    offered = made["任务"].data_validations.dataValidation[0].formula1
    assert offered == '"方案,三定,修订,五定,挂牌,转隶,任务"'
    assert "NO_ROWS" in {f.code for f in read_plan(file).errors}


def refused(path):
    """The code with which a file is refused."""
    with pytest.raises(UserError) as caught:
        read_plan(path)
    return caught.value.code


def test_files_that_cannot_be_plans_are_refused_in_a_sentence(tmp_path):
    """Each way a file can be wrong has a code; none is a traceback."""
    broken, text, macro = tmp_path / "坏.xlsx", tmp_path / "x.docx", tmp_path / "x.xlsm"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    text.write_text("x")
    macro.write_bytes(b"")
    hidden = tmp_path / "宏.xlsx"
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    empty = tmp_path / "空.xlsx"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("x.txt", b"x")

    assert refused(tmp_path / "没有.xlsx") == "FILE_NOT_FOUND"
    assert refused(broken) == "FILE_UNREADABLE"
    assert refused(empty) == "FILE_UNREADABLE"
    assert refused(text) == "FILE_TYPE"
    assert refused(tmp_path / "旧.xls") == "FILE_TYPE"
    assert refused(macro) == "FILE_MACRO"
    assert refused(hidden) == "FILE_MACRO"
    folder = tmp_path / "目录.yaml"
    folder.mkdir()
    assert refused(folder) == "FILE_UNREADABLE"


def test_more_than_five_thousand_rows_are_refused(tmp_path):
    """One deployment is a district or a city; more rows are a mistake or an attack."""
    many = tables()
    many["任务"] = [{"编号": f"X{n}", "任务": "x", "类型": "任务"} for n in range(5020)]
    as_yaml = tmp_path / "多.yaml"
    entries = "\n".join("- {编号: X}" for _ in range(5001))
    as_yaml.write_text(f"任务:\n{entries}\n", encoding="utf-8")

    assert refused(saved(book(many), tmp_path)) == "TOO_MANY_ROWS"
    assert refused(as_yaml) == "TOO_MANY_ROWS"


@pytest.mark.parametrize(
    "text,code",
    [
        ("任务: [", "YAML_SYNTAX"),
        ("任务:\n- {编号: A, 编号: B}\n", "YAML_SYNTAX"),
        ("任务:\n- &a {编号: A}\n- *a\n", "YAML_SYNTAX"),
        ("a: 1\n---\nb: 2\n", "YAML_SYNTAX"),
        ("任务: !!python/object:os.system x\n", "YAML_SYNTAX"),
        ("- 1\n", "FILE_LAYOUT"),
        ("", "FILE_LAYOUT"),
    ],
)
def test_bad_yaml_is_refused_in_a_sentence(text, code, tmp_path):
    """Broken syntax, a key twice, references, two documents, foreign objects."""
    file = tmp_path / "计划.yaml"
    file.write_text(text, encoding="utf-8")

    assert refused(file) == code


def test_yaml_in_another_encoding_is_refused(tmp_path):
    """GBK, as old editors save it."""
    file = tmp_path / "计划.yaml"
    file.write_bytes("任务: []".encode("gbk"))

    assert refused(file) == "FILE_ENCODING"


def test_yaml_of_the_wrong_shape_is_found_in_its_place(tmp_path):
    """A list that is none and an entry that is none are findings, not crashes."""
    file = tmp_path / "计划.yaml"
    file.write_text("单位: 甲\n任务:\n- 乙\n任务单: []\n", encoding="utf-8")

    found = {(f.code, f.place) for f in read_plan(file).errors}

    assert {("FILE_LAYOUT", "单位"), ("FILE_LAYOUT", "任务!第1行")} <= found
    assert ("UNKNOWN_SHEET", "任务单") in found


def test_a_date_that_does_not_exist_is_the_check_s_to_report(tmp_path):
    """PyYAML itself would stop at 2019-02-30."""
    file = tmp_path / "计划.yaml"
    text = Path("plans/乌海2019.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("完成时限: 2019-11-20", "完成时限: 2019-11-31"), encoding="utf-8")

    (error,) = read_plan(file).errors

    assert (error.code, error.place) == ("DUE_NO_SUCH_DAY", "任务!第1行·完成时限")


def test_settings_may_be_a_mapping(tmp_path):
    """改革 as a mapping and as a list of 项目 and 内容 are the same."""
    text = Path("plans/武昌.yaml").read_text(encoding="utf-8")
    lines = text.split("改革:\n")[1].split("\n\n")[0]
    listed = "\n".join(
        f"  - {{{ITEM}: {line.split(': ')[0].strip()}, {CONTENT}: {line.split(': ')[1]}}}"
        for line in lines.splitlines()
    )
    file = tmp_path / "计划.yaml"
    file.write_text(text.replace(lines, listed), encoding="utf-8")

    assert read_plan(file).plan == read_plan("plans/武昌.yaml").plan
