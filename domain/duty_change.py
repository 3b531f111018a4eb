"""An application to change a list of duties (动态调整), and the version that it makes.

A written application states 事项, 内容, 依据 and 理由 (临县 2024), by a department of the district or
a street and nobody below them (4-32). It is made against one version and lands on whichever is the
newest then: where another application has changed the same item meanwhile, it is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from domain.deadline import office_instant
from domain.duty import DutyItem, DutyList, ListStatus
from domain.refusal import Refused
from domain.unit import Unit, UnitKind


class ChangeKind(StrEnum):
    """What an application asks for (4-32)."""

    ADD = "增加"
    REMOVE = "减少"
    REVISE = "内容调整"


class ApplicationState(StrEnum):
    """Where an application stands."""

    DRAWN = "申请"
    UNDER_REVIEW = "审核中"
    IN_EFFECT = "已实施"
    ENDED = "终止"


APPLICANTS = (UnitKind.DEPARTMENT, UnitKind.STREET, UnitKind.TOWN)
"""Who may apply: 区级职能部门或街道 (4-32)."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one application asks: the four fields, and the new item for 增加 and 内容调整.

    ``number`` is the item's number in the list. ``base_version`` is the version that it was written
    against and ``base_hash`` the item's text there, empty for 增加.
    """

    kind: ChangeKind
    number: str
    subject: str
    content: str
    basis: str
    reason: str
    base_version: int
    base_hash: str = ""
    item: DutyItem | None = None


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application as it stands; ``number`` counts those of a list, ``revision`` its texts.

    ``person`` wrote the text at ``at``. ``version`` is the version of the list that it made, 0 before
    实施.
    """

    list_name: str
    number: int
    workflow_id: str
    applicant: str
    state: ApplicationState
    revision: int
    change: Change
    person: str
    at: datetime
    opened_at: datetime
    version: int = 0


def item_hash(item: DutyItem) -> str:
    """What tells whether an item's text has changed; its place in the list does not count."""
    text = json.dumps(asdict(item), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def applicant_fault(unit: Unit, district: str, above: Unit | None) -> Refused | None:
    """4-32: by a department of the district or a street, never by an office inside one."""
    inner = above is not None and above.kind in (*APPLICANTS, UnitKind.INSTITUTION)
    if unit.kind in APPLICANTS and unit.district == district and not inner:
        return None
    return Refused(
        code="DUTY_APPLICANT",
        sentence=(
            f"{unit.name}（{unit.kind}{'，内设机构' if inner else ''}）不能提出清单调整申请："
            f"由{district}的区级职能部门或街道以本单位名义提出（4-32）。"
        ),
    )


def change_fault(change: Change) -> Refused | None:
    """Whether the application says all that it has to say."""
    fields = {"事项": change.subject, "内容": change.content}
    fields |= {"依据": change.basis, "理由": change.reason}
    missing = [name for name, text in fields.items() if not text.strip()]
    if missing:
        return Refused(
            code="DUTY_APPLICATION_FIELDS",
            sentence=f"书面申请须写明事项、内容、依据、理由四项，还缺：{'、'.join(missing)}。",
        )
    if change.kind is not ChangeKind.REMOVE and change.item is None:
        return Refused(
            code="DUTY_ITEM_MISSING",
            sentence=f"{change.kind}须附新事项的七个要素（--file 事项表）。",
        )
    return None


def conflict(current: DutyList, change: Change) -> Refused | None:
    """Whether the version now newest still lets a change land on it; None if it does."""
    found = _by_number(current).get(change.number)
    if change.kind is ChangeKind.ADD:
        if found is None:
            return None
        return Refused(
            code="DUTY_NUMBER_TAKEN",
            sentence=(
                f"{current.name}第{current.version}版已有第{change.number}项“{found.name}”，"
                "请退回申请，另编号或改为内容调整。"
            ),
        )
    if found is None:
        moved = change.base_version != current.version
        gone = "，已由另一份申请减少" if moved else ""
        return Refused(
            code="DUTY_ITEM_GONE",
            sentence=f"{current.name}第{current.version}版没有第{change.number}项{gone}。",
        )
    if item_hash(found) != change.base_hash:
        return Refused(
            code="DUTY_ITEM_MOVED",
            sentence=(
                f"第{change.number}项在第{change.base_version}版之后已由另一份申请改动"
                f"（现为第{current.version}版），本申请没有生效；请退回，按现行内容重新申请。"
            ),
        )
    if change.kind is ChangeKind.REMOVE and len(current.items) == 1:
        return Refused(
            code="DUTY_LAST_ITEM", sentence="清单只剩这一项，不能减少；整份清单不再用须另行废止。"
        )
    return None


def changed(current: DutyList, change: Change) -> DutyList | Refused:
    """The next version: this one with the change, whatever else has come into it meanwhile."""
    refused = conflict(current, change)
    if refused is not None:
        return refused
    items = list(current.items)
    place = next((i for i, one in enumerate(items) if one.number == change.number), len(items))
    old = items[place] if place < len(items) else None
    new = change.item if change.kind is not ChangeKind.REMOVE else None
    items[place : place + 1] = [new] if new is not None else []
    return replace(
        current,
        version=current.version + 1,
        items=tuple(items),
        declared=len(items),
        declared_by=_totals(current.declared_by, old, new),
        status=ListStatus.DRAFT,
        effective_from=None,
        effective_to=None,
        filing_no="",
    )


def effect_fault(day_text: str, today: date) -> Refused | None:
    """The day from which a change holds is not gone by: what was cited since then stays cited."""
    if not day_text:
        return None
    try:
        day = date.fromisoformat(day_text.strip())
    except ValueError:
        return Refused(
            code="DUTY_EFFECT_DAY",
            sentence=f"施行日期“{day_text}”不是日期（--fact 施行日期=2026-12-01）。",
        )
    if day >= today:
        return None
    return Refused(
        code="DUTY_EFFECT_PAST",
        sentence=f"施行日期{day}已经过去；在此之前一直适用旧版，新版不能倒签（4-25）。",
    )


def begins(day_text: str, at: datetime) -> datetime:
    """From which instant (UTC) a change holds: the stated day's beginning, not before ``at``."""
    if not day_text:
        return at
    return max(at, office_instant(date.fromisoformat(day_text.strip()), "00:00"))


def _by_number(current: DutyList) -> Mapping[str, DutyItem]:
    return {item.number: item for item in current.items}


def _totals(
    before: Mapping[str, int], old: DutyItem | None, new: DutyItem | None
) -> dict[str, int]:
    """The declared totals by category, where the list states them."""
    counts = dict(before)
    for item, step in ((old, -1), (new, 1)):
        if item is not None and counts:
            counts[item.category] = counts.get(item.category, 0) + step
    return {name: count for name, count in counts.items() if count}
