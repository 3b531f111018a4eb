"""Names and identity numbers have no place in what people write: notes, reasons, 文号, file names.

All of that is kept where many read it: in histories, logs, the archive (ADR 0012). Persons of the
establishment are named by key there. A number is known by its form, a name only by the register.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from domain.refusal import Refused

_IDENTITY = re.compile(
    r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
"""An identity number: region, day of birth, three digits and the check digit."""


def personal_fault(*texts: str) -> Refused | None:
    """Why these texts may not be kept: one holds an identity number; None if they may.

    >>> personal_fault("见甲编办〔2026〕7号") is None, personal_fault("见11010119900307123X").code
    (True, 'PERSONAL_DATA')
    """
    if any(_IDENTITY.search(text) for text in texts):
        return Refused(
            code="PERSONAL_DATA",
            sentence="意见、理由、文号、文件名里不写身份证号码，人员只用编号，请删去后重试。",
        )
    return None


SHORTEST_NAME: Final = 2
"""Characters of a name that is looked for: one alone is in every text."""

_MOST_NAMED: Final = 5
_WITHIN_NAMES: Final = frozenset("·•・.-'’")
_GAPS: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


@dataclass(frozen=True, kw_only=True)
class Spotted:
    """A name in a text, from its ``at``-th character (the first is 1)."""

    at: int
    name: str


class Spotter:
    """Finds names in texts however they are spaced; words that are ``spared`` hide what is in them."""

    def __init__(self, names: Iterable[str], spared: Iterable[str] = ()) -> None:
        self._names = _by_form(names)
        self._spared = set(_by_form(spared))
        forms = (*self._names, *self._spared)
        self._lengths = sorted({len(form) for form in forms}, reverse=True)

    def spot(self, text: str) -> list[Spotted]:
        """This will find every name in a text; of two that begin at one place the longer.

        >>> Spotter(["王小", "李四光"], ["王小明"]).spot("王小明与李 四光谈话")
        [Spotted(at=5, name='李四光')]
        """
        form, places = _squeezed(text)
        found: list[Spotted] = []
        at = 0
        while at < len(form):
            piece = self._longest(form, at)
            if piece and piece not in self._spared:
                found.append(Spotted(at=places[at] + 1, name=self._names[piece]))
            at += len(piece) or 1
        return found

    def _longest(self, form: str, at: int) -> str:
        for length in self._lengths:
            piece = form[at : at + length]
            known = piece in self._names or piece in self._spared
            if len(piece) == length and known and _stands_alone(form, at, piece):
                return piece
        return ""


def _by_form(words: Iterable[str]) -> dict[str, str]:
    forms = ((_form(word), word) for word in words)
    return {form: word for form, word in forms if len(form) >= SHORTEST_NAME}


def _form(word: str) -> str:
    """The same as ``_squeezed`` without places; thousands of names are letters and no more."""
    plain = unicodedata.normalize("NFKC", word).casefold()
    return plain if plain.isalpha() else _squeezed(word)[0]


def _squeezed(text: str) -> tuple[str, list[int]]:
    """A text without gaps, in one width and case, and where each of its characters stood."""
    form: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for plain in unicodedata.normalize("NFKC", char).casefold():
            if plain not in _WITHIN_NAMES and unicodedata.category(plain) not in _GAPS:
                form.append(plain)
                places.append(place)
    return "".join(form), places


def _stands_alone(form: str, at: int, piece: str) -> bool:
    """A name in Latin letters is no part of a longer word."""
    around = form[max(at - 1, 0) : at] + form[at + len(piece) : at + len(piece) + 1]
    return not piece.isascii() or not any(c.isascii() and c.isalnum() for c in around)


def name_fault(found: Collection[tuple[str, int]]) -> Refused | None:
    """Why texts may not be sent in which names stand: ``(where, at)``; no name is repeated.

    >>> name_fault([("意见", 3)]).sentence
    '意见第3个字起是在册人员的姓名；人员只写编号（见 jiegai staff show），请改后重试，没有发出。'
    """
    if not found:
        return None
    named = "、".join(f"{where}第{at}个字起" for where, at in list(found)[:_MOST_NAMED])
    more = f"等{len(found)}处" if len(found) > _MOST_NAMED else ""
    return Refused(
        code="PERSONAL_NAME",
        sentence=f"{named}{more}是在册人员的姓名；人员只写编号（见 jiegai staff show），"
        "请改后重试，没有发出。",
    )
