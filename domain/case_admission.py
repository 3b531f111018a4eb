"""May this case be opened, and against whom: the guards of 双向派单, decided on what the registers say.

清单之外无协同、明责之外无他责 (4-20): a department's dispatch to a street cites an item in force, on
the right side of it, or it is refused and counted as an attempted breach (4-33, 3-27). A street's
report of a hazard is never refused for being off the list: it becomes a 移送 (3-14). Who sends is an
organ, not an inner office (8.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.action import Grant
from domain.case import CaseKind, Citation, Opening, Share
from domain.refusal import Refused
from domain.unit import ACTING_ROLES, Unit, UnitKind

STREETS = frozenset({UnitKind.STREET, UnitKind.TOWN})
OFF_LIST_WORD = "清单外"
"""Said instead of an item's number: it is on no list."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item in force as an admission looks at it; ``primary_is_department``: 主体责任 is there."""

    citation: Citation
    departments: tuple[str, ...]
    primary_is_department: bool
    liaisons: tuple[str, ...]
    team: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the registers say about an opening: its units, the person's posts, the item's versions.

    A unit that stands in no directory is None. ``police`` is the police organ of the district.
    """

    street: Unit | None
    sender: Unit | None
    receivers: tuple[Unit | None, ...]
    grants: tuple[Grant, ...]
    items: tuple[Item, ...]
    police: Unit | None = None


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A case that may be opened: its kind may differ from what was stated (上报 → 移送)."""

    kind: CaseKind
    receivers: tuple[str, ...]
    item: Item | None = None
    share: Share | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class NotAdmitted:
    """Why a case may not be opened; ``breach`` counts it as an attempt to hand down duties."""

    refused: Refused
    breach: bool = False


def admit(opening: Opening, known: Known) -> Admitted | NotAdmitted:
    """This will decide an opening; the first rule that says no gives its reason."""
    fault = next(_party_faults(opening, known), None)
    if fault is not None:
        return NotAdmitted(refused=fault)
    if opening.kind is CaseKind.DISPATCH:
        return _dispatch(opening, known)
    if opening.kind in (CaseKind.REPORT, CaseKind.REFERRAL):
        return _upward(opening, known)
    if opening.kind is CaseKind.CRIME:
        return _crime(opening, known)
    if opening.kind is CaseKind.WHISTLE and not known.receivers:
        return _refused("RECEIVER_MISSING", "吹哨须写明叫哪些部门（--to 部门，可写几次）。")
    receivers = tuple(u.name for u in known.receivers if u is not None)
    item = known.items[0] if len(known.items) == 1 else None
    return Admitted(kind=opening.kind, receivers=receivers, item=item)


def _party_faults(opening: Opening, known: Known) -> Iterator[Refused]:
    if known.street is None:
        yield Refused(code="UNKNOWN_UNIT", sentence=f"通讯录里没有街道“{opening.street}”。")
    elif known.street.kind not in STREETS:
        yield Refused(
            code="NOT_A_STREET", sentence=f"“{opening.street}”是{known.street.kind}，不是街道或镇。"
        )
    yield from _sender_faults(opening, known)
    for name, unit in zip(opening.receivers, known.receivers, strict=True):
        if unit is None:
            yield Refused(code="UNKNOWN_UNIT", sentence=f"通讯录里没有单位“{name}”。")
        elif known.sender is not None and unit.name == known.sender.name:
            yield Refused(code="TARGET_SELF", sentence="案件不能交给本单位自己。")
    yield from _person_faults(opening, known)


def _sender_faults(opening: Opening, known: Known) -> Iterator[Refused]:
    if known.sender is None:
        yield Refused(
            code="UNKNOWN_UNIT",
            sentence=f"通讯录里没有单位“{opening.sender}”；移交由机关出面，科室、中队不能自行交接。",
        )
        return
    department = known.sender.kind is UnitKind.DEPARTMENT
    if opening.kind is CaseKind.DISPATCH and not department:
        yield Refused(
            code="SENDER_KIND",
            sentence=f"派单由区级部门发出，“{opening.sender}”是{known.sender.kind}。",
        )
    by_street = (CaseKind.REPORT, CaseKind.REFERRAL, CaseKind.CITIZEN, CaseKind.WHISTLE)
    if opening.kind in by_street and known.sender != known.street:
        yield Refused(
            code="SENDER_KIND",
            sentence=f"“{opening.kind}”由街道自己发起，不能由{opening.sender}代为。",
        )
    if opening.kind is CaseKind.CRIME and known.sender.kind not in STREETS and not department:
        yield Refused(
            code="SENDER_KIND", sentence=f"涉嫌犯罪案件由行政机关移送，不是{known.sender.kind}。"
        )


