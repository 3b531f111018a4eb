"""``jiegai census``, ``roster`` and ``staff``: sheets as filled in, and once for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from runtime.seal import ensure_key_file
from starter.census_file import (
    read_census,
    read_roster,
    write_census_template,
    write_roster_template,
)
from starter.errors import UserError
from starter.main import run
from tests.people_of import census_sheet, name_of, number_of, write_census, write_roster

ROOT = Path(__file__).parents[2]
OFFICE, STREETS = "甲区司法局", ("一街道", "二街道")
SHEET = census_sheet({OFFICE: 6, STREETS[0]: 2, STREETS[1]: 1})


def test_a_census_is_read_as_it_was_filled_in(tmp_path):
    """What was written comes back row by row; a template has the same sheets and heads."""
    filled = read_census(write_census(tmp_path / "清查.xlsx", SHEET))
    write_census_template(tmp_path / "空.xlsx")
    write_roster_template(tmp_path / "名册.xlsx")

    assert filled.sheet == SHEET and filled.findings == () and filled.rows == 21
    with pytest.raises(UserError, match="没有单位"):
        read_census(tmp_path / "空.xlsx")
    with pytest.raises(UserError, match="没有人员"):
        read_roster(tmp_path / "名册.xlsx")


def test_a_number_that_a_spreadsheet_rounded_is_said(tmp_path):
    """Fifteen digits are all that a quantity keeps; the cell is named, its content is not."""
    path = write_census(tmp_path / "清查.xlsx", SHEET)
    book = load_workbook(path)
    book["人员"].cell(row=3, column=3, value=110105194912310000)
    book.save(path)

    (found,) = read_census(path).findings
    assert (found.place, found.code) == ("人员!第3行·身份证号", "ID_AS_QUANTITY")
    assert "11010" not in found.sentence


def test_a_sheet_without_heads_does_not_give_its_first_person_away(tmp_path, capsys):
    """An unknown head is named by its place: it may be somebody's name."""
    path = write_roster(tmp_path / "名册.xlsx", ("", name_of(1), number_of(1), "", "", "", ""))
    book = load_workbook(path)
    sheet = book["名册"]
    sheet.cell(row=1, column=4, value=name_of(2))
    book.save(path)

    with pytest.raises(UserError) as raised:
        read_roster(path)
    assert "第4列" in raised.value.sentence and name_of(2) not in raised.value.sentence


