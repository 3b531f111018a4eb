"""Texts looked through for names before anybody sends them (issue 4, "Personal data"; ADR 0012).

They come sealed and are answered with places. Who holds a post of the directory is public; so are
the words of the plan, which some name may resemble. A text that only looks like a name is reworded:
the answer says at which character.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from temporalio import activity

from activities.database import translated_errors
from activities.sealed import BROKEN, key_differs, key_missing
from contracts.sealed import (
    MOST_FOUND,
    AddressAnswer,
    AddressQuestion,
    NameFound,
    Sealing,
    TextDesk,
    TextsAnswer,
    TextsQuestion,
    texts_purpose,
)
from domain.personal import Spotted, Spotter
from domain.refusal import Refused
from storage import staff_store
from storage.engine import Database


class TextActivities(TextDesk):
    """Compares texts with the register of one database."""

    def __init__(self, database: Database, seal: Sealing | None) -> None:
        self._database = database
        self._seal = seal

    @activity.defn(name="address_of_texts")
    async def address(self, question: AddressQuestion) -> AddressAnswer:
        """This will say to whom texts are sealed, if they need to be looked through at all."""
        async with translated_errors(), self._database.single() as connection:
            if not await staff_store.has_staff(connection, question.rollout):
                return AddressAnswer()
        if self._seal is None:
            no = key_missing()
            return AddressAnswer(code=no.code, sentence=no.sentence)
        return AddressAnswer(address=self._seal.address())

    @activity.defn(name="look_through_texts")
    async def look(self, question: TextsQuestion) -> TextsAnswer:
        """This will find names of persons of the register who hold no post of the directory."""
        if self._seal is None:
            return _refused(key_missing())
        purpose = texts_purpose(question.rollout, question.asked)
        content = self._seal.open(question.sealed, purpose)
        if content is None:
            return _refused(key_differs())
        try:
            texts = [str(text) for text in json.loads(content)]
        except ValueError:
            return _refused(Refused(code="UPLOAD_BROKEN", sentence=BROKEN))
        async with translated_errors(), self._database.single() as connection:
            names = await staff_store.names_of(connection, question.rollout)
            found = await asyncio.to_thread(_spotted, texts, names)
            words = {one.name for _, one in found}
            public = await staff_store.words_of_plan(connection, question.rollout, words)
        places = [(place, one.at) for place, one in found if one.name not in public]
        return TextsAnswer(
            found=tuple(NameFound(place=place, at=at) for place, at in places[:MOST_FOUND])
        )


def _spotted(texts: Sequence[str], names: staff_store.Names) -> list[tuple[int, Spotted]]:
    spotter = Spotter(names.persons, (*names.officials, *names.units))
    return [(place, one) for place, text in enumerate(texts) for one in spotter.spot(text)]


def _refused(no: Refused) -> TextsAnswer:
    return TextsAnswer(code=no.code, sentence=no.sentence)
