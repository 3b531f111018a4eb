"""办案设置 as it is written: limits of the steps, who decides, what must come with a handover.

What is not written stays as the source texts have it (4-11, 4-12). What is looser than they are is
said; what is looser than the law (国务院令310号 on suspected crime) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from domain.action import MAX_NAME
from domain.case_limits import (
    DECIDE,
    DEFAULT_LIMITS,
    MOVE,
    POLICE_REVIEW,
    STEPS,
    CaseLimit,
    CaseSettings,
    LimitUnit,
    parse_limit,
)
from domain.refusal import Finding

LIMITS, URGENT, SIGN_DAYS = "时限", "紧急", "签收自留工作日"
DESIGNATOR, ARBITER, POLICE, RAISE_TO = "指定机关", "裁定机关", "公安机关", "提级机关"
MAX_RETURNS, DOCUMENTS, OFFICERS = "退回上限", "交接材料", "执法人员"
ELEMENTS, DAY_END, REMIND, ESCALATE = "回告要素", "当日截止", "提前提醒小时", "超期升级"

_ORGANS: Final = {
    DESIGNATOR: "designator",
    ARBITER: "arbiter",
    POLICE: "police",
    RAISE_TO: "raise_to",
}
_NUMBERS: Final = {
    SIGN_DAYS: ("sign_workdays", 1, 30),
    MAX_RETURNS: ("max_returns", 0, 20),
    OFFICERS: ("officers", 0, 10),
}
_LISTS: Final = {DOCUMENTS: ("documents", 0, 20), ELEMENTS: ("elements", 1, 20)}
KEYS: Final = (
    LIMITS,
    URGENT,
    SIGN_DAYS,
    *_ORGANS,
    MAX_RETURNS,
    DOCUMENTS,
    OFFICERS,
    ELEMENTS,
    DAY_END,
    REMIND,
    ESCALATE,
)
_LAWFUL: Final = frozenset({DECIDE, MOVE, POLICE_REVIEW})
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_RUNG = re.compile(r"(\d{1,2})\s*(?:个)?(?:工作日|日)?\s*(\S.*)")
_HOURS: Final = {LimitUnit.SAME_DAY: 24, LimitUnit.HOURS: 1, LimitUnit.DAYS: 24}
_A_WORKDAY: Final = 24
_NO_LIMIT: Final = 10**9


def read_settings(written: object, paper: str) -> tuple[CaseSettings | None, tuple[Finding, ...]]:
    """This will read 办案设置 as loaded from YAML; None where something is wrong with it.

    ``paper`` is the basis of every limit that is not the source texts' own. Warnings come along.
    """
    if not isinstance(written, Mapping):
        sentence = f"办案设置应写成 名称: 内容，可写：{'、'.join(KEYS)}。"
        return None, (Finding(code="FILE_LAYOUT", sentence=sentence),)
    reader = _Reader(paper.strip())
    for key, value in written.items():
        reader.read(str(key).strip(), value)
    reader.findings += _loose(reader.settings)
    if any(one.is_error for one in reader.findings):
        return None, tuple(reader.findings)
    return reader.settings, tuple(reader.findings)


class _Reader:
    """Takes one entry after the other, and remembers what is wrong with each."""

    def __init__(self, paper: str) -> None:
        self.settings = CaseSettings()
        self.findings: list[Finding] = []
        self._paper = paper

    def read(self, key: str, value: object) -> None:
        if key == LIMITS:
            self._limits(value)
        elif key == URGENT:
            limit = self._limit(URGENT, "", value)
            if limit is not None:
                # It takes the place of the 3 working days of 4-12, which count from the finding.
                urgent = replace(limit, from_trigger=True) if limit.unit != LimitUnit.NONE else None
                self._set(urgent=urgent)
        elif key in _ORGANS:
            self._organ(key, value)
        elif key in _NUMBERS:
            self._number(key, value)
        elif key in _LISTS:
            self._list(key, value)
        elif key == DAY_END:
            self._day_end(value)
        elif key == REMIND:
            self._remind(value)
        elif key == ESCALATE:
            self._escalate(value)
        else:
            self._find("SETTING_UNKNOWN", key, "", f"没有“{key}”这项，可写：{'、'.join(KEYS)}。")

    def _set(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)

    def _find(self, code: str, key: str, column: str, sentence: str) -> None:
        self.findings.append(Finding(code=code, sentence=sentence, sheet=key, column=column))

    def _limits(self, value: object) -> None:
        if not isinstance(value, Mapping):
            self._find("FILE_LAYOUT", LIMITS, "", "时限应写成 环节: 时限，例如 签收: 2个工作日。")
            return
        limits = dict(self.settings.limits)
        for name, text in value.items():
            step = str(name).strip()
            if step not in STEPS:
                known = "、".join(STEPS)
                self._find("SETTING_UNKNOWN", LIMITS, step, f"没有环节“{step}”，可写：{known}。")
            elif (limit := self._limit(LIMITS, step, text)) is not None:
                limits[step] = limit
        self._set(limits=limits)

    def _limit(self, key: str, step: str, value: object) -> CaseLimit | None:
        text = "" if value is None else str(value)
        limit = parse_limit(text)
        if limit is None:
            sentence = f"“{text}”不是时限，可写：不限、当日、3个工作日、15日、24小时。"
            self._find("LIMIT_FORM", key, step, sentence)
            return None
        usual = DEFAULT_LIMITS.get(step)
        if usual is not None and (limit.unit, limit.count) == (usual.unit, usual.count):
            return usual
        if limit.unit is LimitUnit.NONE:
            return limit
        return replace(
            limit,
            basis=self._paper,
            from_trigger=usual is not None and usual.from_trigger,
            always=limit.unit in (LimitUnit.SAME_DAY, LimitUnit.HOURS),
        )

    def _organ(self, key: str, value: object) -> None:
        text = str(value or "").strip()
        if not text or len(text) > MAX_NAME:
            self._find("SETTING_VALUE", key, "", "须写一个单位或简称，例如 区司法局。")
            return
        self._set(**{_ORGANS[key]: text})

    def _number(self, key: str, value: object) -> None:
        name, least, most = _NUMBERS[key]
        text = str(value if value is not None else "").strip()
        if not text.isdecimal() or not least <= int(text[:6]) <= most:
            self._find("SETTING_VALUE", key, "", f"“{text[:20]}”不对，应是{least}至{most}的整数。")
            return
        self._set(**{name: int(text)})

    def _list(self, key: str, value: object) -> None:
        name, least, most = _LISTS[key]
        texts = tuple(str(one or "").strip() for one in value) if isinstance(value, list) else None
        wrong = texts is None or not least <= len(texts) <= most or len(set(texts)) < len(texts)
        if texts is None or wrong or any(not one or len(one) > MAX_NAME for one in texts):
            sentence = f"应写成列表，{least}至{most}项，各不相同，例如 [现场笔录, 照片]。"
            self._find("SETTING_VALUE", key, "", sentence)
            return
        self._set(**{name: texts})

    def _day_end(self, value: object) -> None:
        text = str(value or "").strip()
        if not _CLOCK.fullmatch(text):
            self._find("SETTING_VALUE", DAY_END, "", f"“{text[:20]}”不对，应写成 24:00 或 17:30。")
            return
        self._set(day_end=text)

    def _remind(self, value: object) -> None:
        texts = [str(one).strip() for one in value] if isinstance(value, list) else [""]
        good = all(one.isdecimal() and 1 <= int(one[:4]) <= 72 for one in texts)
        if not good or len(texts) > 5:
            self._find("SETTING_VALUE", REMIND, "", "应写成列表，如 [4, 1]，各是1至72的整数。")
            return
        self._set(remind_hours=tuple(sorted({int(one) for one in texts}, reverse=True)))

    def _escalate(self, value: object) -> None:
        rungs = []
        for text in value if isinstance(value, list) else [""]:
            found = _RUNG.fullmatch(str(text).strip())
            if found is None or len(found[2]) > MAX_NAME:
                sentence = "应写成列表，如 [0 第一责任人, 1 分管领导]：超期几个工作日、报谁。"
                self._find("SETTING_VALUE", ESCALATE, "", sentence)
                return
            rungs.append((int(found[1]), found[2].strip()))
        self._set(escalate=tuple(rungs))


def _loose(settings: CaseSettings) -> Iterator[Finding]:
    """Limits that are looser than where they come from; only a law binds the district."""
    for step, usual in DEFAULT_LIMITS.items():
        limit = settings.limits.get(step, CaseLimit())
        if _rough_hours(limit) <= _rough_hours(usual):
            continue
        if step in _LAWFUL:
            sentence = f"“{limit.text}”宽于{usual.basis}的{usual.text}，不能这样定。"
            yield Finding(code="LIMIT_UNLAWFUL", sentence=sentence, sheet=LIMITS, column=step)
        else:
            sentence = f"“{limit.text}”宽于原文（{usual.basis}）的{usual.text}，请确认。"
            yield Finding(
                code="LIMIT_LOOSE", sentence=sentence, sheet=LIMITS, column=step, is_error=False
            )


def _rough_hours(limit: CaseLimit) -> int:
    """How long a limit is at least, to compare two; a working day may be any number of days."""
    if limit.unit is LimitUnit.NONE:
        return _NO_LIMIT
    if limit.unit is LimitUnit.WORKDAYS:
        return limit.count * _A_WORKDAY
    return _HOURS[limit.unit] * (limit.count or 1)


SETTINGS_TEMPLATE: Final = """\
# 办案设置：没有写的照原文。时限可写：不限、当日、3个工作日、15日、24小时。
# 存入：jiegai case settings set 本文件 --paper 文号 --as 姓名