@pytest.mark.parametrize(
    "arguments, ending",
    [
        (("census", "import", "{file}", "--as", "甲"), ("SECRET_KEY_MISSING", 3)),
        (("census", "import", "{file}"), ("USAGE", 2)),
        (("census", "sign", OFFICE, "--as", "甲"), ("PAPER_MISSING", 2)),
        (("census", "lock", "--as", "甲"), ("PAPER_MISSING", 2)),
        (("census", "template", "{file}"), ("FILE_EXISTS", 2)),
        (("census", "types", "--as", "甲"), ("USAGE", 2)),
        (("roster", "import", "{file}", "--as", "甲"), ("USAGE", 2)),
        (
            ("roster", "import", "{file}", "--number", "甲1", "--unit", "乙", "--as", "甲"),
            ("SECRET_KEY_MISSING", 3),
        ),
        (("staff", "show", "--unmask", "--as", "甲"), ("REASON_MISSING", 2)),
        (("staff", "show", "--as", "甲"), ("SECRET_KEY_MISSING", 3)),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(
    capsys, tmp_path, monkeypatch, arguments, ending
):
    """No service is asked, and without a key nothing is read."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    file = write_census(tmp_path / "清查.xlsx", SHEET)
    code, exit_code = ending

    assert run([one.format(file=file) for one in arguments]) == exit_code

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_with_a_key_a_sheet_is_read_before_anybody_is_asked(capsys, tmp_path, monkeypatch):
    """A file that is none is said at once."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    ensure_key_file(tmp_path)

    assert run(["census", "import", str(tmp_path / "没有.xlsx"), "--as", "甲"]) == 2
    assert "FILE_MISSING" in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    """No Temporal client, no pydantic, no spreadsheet reader, no cipher."""
    heavy = "('temporalio','pydantic','openpyxl','yaml','cryptography')"
    script = (
        "import sys; from starter.main import run; "
        "run(['census', '--help']); run(['roster', 'import', '--help']); run(['staff', '--help']);"
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


async def test_from_a_sheet_to_a_roster_and_nobody_can_be_read_on_the_way(stack, jiegai, tmp_path):
    """Census, signatures, lock, roster, unmasked read; Temporal's files hold keys alone."""
    name = "清查试"

    def there(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return jiegai(*words, "--rollout", name, code=code)

    plan = tmp_path / "方案.yaml"
    text = (ROOT / "tests" / "acceptance" / "两街道.yaml").read_text("utf-8")
    plan.write_text(text.replace("名称: 两街道", f"名称: {name}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), "--as", "市协调员")

    sheet = census_sheet({OFFICE: 700, STREETS[0]: 2, STREETS[1]: 1})
    wrong = replace(sheet, people=(replace(sheet.people[0], number="1"), *sheet.people[1:]))
    as_ = ("--as", "区协调员")
    bad = write_census(tmp_path / "错.xlsx", wrong)
    refused = there("census", "import", str(bad), *as_, code=2)
    assert refused.stdout.startswith("人员!第2行·身份证号 [ID_NUMBER]")
    assert "有1处错误" in refused.stderr
    good = write_census(tmp_path / "清查.xlsx", sheet)
    done = there("census", "import", str(good), *as_)
    assert "已导入 3 个单位，703 人" in done.stdout
    assert "已加密上传 1/1 片" in done.stderr
    assert "没有改动" in there("census", "import", str(good), *as_).stdout

    paper = ("--paper", "甲编委〔2026〕9号")
    for unit in (OFFICE, *STREETS):
        assert "已为" in there("census", "sign", unit, *paper, "--as", f"{unit}负责人").stdout
    assert "可以锁定" in there("census", "check").stdout
    assert "记台账期初 9 笔" in there("census", "lock", *paper, *as_).stdout
    late = there("census", "import", str(good), *as_, code=3)
    assert late.stderr.splitlines()[-1].startswith("错误[CENSUS_LOCKED]")

    roster = write_roster(
        tmp_path / "名册.xlsx",
        *(("", name_of(n), number_of(n), OFFICE, STREETS[0], f"{n % 3}队", "") for n in range(9)),
    )
    words = ("roster", "import", str(roster), "--number", "甲1", "--unit", STREETS[0], *as_)
    assert "已导入名册“甲1”第 1 版，9 人" in there(*words).stdout
    shown = json.loads(there("roster", "show", "--number", "甲1", "--json").stdout)
    assert len(shown["lines"]) == 9
    assert "与锁定和台账相符" in there("roster", "check", "甲1").stdout

    key = shown["lines"][0]["staff"]
    masked = there("staff", "show", "--key", key, *as_).stdout
    person = there("staff", "show", "--key", key, "--unmask", "--reason", "核对", *as_).stdout
    found = [n for n in range(9) if number_of(n) in person and name_of(n) in person]
    assert len(found) == 1 and number_of(found[0]) not in masked
    assert "核对" in there("staff", "reads", *as_).stdout

    kept = b"".join(
        file.read_bytes()
        for folder in ("temporal", "logs")
        for file in sorted((stack.settings.data_dir / folder).rglob("*"))
        if file.is_file()
    )
    assert key.encode() in kept and "清查试".encode() in kept
    # Names and numbers stand inside runs of such letters; most runs repeat, and are searched once.
    letters = rb"(?:[\xe4-\xe9][\x80-\xbf]{2})+|[0-9X]+"
    runs = b" ".join(set(re.findall(letters, kept)))
    told = [f(n).encode() for n in range(703) for f in (number_of, name_of)]
    assert all(re.fullmatch(letters, word) for word in told)
    assert "清查试".encode() in runs
    assert [word for word in told if word in runs] == []
