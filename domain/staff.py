"""Persons by key: identity numbers checked, names and numbers masked.

A key is a random token; nothing about the person can be read from it. What is wrong with a name or
number is said without repeating it: sentences travel, and land in logs.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from domain.action import MAX_NAME

KEY_FORM: Final = re.compile(r"p-[0-9a-f]{16}")
NUMBER_FORM: Final = re.compile(r"[0-9]{17}[0-9X]")
NUMBER_WITHIN: Final = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")

YOUNGEST: Final = 16
OLDEST: Final = 100
"""Ages between which somebody can be on a unit's list; beyond, the number is mistyped."""

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)


def key_of(token: str) -> str:
    """The key that a random token of 16 hex digits makes."""
    return f"p-{token}"


def plain_number(text: str) -> str:
    """This will write an identity number as the standard does: no blanks, half-width, a large X.

    >>> plain_number(" 11010519491231002ｘ ")
    '11010519491231002X'
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def plain_name(text: str) -> str:
    """This will write a name without what cannot be seen; Chinese names without blanks."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    return name if name.isascii() else name.replace(" ", "")


def check_digit(first: str) -> str:
    """The last digit of an identity number, from its first 17 (GB 11643-1999).

    >>> check_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True))
    return _DIGITS[total % 11]


def number_fault(number: str, today: date) -> str:
    """What is wrong with an identity number (as :func:`plain_number` writes it), or ''."""
    if not number:
        return "没有填写"
    if not NUMBER_FORM.fullmatch(number):
        return "应为18位（末位可为X）"
    if number[:2] not in _PROVINCES:
        return "前两位不是省级行政区划代码"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "第7至14位不是日期"
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not YOUNGEST <= age <= OLDEST:
        return f"出生日期不合常理（应为{YOUNGEST}至{OLDEST}岁）"
    if check_digit(number[:17]) != number[17]:
        return "校验位不对，请逐位核对"
    return ""


def name_fault(name: str) -> str:
    """What is wrong with a person's name, or ''; the name is not repeated."""
    if not name:
        return "没有填写"
    if len(name) > MAX_NAME:
        return f"有{len(name)}个字，不能超过{MAX_NAME}个字"
    if not all(char.isalpha() or char in "·•.-' ’" for char in name):
        return "含有姓名里不用的字符"
    return ""


def masked_name(name: str) -> str:
    """The first character of a name and one star.

    >>> masked_name("张三丰")
    '张*'
    """
    return f"{name[:1]}*" if name else ""


def masked_number(number: str) -> str:
    """The first three and last four digits.

    >>> masked_number("110105194912310021")
    '110***********0021'
    """
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) > 7 else ""
