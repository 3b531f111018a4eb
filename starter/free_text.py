"""What somebody typed is looked through for names before any of it is sent (ADR 0012).

Everything that reaches Temporal stays there, so that the question itself goes sealed: to the
worker's address, since a handler's computer has no key. A rollout without a register of persons
costs one short read, any other two: about a tenth of what a command takes to start.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from starter.errors import EXIT_REFUSED, UserError

if TYPE_CHECKING:
    from domain.action import Action, Evidence
    from starter.desk_client import Door

Written = tuple[str, str]
"""Where something was written (``意见``), and what."""


def written_in(action: Action) -> list[Written]:
    """The free texts of an action; ``--as`` is a claim of the directory's and is none."""
    replies = (("意见反馈", part) for pair in action.replies.items() for part in pair)
    return [
        ("意见", action.note),
        *evidence_texts(action.evidence),
        *(("研判结论", text) for text in action.verdicts.values()),
        ("去向", action.to),
        *replies,
    ]


def evidence_texts(evidence: Iterable[Evidence]) -> Iterator[Written]:
    """What a piece of evidence says in words."""
    # Its place and not its name, which may be the one that is not repeated.
    for number, piece in enumerate(evidence, start=1):
        yield f"第{number}件证据的名称", piece.name
        yield f"第{number}件证据的文号", piece.doc_no
        yield f"第{number}件证据的文件名", piece.filename


async def refuse_names(door: Door, rollout: str, written: Sequence[Written]) -> None:
    """This will raise PERSONAL_NAME (2) if a text names somebody of the rollout's register."""
    from domain.personal import name_fault

    found = await names_in(door, rollout, [text for _, text in written])
    fault = name_fault([(written[place][0], at) for place, at in found])
    if fault is not None:
        raise UserError(fault.code, fault.sentence)


async def names_in(door: Door, rollout: str, texts: Sequence[str]) -> list[tuple[int, int]]:
    """Where names stand: place in ``texts``, and the character at which one begins.

    Raises UserError where it cannot be known.
    """
    from contracts.sealed import AddressQuestion, TextDesk, TextsQuestion, texts_purpose
    from domain.personal import SHORTEST_NAME

    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        if len(text) >= SHORTEST_NAME:
            places.setdefault(text, []).append(place)
    if not places:
        return []
    to = await door.ask(TextDesk.address, AddressQuestion(rollout=rollout))
    _refuse(to.code, to.sentence)
    if not to.address:
        return []
    from runtime.seal import seal_letter

    found: list[tuple[int, int]] = []
    for page in _pages(list(places)):
        asked = secrets.token_hex(16)
        purpose = texts_purpose(rollout, asked)
        content = json.dumps(page, ensure_ascii=False).encode()
        sealed = seal_letter(content, purpose, to.address)
        question = TextsQuestion(rollout=rollout, asked=asked, sealed=sealed)
        answer = await door.ask(TextDesk.look, question)
        _refuse(answer.code, answer.sentence)
        found += [(place, one.at) for one in answer.found for place in places[page[one.place]]]
    return sorted(found)


def _pages(texts: Sequence[str]) -> Iterator[list[str]]:
    from contracts.sealed import MOST_TEXT_BYTES

    page: list[str] = []
    size = 0
    for text in texts:
        more = len(text.encode())
        if page and size + more > MOST_TEXT_BYTES:
            yield page
            page, size = [], 0
        page.append(text)
        size += more
    yield page


def _refuse(code: str, sentence: str) -> None:
    if code:
        raise UserError(code, sentence, EXIT_REFUSED)
