"""Identity numbers have no place in what people write: notes, reasons, 文号, names of files.

All of that is kept where many read it: in histories, logs, the archive (ADR 0012). Persons of the
establishment are named by key there.
"""

from __future__ import annotations

import re

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
