"""Counts how much of a department has gone down to the streets, by people and by posts (0-44)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from contracts.devolution import DevolutionAnswer, DevolutionQuestion, Devolutions
from domain.devolution import (
    By,
    Count,
    Devolution,
    Goal,
    read_receivers,
    receiving,
    unit_meant,
)
from domain.directory import Directory
from domain.plan_targets import read_targets
from domain.refusal import Refused
from domain.unit import Unit
from storage.devolution_store import gone_from, known_teams
from storage.engine import Database
from storage.people_store import has_directory, read_units


class DevolutionActivities(Devolutions):
    """Measures in the ledger of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="measure_devolution")
    async def measure(self, question: DevolutionQuestion) -> DevolutionAnswer:
        """This will count what has gone down, by people and by posts."""
        async with translated_errors(), self._database.snapshot() as connection:
            if not await has_directory(connection, question.rollout):
                sentence = f"没有登记改革“{question.rollout}”。"
                return DevolutionAnswer(code="UNKNOWN_ROLLOUT", sentence=sentence)
            directory = Directory.of(await read_units(connection, question.rollout))
            answer = DevolutionAnswer()
            for goal in question.goals:
                found = await _measure(connection, question, goal, directory)
                if isinstance(found, Refused):
                    return DevolutionAnswer(code=found.code, sentence=found.sentence)
                answer = replace(found, lines=answer.lines + found.lines)
        return answer


async def _measure(
    connection: AsyncConnection, question: DevolutionQuestion, goal: Goal, directory: Directory
) -> DevolutionAnswer | Refused:
    of = unit_meant(directory, goal.unit, question.district)
    if isinstance(of, Refused):
        return of
    below = await _below(connection, question, of, directory)
    if isinstance(below, Refused):
        return below
    units, teams = below
    gone = await gone_from(connection, question.rollout, of.name, units, teams, day=question.as_of)
    if not gone.locked_people and not gone.locked_posts:
        when = f"截至{question.as_of}，" if question.as_of else ""
        hint = "" if question.as_of else "：先 jiegai census lock"
        sentence = f"{when}台账里没有“{of.name}”的期初数，无从计算下放比例{hint}。"
        return Refused(code="NOT_IN_LOCK", sentence=sentence)
    line = Devolution(
        goal=replace(goal, unit=of.name),
        people=Count(by=By.PEOPLE, locked=gone.locked_people, gone=gone.people),
        posts=Count(by=By.POSTS, locked=gone.locked_posts, gone=gone.posts),
        in_transit=gone.in_transit,
    )
    return DevolutionAnswer(lines=(line,), units=units, teams=teams)


async def _below(
    connection: AsyncConnection, question: DevolutionQuestion, of: Unit, directory: Directory
) -> tuple[tuple[str, ...], tuple[str, ...]] | Refused:
    """The units and teams that count as below."""
    if not question.to:
        named = read_targets(question.targets_text, directory).units
        return receiving(directory, of, named), ()
    units, teams = read_receivers(directory, of, question.to)
    known = await known_teams(connection, question.rollout, teams) if teams else frozenset()
    if strange := [word for word in teams if word not in known]:
        sentence = f"“{strange[0]}”不是{of.district or '全市'}的单位，也不是名册里的队伍。"
        return Refused(code="UNKNOWN_UNIT", sentence=sentence)
    return units, teams
