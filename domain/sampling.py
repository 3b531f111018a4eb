"""Unannounced sampling that anyone can verify (不打招呼、随机抽查, 4-37): hashes, the hour, the draw.

Everything is fixed before the randomness is known (RFC 3797's way): the population, the rule and a
secret salt are committed to by one hash; the hour of the draw and the sample are functions of the
salt, so that nobody chooses them, and nobody without the salt knows them. The draw is simple random
sampling without replacement, in GB/T 10111-2008's words, alone or in each stratum, or weighted.

Every hash is SHA-256 of lines of UTF-8 text joined by a line feed, the first two lines being
``jiegai-draw-1`` and what is hashed, so that ``printf`` and ``sha256sum`` make it by hand.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Final

from domain.audit import RunKey, SampleRule
from domain.day_words import SHANGHAI
from domain.refusal import Finding, Refused
from domain.unit import Unit

DRAW_FORMAT: Final = "jiegai-draw-1"
SALT_BYTES: Final = 32

WORKING_FROM: Final = time(9)
"""The first minute of a working day in which a draw may fall."""

WORKING_MINUTES: Final = 480
"""09:00–17:00; the texts give no hours, a draw falls where somebody can act on it."""

HEAVIEST: Final = 1_000
MOST_NUMBER: Final = 64
"""Digits of a public number, and characters of its source."""

_NUMBER_BYTES: Final = 8
_SPACE: Final = 1 << (8 * _NUMBER_BYTES)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One unit of a population."""

    unit: str
    type: str
    district: str = ""


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """What is committed before a draw (存证); it gives nothing away and is kept by the 督查室."""

    key: RunKey
    population_hash: str
    population_size: int
    rule_hash: str
    commitment: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """All that a draw rests on, fixed beforehand. ``salt`` is hex and stays secret until the end.

    ``days`` are the window's working days in order; the order of the population means nothing.
    """

    key: RunKey
    days: tuple[date, ...]
    population: tuple[Member, ...]
    rule: SampleRule
    salt: str

    @property
    def population_hash(self) -> str:
        """The hash of the population; of no secret."""
        found = sorted(self.population, key=lambda one: one.unit)
        return digest("population", canonical([member_words(one) for one in found]))

    @property
    def rule_hash(self) -> str:
        """The hash of the rule; salted, or few weights could be guessed from it."""
        return digest("rule", self.salt, canonical(rule_words(self.rule)))

    @property
    def commitment(self) -> str:
        """The hash by which everything is fixed."""
        return digest("commitment", self.salt, self.population_hash, self.rule_hash, self.window)

    @property
    def window(self) -> str:
        """The window as it is hashed."""
        days = [day.isoformat() for day in self.days]
        return canonical(
            {
                "days": days,
                "plan": self.key.plan,
                "rollout": self.key.rollout,
                "window": self.key.window,
            }
        )

    @property
    def fire_at(self) -> datetime:
        """The minute of the draw, UTC: all working minutes of the window are equally likely."""
        minutes = len(self.days) * WORKING_MINUTES
        place = below(minutes, numbers(digest("fire", self.salt, self.commitment)))
        day, minute = divmod(place, WORKING_MINUTES)
        opening = datetime.combine(self.days[day], WORKING_FROM, SHANGHAI)
        return (opening + timedelta(minutes=minute)).astimezone(UTC)

    @property
    def number_day(self) -> date | None:
        """Of which day the public number is: that of the draw's own minute; None if none is used."""
        return self.fire_at.astimezone(SHANGHAI).date() if self.rule.public_source else None

    def deposit(self, made_at: datetime) -> Deposit:
        """What is given away beforehand."""
        return Deposit(
            key=self.key,
            population_hash=self.population_hash,
            population_size=len(self.population),
            rule_hash=self.rule_hash,
            commitment=self.commitment,
            made_at=made_at,
        )

    def seed(self, public_number: str = "") -> str:
        """The seed of the draw; a public number goes into it where the rule waits for one."""
        return digest("seed", self.salt, self.commitment, public_number)

    def visit_proof(self, unit: str) -> str:
        """What shows that who records a visit to this unit has read the sample; of no other unit."""
        return digest("visit", self.salt, unit)

    def sample(self, public_number: str = "") -> tuple[str, ...]:
        """The units drawn, in the order in which they were drawn."""
        return drawn(self.population, self.rule, numbers(self.seed(public_number)))


