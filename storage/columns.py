"""The columns that tables are made of; none has a default, so that nothing is written unsaid."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field


def text_column(*, key: bool = False, nullable: bool = False) -> Any:
    """A text."""
    return Field(sa_column=Column(Text, nullable=nullable, primary_key=key))


def texts_column() -> Any:
    """A list of texts."""
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


def instant_column(*, nullable: bool = False) -> Any:
    """An instant, aware UTC."""
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def json_column(*, nullable: bool = False) -> Any:
    """A JSON document."""
    return Field(sa_column=Column(JSONB, nullable=nullable))


def number_column(*, key: bool = False) -> Any:
    """A number of at most nine digits, given by whoever writes."""
    return Field(sa_column=Column(Integer, nullable=False, primary_key=key, autoincrement=False))


def big_column(*, key: bool = False) -> Any:
    """A number that may outgrow nine digits, given by whoever writes."""
    return Field(sa_column=Column(BigInteger, nullable=False, primary_key=key, autoincrement=False))


def serial_column() -> Any:
    """A number that the database gives."""
    return Field(default=None, sa_column=Column(BigInteger, primary_key=True))
