"""Sampling that anyone can verify: nobody chooses, everybody can recompute (4-37)."""

from __future__ import annotations

import doctest
import hashlib
import io
import json
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.sampling
from domain.audit import RunKey, SampleRule
from domain.day_words import SHANGHAI
from domain.draw_record import (
    read_deposit,
    read_record,
    record_of,
    verify,
    write_deposit,
    write_record,
)
from domain.refusal import Finding, Refused
from domain.sampling import (
    WORKING_MINUTES,
    Member,
    Prepared,
    below,
    digest,
    drawn,
    members,
    number_fault,
    numbers,
    public_number,
    sample_fault,
)
from domain.unit import Unit, UnitKind
from starter.audit_verify import HOW

PAGE = Path(__file__).parents[2] / "docs/抽样核验.md"
KEY = RunKey(rollout="乌海2019", plan="四季度抽查", window="2026年第4季度")
DAYS = (date(2026, 10, 9), date(2026, 10, 10), date(2026, 10, 12))
AT = datetime(2026, 9, 30, 2, tzinfo=UTC)

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
STREETS = tuple(Member(unit=f"{n:02}街道", type="街道", district="甲区") for n in range(12))
THREE = SampleRule(count=3)
TOWNS = tuple(Member(unit=f"{n:02}镇", type="镇", district="甲区") for n in range(5))


def prepared(
    salt: str = "ab" * 32,
    population: tuple[Member, ...] = STREETS,
    rule: SampleRule = THREE,
) -> Prepared:
    """A draw of three of twelve streets within three days, unless it says more."""
    return Prepared(key=KEY, days=DAYS, population=population, rule=rule, salt=salt)


def salts(many: int) -> list[str]:
    """So many salts, always the same."""
    return [hashlib.sha256(f"盐{n}".encode()).hexdigest() for n in range(many)]


def chi_square(counts: Counter[str], expected: dict[str, float]) -> float:
    """How far counts are from what is expected."""
    return sum((counts[name] - want) ** 2 / want for name, want in expected.items())


def test_worked_numbers_are_right():
    """The examples in the docstrings hold."""
    assert doctest.testmod(domain.sampling).failed == 0


# --- equal chances ----------------------------------------------------------------------------


