"""The way in which somebody goes down stands on the roster and shows who appraises (3-11)."""

from __future__ import annotations

from domain.roster import RosterStatus
from tests.activities.test_census import OFFICE, STREETS, Office, move, office, place

__all__ = ["office"]


async def test_the_roster_says_in_which_way_each_person_goes_down(office: Office) -> None:
    """全面下放 and 进驻执法 of two persons; the third says nothing, and is shown nothing."""
    await office.locked()
    ways = ("全面下放", "进驻执法", "")
    done = await office.roster([place(n, n + 2, sink_mode=way) for n, way in enumerate(ways)])
    assert done.applied

    _, lines = await office.page("区协调员", unit=OFFICE)

    assert sorted(
        (one["sink_mode"], one["attributes"], one["appraisal"]) for one in lines if one["sink_mode"]
    ) == [
        ("全面下放", "区属、街管、街用、街考", "街道100%"),
        ("进驻执法", "区属、街管、街用、考核未定", ""),
    ]
    assert len([one for one in lines if not one["attributes"]]) == 4
    assert await move(office, RosterStatus.DRAWN_UP, RosterStatus.CANCELLED)
    _, lines = await office.page("区协调员", unit=OFFICE)
    assert not any(one["sink_mode"] for one in lines)


async def test_another_way_is_another_version(office: Office) -> None:
    """The same persons with another 下沉方式 are no repeated import."""
    await office.locked()
    first = await office.roster([place(0, sink_mode="全面下放")])
    again = await office.roster([place(0, sink_mode="全面下放")])
    other = await office.roster([place(0, sink_mode="挂点联系")])

    assert (first.version, again.applied, other.version) == (1, False, 2)


async def test_an_unknown_way_is_an_error_at_its_cell(office: Office) -> None:
    """Only the three; the sentence names them and no person."""
    await office.locked()
    wrong = await office.roster([place(0, sink_mode="借调"), place(1, 3, to_unit=STREETS[1])])

    (found,) = wrong.findings
    assert (found.row, found.column, found.code) == (2, "下沉方式", "ROSTER_SINK")
    assert "全面下放、进驻执法、挂点联系" in found.sentence
