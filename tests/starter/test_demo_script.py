"""The demonstration's story does what an office would do with the shipped plan."""

from __future__ import annotations

from domain.action import Keeping
from starter.demo_script import Story
from starter.plan_file import read_plan


def test_what_organs_decide_is_recorded_by_the_unit_that_keeps_their_papers():
    """协调小组, 常委会, 区领导 and 区委编委 have no handlers; each decision has 文号 and file."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None

    scenes = [scene for scene in Story(plan).scenes() if scene.recorded]

    assert {scene.action.step for scene in scenes} == {
        "协调小组审议",
        "常委会审议",
        "三方沟通",
        "审议",
    }
    for scene in scenes:
        organ = plan.unit(scene.action.unit)
        assert () == organ.handlers
        assert organ.recorder
        assert all(
            piece.doc_no and piece.sha256 and piece.kept is Keeping.OFFLINE
            for piece in scene.action.evidence
        )


def test_everybody_in_the_story_is_in_the_plan():
    """A person who acts has a post in the plan's directory."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    known = {person for unit in plan.units for person, _ in unit.appointments}

    assert {scene.action.person for scene in Story(plan).scenes()} <= known
