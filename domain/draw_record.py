"""The published proof of a draw (4-37): written at the end of an audit, recomputed by anybody.

``verify`` needs nothing but the record, and the deposit that was kept from before the draw. It asks
nobody: who does not trust this software follows the description in ``docs/抽样核验.md`` by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.audit import RunKey, SampleRule
from domain.day_words import spell_instant
from domain.refusal import Refused
from domain.sampling import (
    DRAW_FORMAT,
    Deposit,
    Member,
    Prepared,
    member_words,
    number_fault,
    rule_trouble,
    rule_words,
)

_BROKEN: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What reading something else than a record may come to."""

KEPT: Final = "存证"
"""The check against what was kept from before the draw, outside of this software."""

ON_FILE: Final = "登记库中的存证"
"""The same against what the register itself has kept, which proves less."""

_SALT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class DrawRecord:
    """What was published of a draw; the hashes, the hour and the sample are as it says, unproven."""

    prepared: Prepared
    prepared_at: datetime
    population_hash: str
    rule_hash: str
    commitment: str
    fire_at: datetime
    drawn_at: datetime
    public_number: str
    number_day: date | None
    sample: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was recomputed, and how it came out."""

    name: str
    holds: bool
    sentence: str


def record_of(
    prepared: Prepared, prepared_at: datetime, drawn_at: datetime, public_number: str = ""
) -> DrawRecord:
    """This will make the proof of a draw."""
    return DrawRecord(
        prepared=prepared,
        prepared_at=prepared_at,
        population_hash=prepared.population_hash,
        rule_hash=prepared.rule_hash,
        commitment=prepared.commitment,
        fire_at=prepared.fire_at,
        drawn_at=drawn_at,
        public_number=public_number,
        number_day=prepared.number_day,
        sample=prepared.sample(public_number),
    )


def write_record(record: DrawRecord) -> str:
    """This will write a proof as the JSON text that is published."""
    prepared = record.prepared
    return _pretty(
        {
            "format": DRAW_FORMAT,
            "rollout": prepared.key.rollout,
            "plan": prepared.key.plan,
            "window": prepared.key.window,
            "days": [day.isoformat() for day in prepared.days],
            "population": [member_words(one) for one in prepared.population],
            "rule": rule_words(prepared.rule),
            "salt": prepared.salt,
            "public_number": record.public_number,
            "public_number_day": record.number_day.isoformat() if record.number_day else "",
            "population_hash": record.population_hash,
            "rule_hash": record.rule_hash,
            "commitment": record.commitment,
            "prepared_at": record.prepared_at.isoformat(),
            "fire_at": record.fire_at.isoformat(),
            "drawn_at": record.drawn_at.isoformat(),
            "sample": list(record.sample),
        }
    )


def write_deposit(deposit: Deposit) -> str:
    """This will write what the 督查室 keeps from before the draw."""
    return _pretty(
        {
            "format": DRAW_FORMAT,
            "rollout": deposit.key.rollout,
            "plan": deposit.key.plan,
            "window": deposit.key.window,
            "population_hash": deposit.population_hash,
            "population_size": deposit.population_size,
            "rule_hash": deposit.rule_hash,
            "commitment": deposit.commitment,
            "made_at": deposit.made_at.isoformat(),
        }
    )


def read_record(text: str) -> DrawRecord | Refused:
    """This will read a proof; what is no proof of this format is refused."""
    try:
        found = _document(text)
        return DrawRecord(
            prepared=_prepared(found),
            prepared_at=_instant(found["prepared_at"]),
            population_hash=_text(found["population_hash"]),
            rule_hash=_text(found["rule_hash"]),
            commitment=_text(found["commitment"]),
            fire_at=_instant(found["fire_at"]),
            drawn_at=_instant(found["drawn_at"]),
            public_number=_text(found["public_number"]),
            number_day=_day(found["public_number_day"]),
            sample=tuple(_text(unit) for unit in found["sample"]),
        )
    except _BROKEN:
        return Refused(
            code="DRAW_RECORD_INVALID", sentence=f"不是 {DRAW_FORMAT} 格式的抽样记录，或内容残缺。"
        )


def read_deposit(text: str) -> Deposit | Refused:
    """This will read a deposit; what is none of this format is refused."""
    try:
        found = _document(text)
        return Deposit(
            key=_key(found),
            population_hash=_text(found["population_hash"]),
            population_size=_number(found["population_size"]),
            rule_hash=_text(found["rule_hash"]),
            commitment=_text(found["commitment"]),
            made_at=_instant(found["made_at"]),
        )
    except _BROKEN:
        return Refused(
            code="DRAW_DEPOSIT_INVALID", sentence=f"不是 {DRAW_FORMAT} 格式的存证，或内容残缺。"
        )


def verify(
    record: DrawRecord, deposit: Deposit | None = None, kept_as: str = KEPT
) -> tuple[Check, ...]:
    """This will recompute a draw, and compare it with what was kept from before it.

    ``kept_as`` says what the deposit is, where it is not the one that somebody kept.
    """
    prepared = record.prepared
    size = len(prepared.population)
    checks = [
        _check("抽取范围", prepared.population_hash == record.population_hash, f"{size}个单位"),
        _check("抽取规则", prepared.rule_hash == record.rule_hash, _spelled(prepared.rule)),
        _check("承诺值", prepared.commitment == record.commitment, record.commitment),
        _check(
            "抽取时刻",
            # Committed to after its hour, a draw comes at the next tick: somebody could know when.
            record.prepared_at <= prepared.fire_at == record.fire_at <= record.drawn_at,
            f"定于{spell_instant(record.fire_at)}，实际{spell_instant(record.drawn_at)}抽取",
        ),
        _check("样本", _sample_holds(record), "、".join(record.sample)),
    ]
    if prepared.rule.public_source or record.public_number:
        checks.append(_number_check(record))
    if deposit is not None:
        kept = prepared.deposit(deposit.made_at) == deposit and deposit.made_at <= record.fire_at
        said = f"{spell_instant(deposit.made_at)}存证 {deposit.commitment}"
        checks.append(_check(kept_as, kept, said))
    return tuple(checks)


def _check(name: str, holds: bool, sentence: str) -> Check:
    return Check(name=name, holds=holds, sentence=sentence)


def _number_check(record: DrawRecord) -> Check:
    rule, day = record.prepared.rule, record.prepared.number_day
    holds = (
        bool(rule.public_source)
        and not number_fault(record.public_number)
        and day == record.number_day
    )
    said = f"{record.number_day or '没有写明日期'}的“{rule.public_source}”：{record.public_number}"
    return _check("公开数", holds, f"{said}，请与公布的号码核对")


def _sample_holds(record: DrawRecord) -> bool:
    prepared = record.prepared
    if rule_trouble(prepared.rule, prepared.population) is not None:
        return False
    if bool(prepared.rule.public_source) != bool(record.public_number):
        return False
    return prepared.sample(record.public_number) == record.sample


def _spelled(rule: SampleRule) -> str:
    parts = [f"{kind}{wanted}个" for kind, wanted in sorted(rule.strata.items())]
    words = "、".join(parts) or f"{rule.count}个"
    weighted = f"，{len(rule.weights)}个单位加权" if rule.weights else "，机会均等"
    return f"抽{words}{weighted}" + (
        f"，公开数：{rule.public_source}" if rule.public_source else ""
    )


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _document(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("format") != DRAW_FORMAT:
        raise ValueError("another format")
    return found


def _prepared(found: Mapping[str, Any]) -> Prepared:
    days = tuple(date.fromisoformat(day) for day in found["days"])
    salt = _text(found["salt"])
    population = tuple(_member(one) for one in found["population"])
    if not days or not _SALT.fullmatch(salt):
        raise ValueError("no days, or no salt")
    if len({one.unit for one in population}) < len(population):
        raise ValueError("a unit stands twice in the population")
    return Prepared(
        key=_key(found),
        days=days,
        population=population,
        rule=_rule(found["rule"]),
        salt=salt,
    )


def _key(found: Mapping[str, Any]) -> RunKey:
    return RunKey(
        rollout=_text(found["rollout"]), plan=_text(found["plan"]), window=_text(found["window"])
    )


def _member(found: Mapping[str, Any]) -> Member:
    return Member(
        unit=_text(found["unit"]), type=_text(found["type"]), district=_text(found["district"])
    )


def _rule(found: Mapping[str, Any]) -> SampleRule:
    return SampleRule(
        count=_number(found["count"]),
        strata={_text(kind): _number(wanted) for kind, wanted in found["strata"].items()},
        weights={_text(unit): _number(weight) for unit, weight in found["weights"].items()},
        public_source=_text(found["public_source"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    # Half of a surrogate pair is text in JSON and cannot be hashed.
    value.encode()
    return value


def _day(value: object) -> date | None:
    return date.fromisoformat(said) if (said := _text(value)) else None


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no whole number")
    return value


def _instant(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("an instant without its zone")
    return moment
