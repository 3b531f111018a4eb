"""Every error and refusal code of the source, with its sentences; and the tables of docs/errors.md.

Run ``python -m tests.docs.codes`` from the root to rewrite the tables: what to do is kept, new
codes get an empty cell to fill. A code is an upper-case string given as ``code=``, ``type=`` or
``empty_code=``, assigned to a name ``code``, or given before its sentence to an error, a refusal
or a finding. What is worked out in a sentence shows as ``…``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "errors.md"
ROOMS = ("domain", "contracts", "workflows", "activities", "storage", "runtime", "starter")
SECTIONS = {
    "amendment": r"domain/amendment|activities/amendment|starter/amend",
    "plan": r"domain/(plan_|deadline_text)|starter/plan(_file|_xlsx|_yaml)?\.",
    "people": r"domain/people|starter/(people|absence)|activities/people",
    "calendar": r"domain/(calendar|deadline\.)|starter/calendar|activities/calendar",
    "evidence": r"domain/secrecy|starter/evidence|activities/evidence",
    "action": r"domain/(answers|coordination|extension|personal|recording|ruling|side_actions|submission)|workflows/",
    "meeting": r"domain/meeting|starter/(meeting|decisions|act_file|filled_sheet|inbox)|activities/meeting",
    "archive": r"starter/archive|activities/(archive|plan_copy)",
    "duty": r"\w+/duty|contracts/duty",
    "case": r"\w+/case|\w+/complaint|starter/(case|official)|domain/(case|official_paper)",
    "remind": r"\w+/(remind|postman|notice|supervision|slip|outbox|reconcile|rebuild|report|audit)",
    "establishment": r"\w+/(ledger|adjustment|devolution|sink|secondment|roster_|census|staff|transfer|sealed)|(domain|starter)/roster",
    "service": r"runtime/|worker\.py|activities/database",
    "command": r".",
}
"""The files whose codes a section explains."""
CHIEF = ("plan", "action")
"""Sections that explain a code although others say it too; otherwise it goes to ``command``."""
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_KEYWORDS = ("code", "type", "empty_code")
_SAYS = {"error", "refusal", "refuse", "find", "wrong", "failure", "imported", "pairs"}
_BLOCK = re.compile(r"(<!-- codes: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.*) \| (.*) \|$", re.MULTILINE)


@dataclass
class Code:
    """One code: the section it is explained in, and what it says."""

    name: str
    section: str
    sentences: list[str] = field(default_factory=list)


def collect() -> dict[str, Code]:
    """This will return every code of the source by its name."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    found: dict[str, Code] = {}
    for file in [*files, ROOT / "worker.py"]:
        where = file.relative_to(ROOT).as_posix()
        section = next(name for name, made in SECTIONS.items() if re.match(made, where))
        for name, sentence in _in_module(ast.parse(file.read_text(encoding="utf-8"))):
            code = found.setdefault(name, Code(name, section))
            code.section = _shared(code.section, section)
            if len(sentence) > 4 and sentence not in code.sentences:
                code.sentences.append(sentence)
    return dict(sorted(found.items()))


def _shared(one: str, other: str) -> str:
    """The section of a code that two sections say."""
    if one == other:
        return one
    return next((chief for chief in CHIEF if chief in (one, other)), "command")


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    named = {
        node.lineno: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id in ("sentence", "text") for t in node.targets)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node, constants, named)
        elif isinstance(node, ast.Assign):
            yield from _assigned(node, constants)


def _assigned(node: ast.Assign, constants: dict[str, object]) -> Iterator[tuple[str, str]]:
    """``code = …`` and ``code, sentence = …, …``."""
    target, value, said = node.targets[0], node.value, None
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        target, value, said = target.elts[0], value.elts[0], value.elts[-1]
    if isinstance(target, ast.Name) and target.id == "code":
        yield from ((name, _spoken(said)) for name in _codes_in(value, constants))


def _in_call(
    call: ast.Call, constants: dict[str, object], named: dict[int, ast.expr]
) -> Iterator[tuple[str, str]]:
    arguments = {k.arg: k.value for k in call.keywords}
    codes = [
        name
        for key in _KEYWORDS
        if key in arguments
        for name in _codes_in(arguments[key], constants)
    ]
    rest = list(call.args)
    if _says(call.func):
        places = [i for i, a in enumerate(rest) if list(_codes_in(a, constants))]
        for place in places[:1]:
            codes += _codes_in(rest[place], constants)
            rest = rest[place + 1 :]
    said = arguments.get("sentence") or next(
        (a for a in rest if _spoken(a) or _named(a, constants)), rest[0] if rest else None
    )
    known = constants.get(said.id) if isinstance(said, ast.Name) else None
    if isinstance(known, str):
        said = ast.Constant(known)
    if isinstance(said, ast.Name) and said.id in ("sentence", "text"):
        said = named.get(max((line for line in named if line < call.lineno), default=0))
    for name in codes:
        yield name, _spoken(said)


def _named(value: ast.expr, constants: dict[str, object]) -> bool:
    """Whether this is a sentence by its name: a local one, or a constant of the module."""
    name = value.id if isinstance(value, ast.Name) else ""
    return name in ("sentence", "text") or str(constants.get(name, "")).endswith("。")


def _says(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return any(word in name.lower() for word in _SAYS)


def _codes_in(value: ast.expr, constants: dict[str, object]) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from _codes_in(value.body, constants)
        yield from _codes_in(value.orelse, constants)
        return
    if isinstance(value, ast.BoolOp):
        yield from _codes_in(value.values[-1], constants)
        return
    text = value.value if isinstance(value, ast.Constant) else None
    if isinstance(value, ast.Name):
        text = constants.get(value.id)
    if isinstance(text, str) and _CODE.fullmatch(text) and len(text) > 3:
        yield text


def _spoken(said: ast.expr | None) -> str:
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        return said.value
    if isinstance(said, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "…" for p in said.values)
        return re.sub("…+", "…", "".join(str(part) for part in parts))
    if isinstance(said, ast.BinOp):
        return _spoken(said.left) + _spoken(said.right)
    if isinstance(said, ast.IfExp):
        return "…"
    if isinstance(said, ast.BoolOp):
        return _spoken(said.values[-1])
    return ""


def advice(text: str) -> dict[str, str]:
    """This will return what the document says to do, by code."""
    return {row[1]: row[3] for row in _ROW.finditer(text)}


def listed(text: str) -> dict[str, str]:
    """This will return the sentences that the document shows, by code."""
    return {row[1]: row[2] for row in _ROW.finditer(text)}


def shown(code: Code) -> str:
    """The sentences of a code as a cell of the table."""
    return "<br>".join(s.replace("|", "\\|").replace("\n", " ") for s in code.sentences) or "–"


def _table(codes: Iterable[Code], known: dict[str, str]) -> str:
    lines = [f"| `{c.name}` | {shown(c)} | {known.get(c.name, '')} |\n" for c in codes]
    return "".join(["| code | says | what to do |\n", "|---|---|---|\n", *lines])


def renewed(text: str) -> str:
    """This will return the document with every table made anew; what to do stays."""
    codes, known = collect(), advice(text)
    return _BLOCK.sub(
        lambda b: b[1] + _table((c for c in codes.values() if c.section == b[2]), known) + b[3],
        text,
    )


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
