"""Evidence as people type it: a 文号, a file, or both.

    草案=乌编办发〔2019〕1号                only its 文号
    草案=三定草案.docx                      a file, stored (入库)
    草案=乌编办发〔2019〕1号@三定草案.docx  both, stored
    草案=线下:乌编办发〔2019〕1号@三定草案.docx
                                            both, but the file stays with the unit (线下)

In place of a file ``sha256:`` and its 64 digits may stand: a file that is stored already, or, 线下,
one that is somewhere else. A value that names no file is a 文号, unless it looks like a path: then
somebody mistyped it, and a file that was never read must not be kept as a 文号.

Reading hashes a file and refuses one marked 秘密 or above; nothing is sent. Sending is
``starter.evidence_transfer``'s, after everything else that was typed has been checked.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from domain.action import Evidence, Keeping
from runtime.failure import why
from starter.errors import EXIT_REFUSED, UserError

MEGABYTE: Final = 1 << 20
_OFFLINE = re.compile(r"线下\s*[:：]\s*")
_HASH = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")

_read_files: dict[str, Path] = {}
"""Where this command has read a file, by its sha256: its content is sent later."""


def read_evidence(text: str, folder: Path | None = None) -> Evidence:
    """This will read one piece of evidence; a file is hashed in parts, whatever its size.

    A relative path is looked for in ``folder``; None is the current directory.
    Raises UserError: EVIDENCE_FORM (no name, no value, 线下 without 文号 or file),
    EVIDENCE_DIRECTORY, EVIDENCE_MISSING, EVIDENCE_UNREADABLE, EVIDENCE_EMPTY, EVIDENCE_TOO_LARGE,
    SECRET_DOCUMENT.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    offline = _OFFLINE.match(value)
    if offline:
        value = value[offline.end() :]
    if not (name and equals and value):
        raise UserError(
            "EVIDENCE_FORM", f"证据“{text}”应写成 名称=文号 或 名称=文件，例如 草案=三定草案.docx。"
        )
    doc_no, given = _split(name, value, folder or Path())
    if offline and not (doc_no and given):
        raise UserError(
            "EVIDENCE_FORM",
            f"线下保管的证据“{name}”须写明文号和文件：{name}=线下:文号@文件"
            "（只记录指纹），或 @sha256:指纹。",
        )
    kept = Keeping.OFFLINE if offline else Keeping.STORED
    if isinstance(given, Path):
        evidence = _of_file(name, doc_no, given, kept)
    elif given:
        evidence = Evidence(name=name, doc_no=doc_no, sha256=given, kept=kept)
    else:
        evidence = Evidence(name=name, doc_no=doc_no)
    _refuse_marked_names(evidence)
    return evidence


def file_read(sha256: str) -> Path | None:
    """This will return where this command has read a file; None if it has not."""
    return _read_files.get(sha256)


def fingerprint(path: Path, name: str) -> tuple[str, int]:
    """This will return a file's sha256 and size; ``name`` is the evidence's, for sentences.

    Raises UserError: EVIDENCE_UNREADABLE, EVIDENCE_EMPTY.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(MEGABYTE):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise UserError(
            "EVIDENCE_UNREADABLE", f"证据“{name}”的文件 {path} 不能读取：{why(error)}。"
        ) from error
    if not size:
        raise UserError("EVIDENCE_EMPTY", f"证据“{name}”的文件 {path} 是空的。")
    return digest.hexdigest(), size


def file_at(name: str, value: str, folder: Path) -> Path | None:
    """This will return the file that a text names; None if it names nothing that exists.

    Raises UserError: EVIDENCE_DIRECTORY, EVIDENCE_UNREADABLE (a pipe, a device).
    """
    try:
        path = folder / Path(value).expanduser()
        if path.is_dir():
            raise UserError(
                "EVIDENCE_DIRECTORY", f"证据“{name}”指向的 {value} 是目录，请指明文件。"
            )
        if path.is_file():
            return path
        if path.exists():
            raise UserError(
                "EVIDENCE_UNREADABLE", f"证据“{name}”指向的 {value} 不是普通文件，请指明文件。"
            )
    except (OSError, ValueError, RuntimeError):
        # A 文号 can be longer than any file name; it is no path then.
        pass
    return None


def _split(name: str, value: str, folder: Path) -> tuple[str, Path | str]:
    """The 文号 and the file (or its sha256) of a value; either may be empty."""
    whole = _given(name, value, folder)
    if whole:
        return "", whole
    places = [place for place, character in enumerate(value) if character == "@"]
    for place in places:
        given = _given(name, value[place + 1 :].strip(), folder)
        if given:
            return value[:place].strip(), given
    if places or _looks_like_path(value):
        missing = (value[places[0] + 1 :].strip() if places else "") or value
        raise UserError("EVIDENCE_MISSING", f"证据“{name}”的文件 {missing} 不存在。")
    return value, ""


def _given(name: str, value: str, folder: Path) -> Path | str:
    if not value:
        return ""
    hashed = _HASH.fullmatch(value)
    return hashed[1].lower() if hashed else file_at(name, value, folder) or ""


def _of_file(name: str, doc_no: str, path: Path, kept: Keeping) -> Evidence:
    if kept is Keeping.STORED:
        refuse_large(name, doc_no, path)
    sha256, size = fingerprint(path, name)
    refuse_marked(name, path)
    if kept is Keeping.STORED:
        _read_files[sha256] = path
    return Evidence(
        name=name, doc_no=doc_no, sha256=sha256, size=size, filename=path.name, kept=kept
    )


def refuse_large(name: str, doc_no: str, path: Path) -> None:
    """This will refuse a file that is too large to be stored, and say how to name it 线下.

    Raises UserError: EVIDENCE_TOO_LARGE, EVIDENCE_UNREADABLE.
    """
    from runtime.settings import Settings

    limit = Settings.from_environ().evidence_limit_mb
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UserError(
            "EVIDENCE_UNREADABLE", f"证据“{name}”的文件 {path} 不能读取：{why(error)}。"
        ) from error
    if size > limit * MEGABYTE:
        raise UserError(
            "EVIDENCE_TOO_LARGE",
            f"证据“{name}”的文件有{size / MEGABYTE:.1f}MB，超过入库上限{limit}MB；"
            f"请改为线下保管：{name}=线下:{doc_no or '文号'}@{path}",
        )


def refuse_marked(name: str, path: Path) -> None:
    """This will refuse a file that is marked 秘密 or above in its name or text, see ``secrecy_file``.

    Raises UserError: SECRET_DOCUMENT, EVIDENCE_UNREADABLE.
    """
    from domain.secrecy import secret
    from domain.secrecy_file import mark_in_file

    try:
        with path.open("rb") as file:
            mark = mark_in_file(file, path.name)
    except OSError as error:
        raise UserError(
            "EVIDENCE_UNREADABLE", f"证据“{name}”的文件 {path} 不能读取：{why(error)}。"
        ) from error
    if mark:
        no = secret(f"“{path.name}”", mark)
        raise UserError(no.code, no.sentence, EXIT_REFUSED)


def _refuse_marked_names(evidence: Evidence) -> None:
    from domain.secrecy import secret_names

    no = secret_names(evidence.name, evidence.doc_no)
    if no is not None:
        raise UserError(no.code, no.sentence, EXIT_REFUSED)


def _looks_like_path(value: str) -> bool:
    return value.startswith(("/", "./", "../", "~")) or bool(_EXTENSION.search(value))