def _person_faults(opening: Opening, known: Known) -> Iterator[Refused]:
    if not known.grants:
        yield Refused(
            code="UNKNOWN_PERSON", sentence=f"通讯录里没有“{opening.person}”，或其职务已经终止。"
        )
    elif known.sender is not None and not any(
        g.unit == known.sender.name and g.role in ACTING_ROLES for g in known.grants
    ):
        yield Refused(
            code="NOT_YOUR_UNIT", sentence=f"{opening.person}不是{opening.sender}的经办人。"
        )


def _dispatch(opening: Opening, known: Known) -> Admitted | NotAdmitted:
    """F33: an item in force, on the right side of it, and somebody at the street to take it."""
    if not opening.item or opening.item == OFF_LIST_WORD:
        return _refused(
            "OFF_LIST",
            "清单之外无协同：派单须写明现行清单的事项（--item 序号）。",
            breach=True,
        )
    if not known.items:
        return _refused(
            "OFF_LIST",
            f"清单之外无协同：现行清单没有第{opening.item}项，未经准入的职责不得下派街道。",
            breach=True,
        )
    item = _one(known.items)
    if isinstance(item, NotAdmitted):
        return item
    sender = known.sender.name if known.sender else opening.sender
    if sender not in item.departments:
        owners = "、".join(item.departments) or "街道"
        return _refused(
            "WRONG_SIDE",
            f"{item.citation.text}的区级部门是{owners}，{sender}不能据此派单。",
            breach=True,
        )
    if item.primary_is_department and opening.share is Share.LEAD:
        return _refused(
            "WRONG_SIDE",
            f"{item.citation.text}的主体责任在{sender}，只能请街道配合，不能转嫁主办。",
            breach=True,
        )
    if not item.liaisons:
        return _refused(
            "NO_LIAISON",
            f"{opening.street}还没有为{item.citation.text}确定专人，函件无人可收，请先认领（duty claim）。",
        )
    share = Share.SUPPORT if item.primary_is_department else Share.LEAD
    return Admitted(
        kind=CaseKind.DISPATCH,
        receivers=(sender,),
        item=item,
        share=opening.share or share,
    )


def _upward(opening: Opening, known: Known) -> Admitted | NotAdmitted:
    """4-10, 3-14: on the list to its department; off the list a 移送 to the competent one."""
    named = tuple(u.name for u in known.receivers if u is not None)
    if opening.kind is CaseKind.REFERRAL or not known.items:
        return _referral(opening, named)
    item = _one(known.items)
    if isinstance(item, NotAdmitted):
        return item
    if not named:
        if len(item.departments) != 1:
            listed = "、".join(item.departments) or "（清单没有写）"
            return _refused(
                "RECEIVER_MISSING",
                f"{item.citation.text}的区级部门有：{listed}，请用 --to 写明一个。",
            )
        return Admitted(kind=CaseKind.REPORT, receivers=item.departments, item=item)
    remark = ""
    if named[0] not in item.departments:
        owners = "、".join(item.departments) or "街道"
        remark = f"（清单写明该事项的区级部门是{owners}，已按所写送{named[0]}。）"
    return Admitted(kind=CaseKind.REPORT, receivers=named[:1], item=item, remark=remark)


def _referral(opening: Opening, named: tuple[str, ...]) -> Admitted | NotAdmitted:
    """A hazard is reported whatever the list says; only whom it goes to must be said."""
    if not named:
        why = "没有清单事项可依"
        if opening.item and opening.item != OFF_LIST_WORD:
            why = f"现行清单没有第{opening.item}项"
        return _refused("RECEIVER_MISSING", f"{why}，请用 --to 写明主管部门。")
    if opening.kind is CaseKind.REPORT and not opening.item:
        return Admitted(kind=CaseKind.REPORT, receivers=named[:1])
    remark = ""
    if opening.kind is CaseKind.REPORT:
        remark = f"（现行清单没有第{opening.item}项，按移送主管部门办理。）"
        if opening.item == OFF_LIST_WORD:
            remark = "（不在清单上，按移送主管部门办理。）"
    return Admitted(kind=CaseKind.REFERRAL, receivers=named[:1], remark=remark)


def _crime(opening: Opening, known: Known) -> Admitted | NotAdmitted:
    if known.police is None:
        return _refused("NO_POLICE", "通讯录里没有公安机关，请先登记或在办案设置里写明（police）。")
    if len({name.strip() for name in opening.officers if name.strip()}) < 2:
        return _refused("OFFICERS_FEW", "须有2名执法人员共同提出（--officers 甲、乙）。")
    return Admitted(kind=CaseKind.CRIME, receivers=(known.police.name,))


def _one(items: tuple[Item, ...]) -> Item | NotAdmitted:
    if len(items) == 1:
        return items[0]
    lists = "、".join(i.citation.list_name for i in items)
    return _refused("ITEM_AMBIGUOUS", f"几张清单都有这一项：{lists}，请用 --list 写明。")


def _refused(code: str, sentence: str, *, breach: bool = False) -> NotAdmitted:
    return NotAdmitted(refused=Refused(code=code, sentence=sentence), breach=breach)