def canonical(value: object) -> str:
    """This will write JSON in its one form: keys sorted, no blanks, no line feeds, no escapes of 汉字.

    >>> canonical({"type": "街道", "unit": "滨河街道", "district": "海勃湾区"})
    '{"district":"海勃湾区","type":"街道","unit":"滨河街道"}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(subject: str, *lines: str) -> str:
    """This will hash lines of text, in hex.

    >>> digest("seed", "00", "11", "")[:16]
    'a376eb44b0cf1a42'
    """
    text = "\n".join((DRAW_FORMAT, subject, *lines))
    return hashlib.sha256(text.encode()).hexdigest()


def members(units: Iterable[Unit]) -> tuple[Member, ...]:
    """This will freeze units as a population, by name."""
    found = (Member(unit=one.name, type=one.kind.value, district=one.district) for one in units)
    return tuple(sorted(found, key=lambda one: one.unit))


def numbers(seed: str) -> Iterator[int]:
    """This will make whole numbers below 2^64 of a seed: the first 16 hex digits of each hash.

    >>> stream = numbers("09c6")
    >>> [next(stream), next(stream)]
    [6793996957211980774, 13551730196531973609]
    """
    for place in count():
        yield int(digest("number", seed, str(place))[: 2 * _NUMBER_BYTES], 16)


def below(limit: int, stream: Iterator[int], space: int = _SPACE) -> int:
    """This will return a number from 0 to ``limit - 1``, each equally likely.

    Of ``space`` equally likely numbers those above the last full round are skipped: of the numbers 0
    to 15, with a limit of 5, number 15 is.

    >>> below(5, iter([15, 13]), 16)
    3
    """
    rounds = space - space % limit
    return next(number for number in stream if number < rounds) % limit


def drawn(population: Sequence[Member], rule: SampleRule, stream: Iterator[int]) -> tuple[str, ...]:
    """This will draw by a rule; strata in the order of their names, one after the other.

    Of 丁丙乙甲 (in order of their characters) 7 gives the fourth, then 1 the second of those left.

    >>> streets = [Member(unit=name, type="街道") for name in "甲乙丙丁"]
    >>> drawn(streets, SampleRule(count=2), iter([7, 1]))
    ('甲', '丙')
    """
    if not rule.strata:
        return _drawn_of(population, rule.count, rule.weights, stream)
    found: list[str] = []
    for kind in sorted(rule.strata):
        stratum = [one for one in population if one.type == kind]
        found += _drawn_of(stratum, rule.strata[kind], rule.weights, stream)
    return tuple(found)


def _drawn_of(
    population: Sequence[Member], wanted: int, weights: Mapping[str, int], stream: Iterator[int]
) -> tuple[str, ...]:
    """Each time one of those that are left, as likely as its share of the weights left."""
    left = sorted(one.unit for one in population)
    found: list[str] = []
    for _ in range(wanted):
        place = below(sum(weights.get(unit, 1) for unit in left), stream)
        for unit in left:
            place -= weights.get(unit, 1)
            if place < 0:
                break
        left.remove(unit)
        found.append(unit)
    return tuple(found)


def rule_words(rule: SampleRule) -> dict[str, object]:
    """The rule as it is hashed and published."""
    return {
        "count": rule.count,
        "public_source": rule.public_source,
        "strata": dict(rule.strata),
        "weights": dict(rule.weights),
    }


def member_words(one: Member) -> dict[str, str]:
    """The member as it is hashed and published."""
    return {"district": one.district, "type": one.type, "unit": one.unit}


def sample_fault(rule: SampleRule, population: Sequence[Unit]) -> Finding | Refused | None:
    """Why a rule cannot draw from a population; None if it can (4-37).

    A ``Finding`` is a fault in how the rule is written, a ``Refused`` that there are too few units.
    """
    return rule_trouble(rule, members(population))


def rule_trouble(rule: SampleRule, population: Sequence[Member]) -> Finding | Refused | None:
    """The same, of a frozen population."""
    return _rule_fault(rule, {one.unit for one in population}) or _too_many(rule, population)


def _rule_fault(rule: SampleRule, known: set[str]) -> Finding | None:
    if bool(rule.count) == bool(rule.strata):
        return _finding("抽取数量写一种：或者总数（--count），或者各类单位的数量（--stratum）。")
    if rule.count < 0 or any(number < 1 for number in rule.strata.values()):
        return _finding("抽取数量应是不小于1的整数。")
    for unit, weight in sorted(rule.weights.items()):
        if unit not in known:
            return _finding(f"权重写了“{unit}”，不在抽取范围内。")
        if not 1 <= weight <= HEAVIEST:
            return _finding(f"“{unit}”的权重是{weight}，应是1至{HEAVIEST}的整数。")
    if len(rule.public_source) > MOST_NUMBER:
        return _finding(f"公开数的来源不超过{MOST_NUMBER}个字。")
    return None


def _too_many(rule: SampleRule, population: Sequence[Member]) -> Refused | None:
    if rule.count > len(population):
        return _refused(f"要抽{rule.count}个单位，抽取范围内只有{len(population)}个。")
    for kind, wanted in sorted(rule.strata.items()):
        there = sum(one.type == kind for one in population)
        if wanted > there:
            return _refused(f"要抽{wanted}个{kind}，抽取范围内只有{there}个。")
    return None


def public_number(typed: str) -> str:
    """A public number as it goes into the seed: one number has one way of being written.

    >>> public_number(" １２３ ")
    '123'
    """
    return unicodedata.normalize("NFKC", typed).strip()


def number_fault(number: str) -> str:
    """Why a text cannot be the public number of a draw; empty if it can.

    Digits only: whoever could choose between "123" and "1 2 3" could choose between two samples.
    """
    if not number:
        return "尚未给出。"
    if len(number) > MOST_NUMBER or not (number.isascii() and number.isdigit()):
        return f"只写数字，按公布的先后，不超过{MOST_NUMBER}位，不写空格、小数点和其他字。"
    return ""


def _finding(sentence: str) -> Finding:
    return Finding(code="SAMPLE_RULE", sentence=sentence)


def _refused(sentence: str) -> Refused:
    return Refused(code="SAMPLE_TOO_LARGE", sentence=sentence)
