"""How the wall chart looks: one sheet of CSS, nothing from outside.

Wide on a screen, blocks on a phone, A0 landscape on paper. A light is told by its sign, its word
and its frame, so that a grey print reads as well as a coloured one.
"""

from __future__ import annotations

from typing import Final

_PAPER_POINTS: Final = 3285
"""Width of A0 landscape between its margins; CSS knows no paper by the name of A0."""

_FIRST_COLUMN: Final = 11.0
_COLUMN: Final = 6.4
"""Widths in em that a table's columns want on paper."""

_SMALLEST: Final = 9.0
_LARGEST: Final = 24.0
"""Points."""

STYLE: Final = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{font:15px/1.45 "Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","Microsoft YaHei",
"PingFang SC","SimHei",sans-serif;color:#111;background:#fff;margin:0;padding:1em 1.4em 3em;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:1.9em;line-height:1.25;margin:0 0 .2em}
h2{font-size:1.3em;margin:1.5em 0 .4em;border-bottom:3px solid #111;padding-bottom:.1em}
p{margin:.35em 0}
a{color:inherit;text-decoration:none}
a:hover,a:focus{text-decoration:underline}
.when{font-size:1.15em}
p.dead{font-weight:700}
.note{color:#333;font-size:.9em}
.chips{display:flex;flex-wrap:wrap;gap:.4em .5em;margin:.6em 0}
.chip{border:2px solid #111;border-radius:.3em;padding:.1em .6em;font-size:1.1em;background:#fff}
.chip b{font-size:1.25em}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid #777;padding:.25em .4em;text-align:left;vertical-align:top}
thead th{background:#e9e9e9;font-weight:700;vertical-align:bottom}
tbody th{font-weight:700;background:#f6f6f6;min-width:7em}
small i,.m td i{font-style:normal;white-space:nowrap}
small{font-weight:400;font-size:.8em;color:#333;display:block;overflow-wrap:anywhere}
.num{width:auto;min-width:55%}
.num td,.num thead th{text-align:right;white-space:nowrap}
.num tbody th,.num tfoot th,.num thead th:first-child{text-align:left}
tfoot th,tfoot td{border-top:3px double #111;font-weight:700}
.m{table-layout:fixed}
.m thead th:first-child{width:10em}
.m td,.m thead th{min-width:5.6em}
.m td{line-height:1.3}
.m td b{display:block;white-space:nowrap}
.m td span{display:block;overflow-wrap:anywhere}
.m td.e{background:#fff;border-color:#ccc}
.o td b{display:inline}
.r{background:#ffd0cc;box-shadow:inset 0 0 0 .22em #8b0000}
.y{background:#ffefb0;box-shadow:inset 0 0 0 .12em #6b5200}
.g{background:#dff2d6}
.w{background:#fff;color:#333}
.n,.x{background:#eee;color:#333}
.d{background:#f1f1f1;color:#333}
.r b{color:#8b0000}.y b{color:#594400}.g b{color:#14501a}
td.l{box-shadow:inset 0 0 0 .22em #8b0000}
td.l i{font-weight:700;color:#8b0000}
.meter{display:inline-block;vertical-align:-.1em;width:7em;height:.95em;border:1px solid #111;
background:#fff;margin-right:.5em}
.meter s{display:block;height:100%;background:#333}
.gantt{table-layout:fixed}
.gantt td,.gantt th{padding:.15em .4em;vertical-align:middle}
.gantt .i{width:23em}
.gantt tbody th{font-weight:400}
.gantt .k th{font-weight:700}
.gantt .f{width:6.2em;white-space:nowrap}
.gantt .t{padding:0}
.gantt svg{display:block;width:100%;height:2.5em;overflow:hidden}
.gantt thead svg{height:3.3em}
svg text{font-size:.8em;fill:#111}
.plan{fill:#fff;stroke:#111;stroke-width:.09em}
.k .plan{stroke-width:.25em}
.done{fill:#444;stroke:#111}
.late{fill:url(#late);stroke:#8b0000;stroke-width:.09em}
.month{stroke:#bbb;stroke-width:.07em}
.now{stroke:#8b0000;stroke-width:.16em;stroke-dasharray:.5em .2em}
.legend{display:flex;flex-wrap:wrap;gap:.2em 1.4em;align-items:center;font-size:.9em;margin:.4em 0}
.legend svg{width:3.2em;height:1.1em;vertical-align:-.2em;margin-right:.35em}
details{margin:.4em 0 1em}
.large details{content-visibility:auto;contain-intrinsic-size:auto 2em}
summary{cursor:pointer;font-weight:700;padding:.2em 0}
summary span{font-weight:400;margin-left:.8em}
.defs{position:absolute;width:0;height:0}
@media screen and (min-width:46.01em){
.wide>.m>tbody>tr>th,.wide>.m>thead>tr>th:first-child{position:sticky;left:0;z-index:1}
.wide>.many{width:max-content;min-width:100%}
.wide>.many td,.wide>.many thead th{width:6.6em}
}
@media screen and (max-width:46em){
body{padding:.7em .7em 3em}
h1{font-size:1.4em}
.m,.m tbody,.m tr,.m td,.m th,.gantt,.gantt tbody,.gantt tr,.gantt td,.gantt tbody th,
.gantt thead,.gantt thead th{display:block;width:auto}
.m thead,.gantt thead .h{display:none}
.m tr,.gantt tbody tr{border:2px solid #111;margin:0 0 .7em}
.m td{border:0;border-top:1px solid #ccc;display:flex;flex-wrap:wrap;gap:0 .6em;align-items:baseline}
.m td.e{display:none}
.m td::before{content:attr(data-l);flex:0 0 8.5em;font-weight:700}
.m td>a,.m td>u{display:flex;flex:1;flex-wrap:wrap;gap:0 .6em}
.m td b,.m td span{display:inline}
.m tbody th,.gantt tbody th{width:auto;background:#e9e9e9;border:0}
.gantt td{border:0}
.gantt .f{display:inline-block;width:auto}
.gantt .f small{display:inline;margin-left:.4em}
.num{width:100%}
.gantt .t{border-top:1px solid #777}
.gantt thead .t{border:1px solid #777}
.num th,.num td{padding:.25em .25em;font-size:.88em}
.meter{display:none}
}
u{text-decoration:none}
@media print{
@page{size:1189mm 841mm;margin:15mm}
body{font-size:var(--pt);padding:0 .15em}
.wide{overflow:visible}
summary::marker{content:""}
tr,.gantt,.o{break-inside:avoid}
h2,summary{break-after:avoid}
thead{display:table-header-group}
.large details{content-visibility:visible}
.screen{display:none}
}
"""


def print_size(columns: int) -> float:
    """This will choose the type, in points, in which so many columns fill A0's width.

    >>> print_size(13), print_size(40)
    (24.0, 12.3)
    """
    fitting = _PAPER_POINTS / (_FIRST_COLUMN + _COLUMN * columns)
    return round(min(_LARGEST, max(_SMALLEST, fitting)), 1)