时限:
  报告: 当日            # 4-11，从发现或收到时起算
  交接: 3个工作日       # 4-12，从发现或收到的次日起算，签收才停止
  办理: 不限            # 原文没有数字的，不写就是不限
  派单: 不限
  签收: 不限            # 派单由街道签收；交接单的签收按交接的时限
  裁定: 不限
  协商: 不限
  指定: 不限
  回告: 不限            # 4-14
  确认: 不限            # 从街道回告起算
  接收移交: 不限        # 4-15
  继续办理: 不限
  决定: 3日             # 国务院令310号，不能放宽
  移送: 24小时
  公安审查: 3日
  分流: 不限            # 1-46
  回复: 不限
  报到: 不限            # 0-47
  处置: 不限

紧急: 不限              # 例如 24小时：紧急案件的交接时限
签收自留工作日: 1       # 交接单送得太晚时，对方至少有几个工作日
执法人员: 0             # 交接须几名执法人员，例如 2
交接材料: []            # 交接单以外必附的材料，例如 [现场笔录, 照片]
回告要素: [办理经过, 办理结果, 办结日期, 承办人]
退回上限: 2             # 回告退回几次以后提级
指定机关: 区司法局      # 协商不成时，代共同上级办理指定
裁定机关: 区委编办      # 裁定街道的拒收
提级机关: 区委编办
公安机关: 区公安分局
当日截止: "24:00"       # 或下班时刻，例如 "17:30"
提前提醒小时: [4, 1]    # 当日和小时的时限，到期前几小时提醒
超期升级: [0 第一责任人, 1 分管领导]
"""
"""A file with every setting as the source texts have it, to be changed and stored."""
