"""Reading a plan from YAML: the same four tables, with lists and mappings where they are natural.

Top-level keys are the sheets: 改革 is a mapping of settings, 单位, 任务 and 环节 are lists of
mappings from column to value. The place of a finding is the key and the entry's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from domain.plan_columns import CONTENT, ITEM, REFORM, SHEETS, UNREAD_SHEETS, Sheet, suggestion
from domain.plan_draft import PlanDraft, RawRow, as_text, check_headers, draft_of
from domain.refusal import Finding
from starter.errors import UserError

MAX_ROWS = 5000


def read_yaml(path: Path) -> PlanDraft:
    """This will read a YAML plan as a draft; UserError if it is not YAML at all."""
    loaded = load_yaml(path)
    if not isinstance(loaded, Mapping):
        raise UserError("FILE_LAYOUT", f"{path.name} 不是计划：最外层应为 改革、单位、任务、环节。")
    findings: list[Finding] = []
    names = [sheet.name for sheet in SHEETS]
    rows: dict[str, list[RawRow]] = {}
    for key, value in loaded.items():
        if key in UNREAD_SHEETS:
            continue
        sheet = next((sheet for sheet in SHEETS if sheet.name == key), None)
        if sheet is None:
            sentence = f"不认识的表“{key}”{suggestion(str(key), names)}。"
            findings.append(Finding(code="UNKNOWN_SHEET", sentence=sentence, sheet=str(key)))
        else:
            rows[sheet.name] = list(_rows(sheet, value, findings))
    return draft_of(rows, findings)


def load_yaml(path: Path) -> Any:
    """This will load a YAML file whose keys are unique; text, numbers and dates stay text.

    Raises UserError: FILE_ENCODING, YAML_SYNTAX.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("FILE_ENCODING", f"{path.name} 不是 UTF-8 编码，请另存为 UTF-8。") from None
    try:
        loader = _unique_keys_loader()(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        what = _in_chinese(error.problem or "")
        raise UserError(
            "YAML_SYNTAX", f"{path.name} 第{line}行不合 YAML 格式（{what}）。"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = _in_chinese(str(error))
        raise UserError("YAML_SYNTAX", f"{path.name} 不合 YAML 格式（{what}）。") from None


_YAML_SAYS = (
    (r"'\t'|\\t", "缩进用了制表符，请改用空格"),
    ("recursion", "层次太多"),
    ("unacceptable character|special characters", "有不可见的控制字符"),
    ("constructor for the tag", "不能使用 ! 标签"),
    ("unhashable", "列名只能是文字"),
    ("another document", "一个文件只能有一份方案，请删去 ---"),
    ("mapping values are not allowed", "冒号位置不对，或上一行的引号、缩进有误"),
    ("could not find expected ':'", "缺少冒号"),
    ("expected <block end>|expected ',' or", "缩进不齐，或缺少逗号、括号"),
    ("unexpected end of stream|end of stream", "引号或括号没有收尾"),
    ("cannot start any token", "有不能用作开头的符号，请加引号"),
)
"""What PyYAML says, and what a person should look for."""


def _in_chinese(problem: str) -> str:
    if not problem.isascii():
        return problem  # our own
    found = (words for pattern, words in _YAML_SAYS if re.search(pattern, problem))
    return next(found, "请检查这一行及上一行的缩进、冒号和引号")


def _unique_keys_loader() -> Any:
    """A safe loader that refuses a key written twice, leaves impossible dates to the plan check.

    PyYAML would keep the last of two 完成时限 silently, and stop at ``2019-02-30``.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Text stays text, also dates and numbers; only 是/否 as true/false is resolved."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            # A few lines of references to references expand to gigabytes.
            if self.check_event(yaml.events.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "不能使用 * 引用", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key_node, _ in node.value:
                key = key_node.value
                if isinstance(key, str) and key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"“{key}”写了两次", key_node.start_mark
                    )
                if isinstance(key, str):
                    seen.add(key)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        mark: [(tag, regexp) for tag, regexp in resolvers if tag in _TAGS]
        for mark, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


_TAGS = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"}


def _rows(sheet: Sheet, value: object, findings: list[Finding]) -> Iterable[RawRow]:
    if sheet is REFORM and isinstance(value, Mapping):
        for number, (key, content) in enumerate(value.items(), start=1):
            cells = {ITEM: as_text(key), CONTENT: as_text(content)}
            yield RawRow(sheet=sheet.name, row=number, cells=cells)
        return
    if value is None:
        return
    if not isinstance(value, list):
        sentence = f"“{sheet.name}”应为列表，每项是一行。"
        findings.append(Finding(code="FILE_LAYOUT", sentence=sentence, sheet=sheet.name))
        return
    if len(value) > MAX_ROWS:
        raise UserError("TOO_MANY_ROWS", f"“{sheet.name}”超过{MAX_ROWS}行，请拆分计划。")
    for number, entry in enumerate(value, start=1):
        if not isinstance(entry, Mapping):
            sentence = "这一项应写成 列名: 内容。"
            findings.append(
                Finding(code="FILE_LAYOUT", sentence=sentence, sheet=sheet.name, row=number)
            )
            continue
        keys = [as_text(key) for key in entry]
        findings.extend(f for f in check_headers(sheet, keys, number) if f.code != "MISSING_COLUMN")
        cells = {
            column.name: as_text(cell)
            for key, cell in entry.items()
            if (column := sheet.column(as_text(key))) is not None
        }
        yield RawRow(sheet=sheet.name, row=number, cells=cells)
