"""Texts looked through for names, against a real register; they come sealed."""

from __future__ import annotations

import json

from sqlalchemy import text

from activities.texts import TextActivities
from contracts.sealed import AddressQuestion, TextsAnswer, TextsQuestion, texts_purpose
from runtime.seal import Seal, seal_letter
from tests.activities.conftest import Rollout

SEAL = Seal(bytes(range(32)))


async def registered(database, rollout: Rollout, *names: str) -> str:
    """These persons on the register of a rollout."""
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO staff VALUES (:r, :key, :name, 'sealed', :key, :unit, '行政', '', '', true)"
            ),
            [
                {
                    "r": rollout.plan.rollout,
                    "key": f"p-{n:016x}",
                    "name": name,
                    "unit": rollout.plan.units[0].name,
                }
                for n, name in enumerate(names)
            ],
        )
    return rollout.plan.rollout


async def looked(desk: TextActivities, run, rollout: str, *texts: str) -> TextsAnswer:
    """Ask as a command does."""
    to = await run(desk.address, AddressQuestion(rollout=rollout))
    sealed = seal_letter(json.dumps(texts).encode(), texts_purpose(rollout, "t"), to.address)
    return await run(desk.look, TextsQuestion(rollout=rollout, asked="t", sealed=sealed))


async def test_names_of_the_register_are_found_but_those_of_officials_and_of_the_plan(
    database, rollout, run
):
    """Who holds a post is public, and so is a word that stands in the plan."""
    official = next(h for unit in rollout.plan.units for h in unit.handlers)
    word = rollout.plan.rows[0].task[:2]
    name = await registered(database, rollout, "赵钱孙", official, word)
    desk = TextActivities(database, SEAL)

    answer = await looked(desk, run, name, "已告知", f"{official}与赵钱孙谈话", f"{word}，赵钱孙")

    assert answer.code == ""
    at = [(one.place, one.at) for one in answer.found]
    assert at == [(1, len(official) + 2), (2, 4)]


async def test_without_a_register_there_is_nothing_to_seal_and_without_a_key_nothing_to_open(
    database, rollout, run
):
    """No address where nobody is registered; another key or none is said, and nothing found."""
    empty = await run(TextActivities(database, None).address, AddressQuestion(rollout="没有"))
    assert (empty.address, empty.code) == ("", "")
    name = await registered(database, rollout, "赵钱孙")

    no_key = await run(TextActivities(database, None).address, AddressQuestion(rollout=name))
    assert (no_key.address, no_key.code) == ("", "SECRET_KEY_MISSING")
    other = seal_letter(b"[]", texts_purpose(name, "t"), Seal(b"x" * 32).address())
    question = TextsQuestion(rollout=name, asked="t", sealed=other)
    assert (await run(TextActivities(database, SEAL).look, question)).code == "SECRET_KEY_DIFFERS"
