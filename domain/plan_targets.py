"""What 各街道 and its like mean: from the 责任单位 cell to names of units, and how it was read.

Known: 各街道, 各镇, 各镇街 (各镇和街道), 各区, 全市, 各部门, 各成员单位, 各事业单位; the same after a
district's name (海勃湾区各街道); 各 before a duty (各区委编办); names in a list; 除…外. Sources: 0-06,
0-07, 2-02…2-05. A word that is none of these is reported, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.directory import Directory, names_in
from domain.unit import Unit, UnitKind

_BOTH = (UnitKind.TOWN, UnitKind.STREET)
GROUPS: dict[str, tuple[UnitKind, ...]] = {
    "各街道": (UnitKind.STREET,),
    "各街道办事处": (UnitKind.STREET,),
    "各镇": (UnitKind.TOWN,),
    "各镇街": _BOTH,
    "各镇街道": _BOTH,
    "各街镇": _BOTH,
    "各镇和街道": _BOTH,
    "各镇及街道": _BOTH,
    "各街道和镇": _BOTH,
    "各镇（街道）": _BOTH,
    "各区": (UnitKind.DISTRICT,),
    "全市": (UnitKind.CITY,),
    "市": (UnitKind.CITY,),
    "各部门": (UnitKind.DEPARTMENT,),
    "各事业单位": (UnitKind.INSTITUTION,),
}
MEMBERS = "各成员单位"

_EXCEPT = re.compile(r"[（(，,]?\s*除(?:了)?(?P<out>[^除]+?)(?:以|之)?外(?:的)?\s*[）)]?[，,]?")
_JOINED = re.compile(r"[和及与]")
EACH = "各"


@dataclass(frozen=True, kw_only=True)
class Targets:
    """How a 责任单位 cell was read: units in the plan's order, and the words not understood.

    ``ambiguous`` are duties that several districts have (区财政局) written without 各.
    """

    units: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The reading in words: ``13个：凤凰岭街道、…（除 …）``."""
        text = f"{len(self.units)}个：{'、'.join(self.units)}"
        return f"{text}（不含{'、'.join(self.excluded)}）" if self.excluded else text


def read_targets(text: str, directory: Directory) -> Targets:
    """This will read a 责任单位 cell against the plan's units."""
    out_words = [
        word for match in _EXCEPT.finditer(text) for word in _words(match["out"], directory)
    ]
    words = _words(_EXCEPT.sub("、", text), directory)
    unknown, ambiguous = [], []
    chosen: set[str] = set()
    dropped: set[str] = set()
    for word, into in [*((w, chosen) for w in words), *((w, dropped) for w in out_words)]:
        found = _meant(word, directory)
        if len(found) > 1 and not _is_group(word, directory):
            ambiguous.append(word)
        elif found:
            into.update(unit.name for unit in found)
        elif word not in GROUPS and word != MEMBERS:
            unknown.append(word)
    order = [unit.name for unit in directory.units]
    return Targets(
        units=tuple(name for name in order if name in chosen - dropped),
        excluded=tuple(name for name in order if name in chosen & dropped),
        unknown=tuple(unknown),
        ambiguous=tuple(ambiguous),
    )


def _words(text: str, directory: Directory) -> list[str]:
    """Words between marks; one that is not known as a whole is tried apart at 和, 及, 与."""
    return [
        word
        for whole in names_in(text)
        for word in _apart(whole.removesuffix("的"), directory) or [whole]
    ]


def _apart(word: str, directory: Directory) -> list[str]:
    """Known words joined by 和, as few as there are (和平街道和西镇 is two); empty if none fit."""
    if _meant(word, directory) or word in GROUPS:
        return [word]
    for joint in _JOINED.finditer(word):
        left, right = word[: joint.start()], word[joint.end() :]
        if _meant(left, directory) and (rest := _apart(right, directory)):
            return [left, *rest]
    return []


def _is_group(word: str, directory: Directory) -> bool:
    return (EACH in word and word not in directory.by_name) or word in GROUPS


def _meant(word: str, directory: Directory) -> tuple[Unit, ...]:
    if word in directory.by_name:
        return (directory.by_name[word],)
    if word == MEMBERS:
        return tuple(unit for unit in directory.units if unit.is_member)
    if word in GROUPS:
        return tuple(unit for unit in directory.units if unit.kind in GROUPS[word])
    district, each, rest = word.partition(EACH)
    if each and district and district in directory.by_district:
        return tuple(u for u in _meant(EACH + rest, directory) if u.district == district)
    duty = rest if each and not district else word
    return tuple(unit for unit in directory.units if duty in unit.duties)
