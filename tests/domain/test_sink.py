"""Who appraises those who went down, and whose they are (3-11, 3-18, 3-19, 0-45)."""

from __future__ import annotations

import pytest

from domain.sink import Appraisal, appraisal, appraisal_fault, attributes
from tests.drafts import checked, setting


@pytest.mark.parametrize(
    "mode, posted, said, whose",
    [
        ("全面下放", 30, "街道100%", "区属、街管、街用、街考"),
        ("挂点联系", 30, "街道60%、派出单位40%", "区属、街管、街用、街区共考"),
        ("进驻执法", 30, "街道30%、派出单位70%", "区属、街管、街用、街区共考"),
        ("进驻执法", 100, "街道100%", "区属、街管、街用、街考"),
        ("进驻执法", None, None, "区属、街管、街用、考核未定"),
        ("", 30, None, ""),
    ],
)
def test_the_way_down_decides_who_appraises(mode, posted, said, whose):
    """3-18 and 3-19 are fixed, 进驻执法 is the plan's; nobody who stayed has any of it."""
    found = appraisal(mode, posted)

    assert said == (found.said if found else None)
    assert whose == attributes(mode, posted)


def test_a_post_that_has_moved_is_the_streets():
    """After the transfer's registration 编制归属 is the street."""
    assert attributes("全面下放", has_moved=True) == "街属、街管、街用、街考"


def test_a_score_needs_every_score_that_counts():
    """60/40 of 90 and 80 is 86; one missing is none; what does not count is not asked."""
    both = Appraisal(street=60, sender=40)

    assert both.score(90, 80) == pytest.approx(86)
    assert both.score(90, None) is None
    assert Appraisal(street=100, sender=0).score(90, None) == pytest.approx(90)


def test_the_district_alone_appraises_nobody_who_went_down():
    """0-45: only the street begins; others are appraised as before."""
    no = appraisal_fault("挂点联系", None, by_street=False)

    assert no is not None and no.code == "STREET_APPRAISES"
    assert appraisal_fault("挂点联系", None, by_street=True) is None
    assert appraisal_fault("", None, by_street=False) is None


@pytest.mark.parametrize("written, share", [("", None), ("50", 50), ("100", 100), ("0", 0)])
def test_the_plan_sets_the_share_for_those_posted(written, share):
    """改革 sheet, off by default."""
    plan = checked(setting("进驻考核街道占比", written)).plan

    assert plan is not None
    assert share == plan.posted_share


@pytest.mark.parametrize("written", ["101", "一半", "-1", "50%"])
def test_a_share_is_a_number_up_to_100(written):
    """Said at its line."""
    found = checked(setting("进驻考核街道占比", written)).errors

    assert [(f.code, f.column) for f in found] == [("BAD_NUMBER", "进驻考核街道占比")]
