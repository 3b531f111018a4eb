"""Persons who went down to a street: in which way (3-11), whose they are (0-45), who appraises them.

全面下放: the street alone (3-18). 挂点联系, which is 定点联系执法专员 (A8): 60 and 40 (3-19). For 进驻执法
the texts give no share; it is a setting of the plan, and open where the plan says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.refusal import Refused


class SinkMode(StrEnum):
    """The three ways of going down (3-11)."""

    FULL = "全面下放"
    POSTED = "进驻执法"
    LIAISON = "挂点联系"


MODES = tuple(str(mode) for mode in SinkMode)

_SHARES = {SinkMode.FULL: 100, SinkMode.LIAISON: 60}


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """Who appraises with how many per cent; the two sum to 100."""

    street: int
    sender: int

    @property
    def said(self) -> str:
        """In words: ``街道60%、派出单位40%``."""
        parts = (("街道", self.street), ("派出单位", self.sender))
        return "、".join(f"{name}{share}%" for name, share in parts if share)

    def score(self, street: float | None, sender: float | None) -> float | None:
        """The final score; None while one that counts is missing (3-19)."""
        both = ((self.street, street), (self.sender, sender))
        if any(share and given is None for share, given in both):
            return None
        return sum(share * (given or 0) for share, given in both) / 100


def appraisal(mode: str, posted: int | None = None) -> Appraisal | None:
    """Who appraises a person; ``posted`` is the street's share for 进驻执法 as the plan sets it.

    None: nobody went down, or the plan does not say.
    """
    if mode not in MODES:
        return None
    share = _SHARES.get(SinkMode(mode), posted)
    return None if share is None else Appraisal(street=share, sender=100 - share)


def attributes(mode: str, posted: int | None = None, *, has_moved: bool = False) -> str:
    """The four attributes of a person who went down: ``区属、街管、街用、街考`` (0-45); '' for others.

    ``has_moved``: the post is the street's own by now. Appraised by both is 街区共考.
    """
    if mode not in MODES:
        return ""
    who = appraisal(mode, posted)
    appraised = "考核未定" if who is None else "街考" if who.sender == 0 else "街区共考"
    return "、".join(("街属" if has_moved else "区属", "街管", "街用", appraised))


def appraisal_fault(mode: str, posted: int | None, *, by_street: bool) -> Refused | None:
    """Why an appraisal may not be begun: the street begins it, never the district alone (0-45)."""
    if mode not in MODES or by_street:
        return None
    who = appraisal(mode, posted)
    sentence = "下沉人员的考核由街道发起，区级部门不能单独考核（0-45）。"
    if who is not None and who.sender == 0:
        sentence = "全面下放人员由街道负责考核，派出单位不参加评分（3-18）。"
    return Refused(code="STREET_APPRAISES", sentence=sentence)
