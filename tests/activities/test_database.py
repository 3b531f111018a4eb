"""What a failure of the database says to Temporal, where everybody may read it."""

from __future__ import annotations

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from activities.database import BAD_DATA, translated_errors
from storage.engine import Database

NAME = "滨河街道某某人"


async def failure_of(database: Database, statement: str) -> tuple[str, str]:
    """Type and whole text of the failure of a statement whose one parameter is a name."""
    try:
        async with translated_errors(), database.transaction() as connection:
            await connection.execute(text("CREATE TEMP TABLE paper (name text) ON COMMIT DROP"))
            await connection.execute(
                text("ALTER TABLE paper ADD CONSTRAINT short CHECK (name = '')")
            )
            await connection.execute(text(statement), {"name": NAME})
    except (ApplicationError, DBAPIError) as error:
        failure = Failure()
        await DataConverter.default.encode_failure(error, failure)
        said = f"{failure}{''.join(traceback.format_exception(error))}"
        kind = error.type if isinstance(error, ApplicationError) else type(error).__name__
        return str(kind), f"{said}{failure.message}{failure.cause.message}"
    raise AssertionError("nothing failed")


async def test_a_broken_constraint_is_named_without_its_row(database: Database) -> None:
    """The constraint tells what to look for; "Failing row contains" would tell whose row it is."""
    kind, said = await failure_of(database, "INSERT INTO paper VALUES (:name)")
    assert (kind, "数据不符合约束：short" in said) == (BAD_DATA, True)
    assert NAME not in said and "Failing row" not in said


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(CAST(:name AS text) AS integer)",
        "SELECT CAST(:name AS integer)",
        "SELECT no_such_column FROM paper WHERE name = :name",
        "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'restrict_violation'; END $$",
    ],
)
async def test_no_failure_tells_what_was_asked_with(database: Database, statement: str) -> None:
    """A value that is none, a defect in a statement, a trigger's no: never the parameters."""
    _, said = await failure_of(database, statement)
    assert NAME not in said and "parameters: (" not in said
