"""What can go wrong at the process edge, in one sentence each.

The command line prints these as ``错误[CODE] 一句话``; it knows them by their three attributes
because ``runtime`` may not import ``starter``.

    EdgeFailure
    ├── BadSetting          (SETTING)              2
    ├── StackFailure        (many codes)           2
    └── ServiceUnavailable  (SERVICE_UNREACHABLE)  4
"""

from __future__ import annotations

import errno

_WHY = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOENT: "上级目录不存在",
    errno.EEXIST: "同名的文件已经存在",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EISDIR: "它是目录",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "所在的磁盘是只读的",
    errno.ENAMETOOLONG: "名称太长",
    errno.ELOOP: "链接绕成了圈",
    errno.EIO: "磁盘读写出错",
}


def why(error: OSError) -> str:
    """This will say in Chinese why the operating system refused.

    >>> why(OSError(errno.ENOSPC, "No space left on device"))
    '磁盘已满'
    """
    return _WHY.get(error.errno or 0) or error.strerror or type(error).__name__


class EdgeFailure(Exception):
    """Base of the failures a person at the keyboard can do something about.

    ``code`` is stable and upper case, ``sentence`` one Chinese sentence, ``exit_code`` the
    command's exit code.
    """

    code = "EDGE"
    exit_code = 2

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class BadSetting(EdgeFailure):
    """Raised for an environment variable that cannot be understood; correct the variable."""

    code = "SETTING"


class StackFailure(EdgeFailure):
    """Raised when the embedded stack cannot start or go on; the sentence says what to change."""

    code = "STACK"


class ServiceUnavailable(EdgeFailure):
    """Raised when Temporal or the database does not answer; start it, or correct the address."""

    code = "SERVICE_UNREACHABLE"
    exit_code = 4