@pytest.mark.parametrize("space", [8, 16, 31])
def test_every_number_of_a_limit_has_as_many_sources(space):
    """Over a whole space of sources each number below any limit comes equally often."""
    for limit in range(1, space + 1):
        kept = [n for n in range(space) if n < space - space % limit]
        found = Counter(below(limit, iter([n]), space) for n in kept)
        assert {space // limit} == set(found.values())
        assert set(range(limit)) == set(found)
        for skipped in range(len(kept), space):
            assert below(limit, iter([skipped, 0]), space) == 0


@given(st.integers(1, 2**63), st.text(max_size=8))
def test_a_number_is_below_its_limit(limit, seed):
    """Also for limits far beyond any population."""
    assert 0 <= below(limit, numbers(seed)) < limit


def test_every_unit_is_drawn_equally_often():
    """Simple random sampling: over 2,400 salts the inclusion of 12 units is uniform (χ², 11 df)."""
    found = Counter(unit for salt in salts(2_400) for unit in prepared(salt).sample())

    # Inclusions of one draw exclude each other a little: χ² is shrunk by (N-n)/(N-1).
    worth = chi_square(found, {one.unit: 600 for one in STREETS}) * 11 / 9
    assert worth < 31.3  # p = 0.001


def test_every_pair_is_drawn_equally_often():
    """Not only each unit: each set of two of five is as likely (χ², 9 df)."""
    rule = SampleRule(count=2)
    found = Counter(frozenset(prepared(salt, TOWNS, rule).sample()) for salt in salts(2_000))
    pairs = [frozenset(pair) for pair in combinations((one.unit for one in TOWNS), 2)]

    assert set(pairs) == set(found)
    assert sum((found[pair] - 200) ** 2 / 200 for pair in pairs) < 27.9  # p = 0.001


def test_the_first_draw_follows_the_weights():
    """Risk-weighted: 1, 2, 3, 4 and 10 are drawn first in this proportion (χ², 4 df)."""
    weights = dict(zip((one.unit for one in TOWNS), (1, 2, 3, 4, 10), strict=True))
    rule = SampleRule(count=2, weights=weights)
    found = Counter(prepared(salt, TOWNS, rule).sample()[0] for salt in salts(2_000))

    assert chi_square(found, {unit: weight * 100 for unit, weight in weights.items()}) < 18.5


def test_the_second_draw_follows_the_weights_left():
    """With weights 1, 1 and 8 the heavy one comes second exactly when it was not first."""
    three = TOWNS[:3]
    rule = SampleRule(count=2, weights={three[2].unit: 8})
    second = Counter(prepared(salt, three, rule).sample() for salt in salts(1_000))
    light = [pair for pair in second if three[2].unit not in pair]

    # 2/10 to miss it first, then 1/9 to miss it again.
    assert sum(second[pair] for pair in light) == pytest.approx(1_000 * 2 / 10 / 9, abs=15)


def test_every_minute_of_the_window_may_be_the_hour():
    """Over 2,880 salts the minutes spread over all three days and eight hours (χ², 23 df)."""
    hours = Counter(
        f"{local.date()} {local.hour}"
        for salt in salts(2_880)
        for local in [prepared(salt).fire_at.astimezone(SHANGHAI)]
    )

    assert chi_square(hours, {f"{day} {hour}": 120 for day in DAYS for hour in range(9, 17)}) < 49.7


# --- what it draws ----------------------------------------------------------------------------


@given(
    st.lists(NAMES, min_size=1, max_size=20, unique=True),
    st.data(),
)
def test_a_sample_is_of_the_population_without_repetition(names, data):
    """As many units as wanted, all different, all of the population, in any order of input."""
    population = [Member(unit=name, type="街道") for name in names]
    wanted = data.draw(st.integers(1, len(names)))
    weights = data.draw(st.dictionaries(st.sampled_from(names), st.integers(1, 1_000)))
    rule = SampleRule(count=wanted, weights=weights)

    sample = drawn(population, rule, numbers("种"))

    assert wanted == len(sample) == len(set(sample))
    assert set(sample) <= set(names)
    assert sample == drawn(data.draw(st.permutations(population)), rule, numbers("种"))


@given(st.integers(1, 12), st.integers(1, 5), st.sampled_from(salts(20)))
def test_each_stratum_gives_exactly_its_share(streets, towns, salt):
    """Stratified: so many 街道, so many 镇, whatever the salt."""
    rule = SampleRule(strata={"街道": streets, "镇": towns})
    sample = prepared(salt, (*STREETS, *TOWNS), rule).sample()

    assert {"街道": streets, "镇": towns} == Counter(unit.lstrip("0123456789") for unit in sample)


def test_the_hour_lies_in_working_hours():
    """The first and the last minute of a window are 09:00 of its first, 16:59 of its last day."""
    found = [prepared(salt).fire_at.astimezone(SHANGHAI) for salt in salts(300)]

    assert all(one.date() in DAYS and time(9) <= one.time() < time(17) for one in found)
    first = replace(prepared(), days=DAYS[:1])
    minutes = {replace(first, salt=salt).fire_at for salt in salts(6_000)}
    opening = datetime.combine(DAYS[0], time(9), SHANGHAI)
    assert {opening + timedelta(minutes=n) for n in range(WORKING_MINUTES)} == minutes


def test_the_population_is_in_one_order():
    """Units of the directory in any order freeze to the same population."""
    units = [Unit(name=one.unit, kind=UnitKind.STREET, district="甲区") for one in STREETS]

    assert members(units) == members(reversed(units)) == STREETS


# --- the commitment ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        prepared(salt="ab" * 31 + "ac"),
        prepared(population=STREETS[:-1]),
        prepared(population=(*STREETS[:-1], replace(STREETS[-1], type="镇"))),
        prepared(population=(*STREETS[:-1], replace(STREETS[-1], district="乙区"))),
        prepared(rule=SampleRule(count=4)),
        prepared(rule=SampleRule(strata={"街道": 3})),
        prepared(rule=SampleRule(count=3, weights={"00街道": 2})),
        prepared(rule=SampleRule(count=3, public_source="当日福彩3D开奖号码")),
        replace(prepared(), days=DAYS[:-1]),
        replace(prepared(), key=replace(KEY, window="2026年第3季度")),
        replace(prepared(), key=replace(KEY, plan="抽查")),
        replace(prepared(), key=replace(KEY, rollout="乌海2020")),
    ],
)
def test_whatever_is_changed_changes_the_commitment(other):
    """Salt, population, rule or window: none can be exchanged afterwards."""
    assert prepared().commitment != other.commitment
    assert prepared().seed() != other.seed()


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=8, unique=True))
def test_no_two_populations_have_one_hash(pairs):
    """However names and types are cut: leaving out any member is another hash."""
    population = tuple(Member(unit=unit, type=kind) for unit, kind in sorted(pairs))
    hashes = {
        prepared(population=population[:n] + population[n + 1 :]).population_hash
        for n in range(len(population))
    }

    assert len(population) == len(hashes)
    assert prepared(population=population).population_hash not in hashes


