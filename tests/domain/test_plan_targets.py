"""各街道 and its like."""

from __future__ import annotations

import pytest

from domain.directory import Directory
from domain.plan_targets import read_targets
from domain.unit import Unit, UnitKind

_S, _T, _D = UnitKind.STREET, UnitKind.TOWN, UnitKind.DEPARTMENT

DIRECTORY = Directory.of(
    [
        Unit(name="示例市", kind=UnitKind.CITY),
        Unit(name="甲区", kind=UnitKind.DISTRICT, district="甲区"),
        Unit(name="甲区编办", kind=_D, district="甲区", duty="区委编办", is_member=True),
        Unit(name="东街道", kind=_S, district="甲区"),
        Unit(name="和平街道", kind=_S, district="甲区"),
        Unit(name="西镇", kind=_T, district="甲区"),
        Unit(name="文化站", kind=UnitKind.INSTITUTION, district="甲区"),
        Unit(name="乙区", kind=UnitKind.DISTRICT, district="乙区"),
        Unit(name="乙区编办", kind=_D, district="乙区", duty="区委编办"),
        Unit(name="南街道", kind=_S, district="乙区"),
    ]
)


@pytest.mark.parametrize(
    "text,units",
    [
        ("各街道", "东街道、和平街道、南街道"),
        ("各镇", "西镇"),
        ("各镇街", "东街道、和平街道、西镇、南街道"),
        ("各镇和街道", "东街道、和平街道、西镇、南街道"),
        ("各区", "甲区、乙区"),
        ("全市", "示例市"),
        ("市", "示例市"),
        ("各部门", "甲区编办、乙区编办"),
        ("各成员单位", "甲区编办"),
        ("各事业单位", "文化站"),
        ("南街道、东街道", "东街道、南街道"),
        ("和平街道和西镇", "和平街道、西镇"),
        ("甲区各街道", "东街道、和平街道"),
        ("各区委编办", "甲区编办、乙区编办"),
        ("各街道、西镇", "东街道、和平街道、西镇、南街道"),
        ("除南街道外的各街道", "东街道、和平街道"),
        ("各街道（除南街道、东街道外）", "和平街道"),
        ("各镇街，除西镇以外", "东街道、和平街道、南街道"),
        ("除甲区各街道外的各镇街", "西镇、南街道"),
    ],
)
def test_a_known_wording_is_read(text, units):
    """Each wording gives these units, in the plan's order."""
    read = read_targets(text, DIRECTORY)

    assert units == "、".join(read.units)
    assert (read.unknown, read.ambiguous) == ((), ())


def test_what_is_not_known_is_named():
    """A word that is no unit is given back, the rest is read all the same."""
    read = read_targets("各街道、北街道、区委编办", DIRECTORY)

    assert read.unknown == ("北街道",)
    assert read.ambiguous == ("区委编办",)
    assert len(read.units) == 3


def test_the_reading_says_what_was_left_out():
    """除…外 shows in the sentence."""
    assert (
        read_targets("除南街道外的各街道", DIRECTORY).said == "2个：东街道、和平街道（不含南街道）"
    )
