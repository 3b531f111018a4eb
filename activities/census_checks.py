"""What may not be done to a census, and how far it is, in words and lines."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from activities.pages import how_many_fit
from activities.sealed import Known
from contracts.census import (
    CensusImported,
    CensusLine,
    CensusLocked,
    CensusLockOrder,
    CensusSignature,
    LockLine,
    QuotaLine,
)
from domain.census import CensusRead, missing_sections, required_units
from domain.deadline import local_day
from domain.refusal import Finding, Refused
from domain.unit import Role, Unit
from storage import census_store as store

SIGNING: Final = (Role.HEAD, Role.SUBSTITUTE)
"""Who signs for a unit; an absent head's substitute has the head's post meanwhile."""

_FINDING: TypeAdapter[Finding] = TypeAdapter(Finding)
_NAMED: Final = 5


def barred(known: Known, unit: Unit) -> Refused | None:
    """Why somebody may not import a unit's census; None for its own people and coordinators."""
    if known.writes(unit):
        return None
    return Refused(
        code="NOT_YOUR_UNIT",
        sentence=f"“{unit.name}”的清查只能由该单位的办理人或协调员导入，{known.person}不是。",
    )


def sign_fault(
    order: CensusSignature,
    known: Known,
    unit: store.UnitOnFile | None,
    lock: store.LockOnFile | None,
) -> Refused | None:
    """Why somebody may not sign for a unit (2-16); None if they may."""
    if order.unit not in known.directory.by_name:
        return Refused(code="UNKNOWN_UNIT", sentence=f"没有单位“{order.unit}”。")
    if not order.paper.strip():
        return Refused(code="PAPER_MISSING", sentence="清查签字须写明文号（--paper）。")
    if not any(g.unit == order.unit and g.role in SIGNING for g in known.grants):
        sentence = f"“{order.unit}”的清查由该单位第一责任人或其代办人签字，{order.person}不是。"
        return Refused(code="NOT_HEAD", sentence=sentence)
    if unit is None:
        return not_imported_yet(order.unit)
    if missing := missing_sections(unit.sections):
        sentence = f"“{order.unit}”的清查还缺{'、'.join(missing)}，六项齐全才能签字（2-16）。"
        return Refused(code="CENSUS_INCOMPLETE", sentence=sentence)
    if lock is not None and unit.signed_at is None:
        return locked(lock)
    return None


def lock_fault(
    order: CensusLockOrder, known: Known, units: dict[str, store.UnitOnFile]
) -> Refused | None:
    """Why a census cannot be locked by somebody (0-24, 0-25); None if it can."""
    directory = known.directory
    if refused := known.authority.refusal_over(directory.by_name[name] for name in units):
        sentence = f"清查只能由改革协调单位或所在区编办的协调员锁定，{order.person}不是。"
        return Refused(code=refused.code, sentence=sentence)
    if not known.leading_unit:
        sentence = f"清查只能由协调员锁定，{order.person}不是。"
        return Refused(code="NOT_COORDINATOR", sentence=sentence)
    if not order.paper.strip():
        return Refused(code="PAPER_MISSING", sentence="锁定编制须写明依据的文号（--paper）。")
    gaps = (
        ("没有导入", [u for u in required_units(directory) if u not in units]),
        ("六项不全", [u.unit for u in units.values() if missing_sections(u.sections)]),
        ("没有签字", [u.unit for u in units.values() if u.signed_at is None]),
    )
    said = [f"{what}：{_some(names)}" for what, names in gaps if names]
    if not units:
        said = ["还没有导入清查"]
    if said:
        sentence = f"清查还不能锁定，{'；'.join(said)}。详见 jiegai census check。"
        return Refused(code="CENSUS_INCOMPLETE", sentence=sentence)
    return None


def census_line(name: str, unit: store.UnitOnFile | None) -> CensusLine:
    """This will say how far one unit is; None is a unit that is still wanted."""
    if unit is None:
        return CensusLine(unit=name, imported=False)
    return CensusLine(
        unit=name,
        imported=True,
        missing=missing_sections(unit.sections),
        quotas=tuple(
            QuotaLine(type=q.type, approved=q.approved, people=q.people, basis=q.basis)
            for q in unit.quotas
        ),
        signed_by=unit.signed_by,
        instead_of=unit.instead_of,
        signed_at=unit.signed_at,
        paper=unit.paper,
    )


def lock_line(lock: store.LockOnFile) -> LockLine:
    """This will say a lock as it is answered."""
    return LockLine(at=lock.at, person=lock.person, unit=lock.unit, paper=lock.paper)


def totals_of(lock: store.LockOnFile) -> tuple[QuotaLine, ...]:
    """The totals that a lock froze."""
    return tuple(QuotaLine(**total) for total in lock.totals)


def locked(lock: store.LockOnFile) -> Refused:
    """This will refuse what comes after the lock."""
    return Refused(
        code="CENSUS_LOCKED",
        sentence=(
            f"清查已由{lock.person}于{local_day(lock.at)}锁定（{lock.paper}）；"
            "此后的变动须净额为零或有批准文号，见 jiegai ledger（0-25）。"
        ),
    )


def not_imported_yet(unit: str) -> Refused:
    """This will refuse what needs a baseline."""
    return Refused(code="CENSUS_MISSING", sentence=f"“{unit}”的清查还没有导入。")


def with_errors(read: CensusRead) -> CensusImported:
    """This will refuse a sheet with its errors, as many as fit."""
    return CensusImported(
        findings=read.findings[: how_many_fit(read.findings, _FINDING)],
        errors=read.errors,
        code="CENSUS_INVALID",
        sentence=f"清查表有{read.errors}处错误，没有导入任何一行。",
    )


def not_imported(no: Refused) -> CensusImported:
    """This will answer an import that was refused."""
    return CensusImported(code=no.code, sentence=no.sentence)


def not_locked(no: Refused) -> CensusLocked:
    """This will answer a lock that was refused."""
    return CensusLocked(code=no.code, sentence=no.sentence)


def _some(names: list[str]) -> str:
    more = f"等{len(names)}个" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + more