def test_the_public_number_changes_the_seed_but_not_the_commitment():
    """What is known only on the day cannot have been committed to."""
    rule = SampleRule(count=3, public_source="当日福彩3D开奖号码")

    assert prepared(rule=rule).seed("123") != prepared(rule=rule).seed("124")


def test_a_public_number_is_written_in_one_way():
    """Full-width digits are the same number; blanks, points and words are none: no choice is left."""
    assert public_number("１２３ ") == "123"
    assert number_fault("0123") == ""
    assert all(number_fault(n) for n in ("", "1 2 3", "1,2", "12.3", "一二三", "٣", "²", "1" * 65))


def test_the_hash_of_a_rule_gives_its_weights_away_to_nobody():
    """It is salted: who guesses the weights cannot tell from it whether he is right."""
    assert prepared(salt="0" * 64).rule_hash != prepared().rule_hash


# --- arranging --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule, kind",
    [
        (SampleRule(), Finding),
        (SampleRule(count=2, strata={"街道": 1}), Finding),
        (SampleRule(count=-1), Finding),
        (SampleRule(strata={"街道": 0}), Finding),
        (SampleRule(count=1, weights={"外街道": 2}), Finding),
        (SampleRule(count=1, weights={"00街道": 0}), Finding),
        (SampleRule(count=1, weights={"00街道": 1_001}), Finding),
        (SampleRule(count=1, public_source="长" * 65), Finding),
        (SampleRule(count=13), Refused),
        (SampleRule(strata={"街道": 13}), Refused),
        (SampleRule(strata={"镇": 1}), Refused),
        (SampleRule(count=12), type(None)),
        (SampleRule(strata={"街道": 12}), type(None)),
    ],
)
def test_a_rule_that_cannot_draw_is_refused_when_it_is_arranged(rule, kind):
    """More than there are, nothing at all, or weights of strangers: said before, not at the draw."""
    units = [Unit(name=one.unit, kind=UnitKind.STREET) for one in STREETS]

    assert isinstance(sample_fault(rule, units), kind)


# --- the proof --------------------------------------------------------------------------------

FULL = prepared(
    population=(*STREETS, *TOWNS),
    rule=SampleRule(
        strata={"镇": 2, "街道": 3}, weights={"03街道": 9, "01镇": 4}, public_source="当日开奖号码"
    ),
)
RECORD = record_of(FULL, AT, FULL.fire_at + timedelta(minutes=17), "803")


def recomputed(file: Path) -> list[str]:
    """What the program in docs/抽样核验.md prints of a record; it has no line of the domain."""
    program = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    said = io.StringIO()
    with patch("sys.argv", ["", str(file)]), redirect_stdout(said):
        exec(program, {})
    return said.getvalue().splitlines()


@pytest.mark.parametrize("salt", salts(8))
@pytest.mark.parametrize("rule", [FULL.rule, SampleRule(count=4), SampleRule(count=17)])
def test_the_description_is_enough_to_recompute(salt, rule, tmp_path):
    """Another program, made from the description alone, finds the same commitment, hour and sample."""
    one = replace(FULL, salt=salt, rule=rule)
    record = record_of(one, AT, one.fire_at, "803" if rule.public_source else "")
    hour = f"{one.fire_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    file = tmp_path / "记录.json"
    file.write_text(write_record(record), "utf-8")

    assert [one.commitment, hour, "、".join(record.sample)] == recomputed(file)


def test_page_and_command_describe_it_alike():
    """Each line that the command prints stands on the page, numbered as there."""
    page = PAGE.read_text("utf-8").splitlines()

    assert all(f"{number}. {said}" in page for number, said in enumerate(HOW, 1))


def test_a_true_record_verifies():
    """Written, read back and recomputed: every check holds, the deposit's as well."""
    read = read_record(write_record(RECORD))
    deposit = read_deposit(write_deposit(FULL.deposit(AT)))
    assert not isinstance(read, Refused)
    assert not isinstance(deposit, Refused)

    checks = verify(read, deposit)

    assert ["抽取范围", "抽取规则", "承诺值", "抽取时刻", "样本", "公开数", "存证"] == [
        c.name for c in checks
    ]
    assert all(check.holds for check in checks)


