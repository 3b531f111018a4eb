"""What docs/乌海2019 keeps was made by one course: its files agree with each other and with the story."""

from __future__ import annotations

import importlib.util
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from starter.plan_file import read_plan

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "乌海2019"
WAITS = "（尚未建立）"
WORDS = ("红", "黄", "绿", "办结", "未开始")


def kept(name: str, kind: str = "txt") -> str:
    """One file as it was made."""
    return (KEPT / f"{name}-2019-12-15.{kind}").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    """The counts that the terminal's board prints."""
    line = kept("总表").splitlines()[1]
    found = {word: int(re.search(rf"{word} (\d+)", line)[1]) for word in WORDS}
    assert sum(found.values()) == int(re.match(r"共 (\d+) 项", line)[1])
    return found


@pytest.fixture(scope="module")
def log() -> dict[str, list[tuple[str, str]]]:
    """Minute and kind of every line of the log, by procedure."""
    found: dict[str, list[tuple[str, str]]] = {}
    workflow_id = ""
    for line in kept("办理记录").splitlines():
        if line.startswith("乌海2019/"):
            workflow_id = line
        elif entry := re.match(r" *\d+  (2019-\d\d-\d\d \d\d:\d\d)  (\S+)", line):
            found.setdefault(workflow_id, []).append((entry[1], entry[2]))
    return found


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    """The word of every procedure's cell on the chart, by the id in its title."""
    page = kept("挂图", "html")
    found = re.findall(r'title="流程 ([^"\n]+)\n[^"]*">(?:<a [^>]*>|<u>)<b>.([^<]+)</b>', page)
    return {workflow_id.strip(): word for workflow_id, word in found}


def test_board_chart_and_report_count_alike(counts: dict[str, int]):
    """The line of the terminal, the chips of the page, and the sentence of the document."""
    page = kept("挂图", "html")
    chips = {word: int(re.search(rf'chip \w">.{word} <b>(\d+)<', page)[1]) for word in WORDS}
    with zipfile.ZipFile(KEPT / "通报-2019-12-15.docx") as package:
        said = re.sub(r"<[^>]+>", "", package.read("word/document.xml").decode())
    red, yellow, green, done, waiting = counts.values()

    assert chips == counts
    assert f"办结{done}项" in said and f"未开始{waiting}项" in said
    assert (
        f"办理中{red + yellow + green}项（其中超期{red}项、临近时限{yellow}项、正常{green}项）"
        in said
    )


def test_every_number_leads_to_a_procedure_with_a_log(
    counts: dict[str, int], cells: dict[str, str], log: dict[str, list[tuple[str, str]]]
):
    """Each cell counted names a procedure; those that have begun, and no others, have a log."""
    begun = {workflow_id for workflow_id in cells if not workflow_id.endswith(WAITS)}
    ended = {workflow_id for workflow_id in begun if cells[workflow_id] == "办结"}

    assert Counter(cells.values()) == counts
    assert begun == log.keys()
    assert ended == {one for one, lines in log.items() if lines[-1][1] == "结束"}


def test_the_list_counts_as_the_board(counts: dict[str, int]):
    """A line for each procedure, with its light or its status."""
    lines = kept("逐项").splitlines()[5:]
    lights = Counter(line[0] for line in lines if not line.startswith("—"))
    statuses = Counter(line.split()[3] for line in lines if line.startswith("—"))

    assert {**lights, **statuses} == counts


def story() -> ModuleType:
    """The script's story, which is no package."""
    spec = importlib.util.spec_from_file_location(
        "wuhai_story", ROOT / "docs" / "pictures" / "wuhai_story.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_log_is_the_story(log: dict[str, list[tuple[str, str]]]):
    """Every action of the script was logged in its minute, and nobody acted besides."""
    plan = read_plan(ROOT / "plans" / "乌海2019.yaml").plan
    assert plan is not None
    told = story()
    wanted = Counter(
        (
            moment.scene.workflow_id,
            moment.at.astimezone(told.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
            "拒绝" if moment.scene.refused else "办理",
        )
        for moment in told.WuhaiStory(plan).moments()
    )
    acted = Counter(
        (workflow_id, minute, kind)
        for workflow_id, lines in log.items()
        for minute, kind in lines
        if kind in ("办理", "拒绝")
    )

    assert wanted == acted
