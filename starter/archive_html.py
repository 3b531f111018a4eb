"""The archive's pages: one file each, nothing loaded from anywhere, black on white, printable on A4.

On a narrow screen each row of a table becomes a block with its headers beside the values.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starter.archive_text import cell

_STYLE = """
*{box-sizing:border-box}
body{font:15px/1.6 "Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei","PingFang SC","SimHei",
sans-serif;color:#000;background:#fff;max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.3;margin:.2em 0 .6em}
h2{font-size:1.15rem;margin:1.6em 0 .5em;border-bottom:2px solid #000}
p{margin:.4em 0}
a{color:#000;text-decoration:underline}
table{border-collapse:collapse;width:100%;margin:.5em 0}
th,td{border:1px solid #555;padding:.25em .45em;text-align:left;vertical-align:top;
overflow-wrap:break-word}
th{font-weight:700;background:#eee;white-space:nowrap}
.facts th{width:9em}
.wide td{min-width:3.4em;overflow-wrap:anywhere}
.n{white-space:nowrap}
.small{font-size:.85em;overflow-wrap:anywhere}
@media (max-width:46rem){
.wide,.wide tbody,.wide tr,.wide td{display:block;width:100%}
.wide thead{display:none}
.wide tr{border:1px solid #000;margin:0 0 .8em}
.wide td{border:0;border-bottom:1px dotted #999;padding-left:6.8em;position:relative;
min-height:2em;white-space:normal}
.wide td:empty{display:none}
.wide td::before{content:attr(data-l);position:absolute;left:.45em;width:6em;font-weight:700}
.facts th{width:6.5em;white-space:normal}
}
@media print{
@page{size:A4 landscape;margin:12mm}
body{font-size:9.5pt;line-height:1.4;max-width:none;padding:0}
.wide{display:table}.wide thead{display:table-header-group}
tr{break-inside:avoid}h2{break-after:avoid}
a{text-decoration:none}
}
"""

_WHOLE = re.compile(r"(?<![0-9A-Za-z-])\d{4}-\d{2}-\d{2}(?![0-9A-Za-z-])")
"""A day, which no line break may part."""


@dataclass(frozen=True)
class Markup:
    """Text that is HTML already."""

    text: str


def link(address: str, text: str) -> Markup:
    """This will link to a file of the archive."""
    return Markup(f'<a href="{html.escape(quote(address))}">{html.escape(text)}</a>')


def written(value: Any) -> str:
    """This will write a value into HTML; only ``Markup`` is taken as it is."""
    if isinstance(value, Markup):
        return value.text
    shown = value if isinstance(value, str) else cell(value)
    text = html.escape(shown).replace("\n", "<br>")
    return _WHOLE.sub(r'<span class="n">\g<0></span>', text)


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """This will write names and values, leaving out what is empty."""
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{written(value)}</td></tr>\n"
        for name, value in pairs
        if value not in ("", None)
    )
    return f'<table class="facts"><tbody>\n{rows}</tbody></table>\n'


def grid(headers: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "无。") -> str:
    """This will write a table; columns in which nothing stands are left out."""
    cells = [[written(value) for value in row] for row in rows]
    if not cells:
        return f"<p>{html.escape(empty)}</p>\n"
    used = [n for n in range(len(headers)) if any(row[n] for row in cells)]
    head = "".join(f"<th>{html.escape(headers[n])}</th>" for n in used)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-l="{html.escape(headers[n])}">{row[n]}</td>' for n in used)
        + "</tr>\n"
        for row in cells
    )
    return f'<table class="wide"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>\n'


def section(title: str, *parts: str) -> str:
    """This will put parts under a heading."""
    return f"<h2>{html.escape(title)}</h2>\n{''.join(parts)}"


def paragraph(*parts: Any) -> str:
    """This will write a line of text and links."""
    return f"<p>{''.join(written(part) for part in parts)}</p>\n"


def page(title: str, *parts: str) -> str:
    """This will write a whole page."""
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n{''.join(parts)}</body>\n</html>\n"
    )
