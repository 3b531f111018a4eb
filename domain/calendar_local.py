"""A district's overlay (地方安排): reading it from a file, and what it may change.

Source: issue 3 (local closures, a typhoon day, with its 文号 over the national calendar). An overlay
closes working days or has a rest day worked; a day that would stay as it is names nothing and is a
slip of the pen. Each day has a reason. Opening the file is the caller's business.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.calendar import NoticeDay, Overlay, WorkCalendar
from domain.calendar_notice import read_days
from domain.day_words import spell_days
from domain.refusal import Finding

FAR: Final = 2
"""Years before or after today in which a local day can lie; further off is a slip of the pen."""

MOST_DAYS: Final = 100
"""Days by one paper; a district that closes longer has another problem."""


def parse_local_days(text: str, *, reason: str = "") -> tuple[NoticeDay, ...] | tuple[Finding, ...]:
    """This will read a district's days from JSON (``{"days": [...]}``) or CSV, or list every error.

    The columns are those of a notice: 日期, 类型 (休 or 班), 名称 (the reason); ``reason`` is taken
    for a day that names none. Codes as for a notice, and LOCAL_REASON.
    """
    draft = read_days(text)
    days = []
    for day in draft.days.values():
        name = day.name or reason
        if not name:
            draft.wrong(
                "LOCAL_REASON",
                f"{day.day}没有写事由，请填“名称”一列或用 --name 统一写明。",
                draft.rows[day.day],
                "名称",
            )
        days.append(NoticeDay(day=day.day, is_off=day.is_off, name=name))
    if not days and not draft.findings:
        draft.wrong("NOTICE_EMPTY", "文件里没有任何一天。")
    return tuple(draft.findings) or tuple(sorted(days))


def overlay_fault(overlay: Overlay, calendar: WorkCalendar, today: date) -> str:
    """This will say in one sentence what is wrong with an overlay over a calendar; empty: nothing.

    What the same paper said before is left out of the comparison, since it is replaced.
    """
    missing = [
        what
        for what, given in (
            ("区名", overlay.district),
            ("文号", overlay.paper),
            ("日期", overlay.days),
            ("事由", all(day.name for day in overlay.days)),
        )
        if not given
    ]
    if missing:
        return f"地方安排缺少{'、'.join(missing)}，没有导入。"
    if len(overlay.days) > MOST_DAYS:
        return f"一份文件最多写{MOST_DAYS}天，这里有{len(overlay.days)}天，没有导入。"
    days = [day.day for day in overlay.days]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        return f"{spell_days(twice)}写了两次，没有导入。"
    far = [day for day in days if abs(day.year - today.year) > FAR]
    if far:
        return f"{spell_days(far)}离今天（{today}）太远，请核对年份，没有导入。"
    return _idle(overlay, calendar)


def _idle(overlay: Overlay, calendar: WorkCalendar) -> str:
    others = tuple(
        old
        for old in calendar.overlays
        if (old.district, old.paper) != (overlay.district, overlay.paper)
    )
    before = WorkCalendar(
        calendar_id=calendar.calendar_id,
        version=calendar.version,
        notices=calendar.notices,
        overlays=others,
    ).for_district(overlay.district)
    said = []
    for is_off, words in ((True, "本就休息，不必再停"), (False, "本就上班，不必再列")):
        idle = [
            day.day
            for day in overlay.days
            if day.is_off is is_off and before.is_workday(day.day) is not is_off
        ]
        if idle:
            said.append(f"{spell_days(idle)}{words}")
    return f"{'；'.join(said)}，没有导入。" if said else ""
