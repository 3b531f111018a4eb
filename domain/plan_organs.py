"""Who records for an organ without a desk (代录单位), and who set a date from above (时限设定机关).

区委编委, 区委常委会, 区领导 and a 编办 above decide on paper; a unit with a desk records what they
decided. A date that a superior organ set moves by that organ alone.
Sources: 0-28, 0-36, 0-37, 2-18 (who decides); 2-01…2-05 (dates set by the city); 4-07.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.directory import Directory
from domain.plan_columns import suggestion
from domain.plan_draft import RawRow
from domain.refusal import Finding
from domain.unit import ACTING_ROLES, Unit, UnitKind

_RECORDER = "代录单位"
_SET_BY = "时限设定机关"

RECORDED_KINDS = (UnitKind.COMMITTEE, UnitKind.DEPARTMENT)
"""Kinds that may be without a desk here; every other works its own steps."""

_BELOW = (UnitKind.STREET, UnitKind.TOWN, UnitKind.INSTITUTION)
"""Kinds that set no dates for others."""


def check_recorder(unit: Unit, row: RawRow, directory: Directory) -> Iterable[Finding]:
    """代录单位 is another unit at hand that has somebody to act and needs no recorder itself."""
    if not unit.recorder:
        return
    found = directory.find(unit.recorder, unit.district)
    if found is None:
        near = suggestion(unit.recorder, _at_hand(unit, directory))
        sentence = f"{_RECORDER}“{unit.recorder}”不在单位表中{near}。"
        yield row.finding("UNKNOWN_UNIT", sentence, _RECORDER)
        return
    who = f"“{found.name}”"
    if unit.kind not in RECORDED_KINDS:
        sentence = f"“{unit.name}”是{unit.kind}，自己办理，不能由别的单位代录。"
        yield row.finding("BAD_RECORDER", sentence, _RECORDER)
    elif found.name == unit.name:
        yield row.finding("BAD_RECORDER", f"{who}不能代录自己的决定。", _RECORDER)
    elif unit.district and found.district != unit.district:
        sentence = f"{who}不在{unit.district}，不能为“{unit.name}”代录。"
        yield row.finding("BAD_RECORDER", sentence, _RECORDER)
    elif found.recorder:
        sentence = f"{who}自己也由{found.recorder}代录，不能再为“{unit.name}”代录。"
        yield row.finding("BAD_RECORDER", sentence, _RECORDER)
    elif not any(role in ACTING_ROLES for _, role in found.appointments):
        sentence = f"{who}没有能办理的人，不能为“{unit.name}”代录。"
        yield row.finding("BAD_RECORDER", sentence, _RECORDER)


def _at_hand(unit: Unit, directory: Directory) -> list[str]:
    near = directory.by_district.get(unit.district, ())
    return [
        word
        for each in near
        if each is not unit
        for word in dict.fromkeys([*each.duties, each.name])
    ]


def date_setter(
    raw: RawRow, targets: tuple[str, ...], directory: Directory
) -> tuple[str, tuple[Finding, ...]]:
    """This will name the organ that set a row's date, '' where the plan itself did."""
    text = raw.text(_SET_BY)
    if not text:
        return "", ()
    found = _meant(text, targets, directory)
    if not found:
        known = [*directory.by_name, *sorted({duty for _, duty in directory.by_duty})]
        sentence = f"{_SET_BY}“{text}”不在单位表中{suggestion(text, known)}。"
        return "", (raw.finding("UNKNOWN_UNIT", sentence, _SET_BY),)
    if len(found) > 1:
        sentence = f"几个区都有“{text}”，{_SET_BY}请写单位全称。"
        return "", (raw.finding("AMBIGUOUS_UNIT", sentence, _SET_BY),)
    unit = found[0]
    if unit.name in targets:
        sentence = f"“{unit.name}”就是责任单位，不能自设时限；{_SET_BY}须在责任单位之上。"
        return unit.name, (raw.finding("BAD_DATE_SETTER", sentence, _SET_BY),)
    outside = unit.district and any(
        directory.by_name[target].district != unit.district for target in targets
    )
    if unit.kind in _BELOW or outside:
        sentence = f"“{unit.name}”不在全部责任单位之上，不能设定其时限。"
        return unit.name, (raw.finding("BAD_DATE_SETTER", sentence, _SET_BY),)
    return unit.name, ()


def _meant(text: str, targets: tuple[str, ...], directory: Directory) -> tuple[Unit, ...]:
    """The unit of that name, else those that the targets' districts know by it."""
    if text in directory.by_name:
        return (directory.by_name[text],)
    districts = dict.fromkeys(directory.by_name[target].district for target in targets)
    units = (directory.find(text, district) for district in districts or {"": None})
    return tuple({unit.name: unit for unit in units if unit is not None}.values())
