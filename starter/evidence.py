"""Evidence as people type it: ``草案=乌编办发〔2019〕1号`` or ``草案=三定草案.docx``.

A value that names an existing file becomes its sha256, size and name; the file itself stays where
it is. Any other value is a 文号, unless it looks like a path: then somebody mistyped it, and a
file that was never read must not be kept as a 文号.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from domain.action import Evidence
from runtime.failure import why
from starter.errors import UserError

_CHUNK = 1 << 20
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def read_evidence(text: str, folder: Path | None = None) -> Evidence:
    """This will read ``NAME=文号`` or ``NAME=FILE``; a file is hashed in pieces, whatever its size.

    A relative path is looked for in ``folder``; None is the current directory.
    Raises UserError: EVIDENCE_FORM (no name or no value), EVIDENCE_DIRECTORY, EVIDENCE_MISSING,
    EVIDENCE_UNREADABLE, EVIDENCE_EMPTY.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise UserError(
            "EVIDENCE_FORM", f"证据“{text}”应写成 名称=文号 或 名称=文件，例如 草案=三定草案.docx。"
        )
    try:
        path = (folder or Path()) / Path(value).expanduser()
        if path.is_dir():
            raise UserError(
                "EVIDENCE_DIRECTORY", f"证据“{name}”指向的 {value} 是目录，请指明文件。"
            )
        if path.is_file():
            return _of_file(name, path)
        if path.exists():
            raise UserError(
                "EVIDENCE_UNREADABLE", f"证据“{name}”指向的 {value} 不是普通文件，请指明文件。"
            )
    except (OSError, ValueError, RuntimeError):
        # A 文号 can be longer than any file name; it is no path then.
        pass
    if _looks_like_path(value):
        raise UserError("EVIDENCE_MISSING", f"证据“{name}”的文件 {value} 不存在。")
    return Evidence(name=name, doc_no=value)


def _of_file(name: str, path: Path) -> Evidence:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise UserError(
            "EVIDENCE_UNREADABLE", f"证据“{name}”的文件 {path} 不能读取：{why(error)}。"
        ) from error
    if not size:
        raise UserError("EVIDENCE_EMPTY", f"证据“{name}”的文件 {path} 是空的。")
    return Evidence(name=name, sha256=digest.hexdigest(), size=size, filename=path.name)


def _looks_like_path(value: str) -> bool:
    return value.startswith(("/", "./", "../", "~")) or bool(_EXTENSION.search(value))