def tampered(name: str, value: object) -> str:
    """The record with one thing exchanged."""
    return json.dumps(json.loads(write_record(RECORD)) | {name: value}, ensure_ascii=False)


OTHER = json.loads(write_record(RECORD))


@pytest.mark.parametrize(
    "name, value, fails",
    [
        ("sample", OTHER["sample"][::-1], {"样本"}),
        ("sample", OTHER["sample"][:-1], {"样本"}),
        ("sample", [], {"样本"}),
        ("public_number", "804", {"样本"}),
        ("public_number", "", {"样本", "公开数"}),
        ("public_number", "８０３", {"样本", "公开数"}),
        ("public_number_day", "2026-10-01", {"公开数"}),
        ("public_number_day", "", {"公开数"}),
        ("salt", "cd" * 32, {"抽取规则", "承诺值", "抽取时刻", "样本", "公开数", "存证"}),
        (
            "population",
            OTHER["population"][1:],
            {"抽取范围", "承诺值", "抽取时刻", "样本", "公开数", "存证"},
        ),
        ("population", [], {"抽取范围", "承诺值", "抽取时刻", "样本", "公开数", "存证"}),
        (
            "rule",
            OTHER["rule"] | {"weights": {}},
            {"抽取规则", "承诺值", "抽取时刻", "样本", "公开数", "存证"},
        ),
        (
            "rule",
            OTHER["rule"] | {"count": 9**9},
            {"抽取规则", "承诺值", "抽取时刻", "样本", "公开数", "存证"},
        ),
        ("days", OTHER["days"][1:], {"承诺值", "抽取时刻", "样本", "公开数", "存证"}),
        ("window", "2026年第3季度", {"承诺值", "抽取时刻", "样本", "公开数", "存证"}),
        ("fire_at", "2026-10-09T02:00:00+00:00", {"抽取时刻"}),
        ("drawn_at", "2026-10-08T02:00:00+00:00", {"抽取时刻"}),
        ("population_hash", "0" * 64, {"抽取范围"}),
        ("rule_hash", "0" * 64, {"抽取规则"}),
        ("commitment", "0" * 64, {"承诺值"}),
    ],
)
def test_a_tampered_record_fails(name, value, fails):
    """Whatever is exchanged, the check that it breaks says no."""
    read = read_record(tampered(name, value))
    assert not isinstance(read, Refused)
    assert fails >= {c.name for c in verify(read, FULL.deposit(AT)) if not c.holds} > set()


def test_a_record_made_anew_differs_from_the_deposit():
    """Who makes all of a record anew, all hashes included, is found out by what was kept."""
    forged = replace(FULL, salt="cd" * 32)
    record = record_of(forged, AT, forged.fire_at, "803")

    assert all(check.holds for check in verify(record))
    assert ["存证"] == [c.name for c in verify(record, FULL.deposit(AT)) if not c.holds]
    late = FULL.deposit(RECORD.drawn_at + timedelta(seconds=1))
    assert ["存证"] == [c.name for c in verify(RECORD, late) if not c.holds]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        tampered("format", "jiegai-draw-2"),
        tampered("salt", "AB" * 32),
        tampered("salt", 1),
        tampered("days", []),
        tampered("days", ["2026-02-30"]),
        tampered("population", {"a": 1}),
        tampered("population", [{"unit": "甲"}]),
        tampered("population", [OTHER["population"][0]] * 2),
        tampered("rule", {}),
        tampered("rule", OTHER["rule"] | {"count": True}),
        tampered("rule", OTHER["rule"] | {"count": "3"}),
        tampered("rule", OTHER["rule"] | {"strata": {"街道": 1.5}}),
        tampered("rule", OTHER["rule"] | {"weights": []}),
        tampered("sample", None),
        tampered("sample", [1]),
        tampered("fire_at", "2026-10-09T02:00:00"),
        tampered("drawn_at", "明天"),
        tampered("plan", "x").replace('"x"', '"\\ud800"'),
    ],
)
def test_what_is_no_record_is_refused(text):
    """A file of anything else is refused in one sentence, never a crash."""
    found = read_record(text)

    assert isinstance(found, Refused)
    assert found.code == "DRAW_RECORD_INVALID"
    assert isinstance(read_deposit(text), Refused)


def test_numbers_of_one_seed_do_not_repeat():
    """The stream counts on: no two of its first thousand numbers are the same."""
    stream = numbers(digest("seed", "00"))
    found = sorted(next(stream) for _ in range(1_000))

    assert all(one < other for one, other in pairwise(found))
