"""Writes domain/data/cn_calendar.json from the chinesecalendar package (README.md beside it).

A tool for developers: nothing imports it, and chinesecalendar is a development dependency.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

from domain.calendar import Notice, NoticeDay, notice_to_dict

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}
NUMBERS = {
    2006: "国办发明电〔2005〕35号",
    2019: "国办发明电〔2018〕15号",
    2020: "国办发明电〔2019〕16号",
    2026: "国办发明电〔2025〕7号",
}
"""文号 of notices, only where a text that shows it was read."""
CORRECTIONS = ((date(2005, 12, 31), False, "元旦", 2006),)
"""Days that chinesecalendar has otherwise than the notice: (day, is off, name, notice's year).

国办发明电〔2005〕35号 says 12月31日（星期六）上班; the package has an ordinary Saturday.
"""
CHANGES = {
    2019: "《国务院办公厅关于调整2019年劳动节假期安排的通知》国办发明电〔2019〕3号",
    2020: "《国务院办公厅关于延长2020年春节假期的通知》国办发明电〔2020〕1号",
}


def notices() -> list[Notice]:
    """Every notice 2004–2026, each day filed under the notice that names it."""
    from chinese_calendar.constants import holidays, workdays

    days: dict[int, list[NoticeDay]] = {}
    for table, is_off in ((holidays, True), (workdays, False)):
        for day, name in table.items():
            # 元旦's days in December come from the next year's notice
            year = day.year + 1 if day.month == 12 else day.year
            days.setdefault(year, []).append(NoticeDay(day=day, is_off=is_off, name=NAMES[name]))
    for day, is_off, name, year in CORRECTIONS:
        days[year].append(NoticeDay(day=day, is_off=is_off, name=name))
    return [
        Notice(year=year, papers=papers(year), days=tuple(sorted(days[year])))
        for year in sorted(days)
    ]


def papers(year: int) -> tuple[str, ...]:
    """The titles of a year's notices, with the 文号 where known."""
    first = f"《国务院办公厅关于{year}年部分节假日安排的通知》{NUMBERS.get(year, '')}"
    return (first, CHANGES[year]) if year in CHANGES else (first,)


def superseded(notice: Notice) -> Notice:
    """The notice for 2019 or 2020 as first issued."""
    days = {day.day: day for day in notice.days}
    if notice.year == 2019:
        for day in (date(2019, 4, 28), date(2019, 5, 2), date(2019, 5, 3), date(2019, 5, 4)):
            del days[day]
        del days[date(2019, 5, 5)]
    if notice.year == 2020:
        del days[date(2020, 1, 31)], days[date(2020, 2, 2)]
        worked = date(2020, 2, 1)
        days[worked] = NoticeDay(day=worked, is_off=False, name="春节")
    return Notice(year=notice.year, papers=notice.papers[:1], days=tuple(sorted(days.values())))


def main() -> None:
    """This will write the data file, one run of days a line."""
    every = notices()
    table = {
        "calendar_id": "CN",
        "version": 1,
        "notices": [notice_to_dict(notice) for notice in every],
        "superseded": [notice_to_dict(superseded(n)) for n in every if n.year in CHANGES],
    }
    text = json.dumps(table, ensure_ascii=False, indent=1)
    target = Path(__file__).parents[1] / "domain" / "data" / "cn_calendar.json"
    target.write_text(_runs_on_one_line(text) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target.name}: {len(every)} notices\n")


def _runs_on_one_line(text: str) -> str:
    import re

    return re.sub(r"\[\s+(\"\d{4}[^\]]*?)\s+\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)


if __name__ == "__main__":
    main()
