"""``jiegai calendar import --district``: a district's closures, from a file or on the command line."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starter.calendar_file import read_local
from starter.errors import UserError

if TYPE_CHECKING:
    from contracts.calendar_changes import LocalOrder
    from contracts.desk import CalendarImported


def local_order(
    district: str,
    papers: tuple[str, ...],
    *,
    file: Path | None,
    off: tuple[date, ...],
    work: tuple[date, ...],
    reason: str,
    now: datetime,
    person: str,
) -> LocalOrder:
    """This will turn what was typed or read into an order; UserError says what is missing."""
    from contracts.calendar_changes import LocalDayOrder, LocalOrder

    paper = "；".join(part.strip() for part in papers if part.strip())
    if not paper:
        raise UserError("PAPER_MISSING", f"{district}的安排须有依据，请用 --paper 写明文号。")
    if not person:
        raise UserError("PERSON_MISSING", "导入地方安排须用 --as 写明经办人。")
    if file is not None and (off or work):
        raise UserError("USAGE", "日期写在文件里，或用 --off、--work 写明，两者只能用一种。")
    if file is not None:
        days = tuple(
            LocalDayOrder(day=day.day, is_off=day.is_off, name=day.name)
            for day in read_local(file, reason)
        )
    elif not off and not work:
        raise UserError("USAGE", "请给出文件，或用 --off、--work 写明日期，可写几次。")
    elif not reason:
        raise UserError("LOCAL_REASON", "请用 --name 写明事由，如 --name 台风停工。")
    else:
        days = tuple(
            LocalDayOrder(day=day, is_off=is_off, name=reason)
            for chosen, is_off in ((off, True), (work, False))
            for day in chosen
        )
    return LocalOrder(district=district, paper=paper, days=days, now=now, person=person)


async def import_local(order: LocalOrder) -> CalendarImported:
    """This will stage the order; asked twice at once it is asked once."""
    from contracts.calendar_changes import CalendarChanges
    from starter.desk_client import opened

    days = [[str(one.day), one.is_off, one.name] for one in order.days]
    content = [order.district, order.paper, days]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    async with opened() as door:
        return await door.order(CalendarChanges.import_local, order, f"calendar-local-{key}")
