"""Who may change a district's calendar: the 协调员 of its 区委编办 or of a rollout's lead unit.

A district is known once a registered rollout has units in it (issue 3).
"""

from __future__ import annotations

import difflib
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import LEADING_DUTY
from domain.refusal import Refused
from domain.unit import Role
from storage.calendar_store import known_districts, leaders_of
from storage.registers_store import read_standing


async def why_not(
    connection: AsyncConnection, district: str, person: str, now: datetime
) -> Refused | None:
    """This will say why that person may not change that district's calendar; None: may."""
    leaders = await leaders_of(connection, district, LEADING_DUTY)
    if not leaders:
        known = await known_districts(connection)
        near = difflib.get_close_matches(district, known, n=1) or known[:5]
        hint = f"已登记的区：{'、'.join(near)}。" if near else "还没有登记任何改革方案。"
        return Refused(
            code="UNKNOWN_DISTRICT", sentence=f"登记的改革方案里没有“{district}”，{hint}"
        )
    for led in leaders:
        held = await read_standing(connection, led.rollout, [person], now=now)
        grants = held.grants.get(person, ()) if held is not None else ()
        if any(g.role is Role.COORDINATOR and g.unit in led.units for g in grants):
            return None
    units = dict.fromkeys(unit for led in leaders for unit in led.units)
    return Refused(
        code="CALENDAR_NOT_YOURS",
        sentence=(
            f"{district}的日历只能由{'、'.join(units)}的协调员更改和发布，"
            f"{person or '（未写姓名）'}不是。"
        ),
    )
