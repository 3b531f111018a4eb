"""Channels by which people are told: which addresses are taken, and what of one may be shown.

Source: issue 6 "channels per unit". An address holds passwords and tokens, so that nothing here
repeats one whole. Only what is listed is taken: no other scheme reaches the sender, nor a
parameter that would make it read a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from domain.refusal import Refused

MOST_ADDRESS: Final = 500
_LEAST_TOKEN: Final = 8


class ChannelKind(StrEnum):
    """What a message goes by."""

    MAIL = "邮件"
    HTTP = "HTTP"
    WECOM = "企业微信"
    DINGTALK = "钉钉"
    FEISHU = "飞书"


SCHEMES: Final = {
    "mailto": ChannelKind.MAIL,
    "mailtos": ChannelKind.MAIL,
    "json": ChannelKind.HTTP,
    "jsons": ChannelKind.HTTP,
    "form": ChannelKind.HTTP,
    "forms": ChannelKind.HTTP,
    "wecombot": ChannelKind.WECOM,
    "dingtalk": ChannelKind.DINGTALK,
    "feishu": ChannelKind.FEISHU,
}

_PARAMETERS: Final = {
    ChannelKind.MAIL: frozenset(
        {"to", "cc", "from", "name", "smtp", "mode", "user", "pass", "verify"}
    ),
    ChannelKind.HTTP: frozenset({"method", "verify"}),
}
_MARKS: Final = ("+", " ", ":", "-")
"""What an HTTP gateway's own headers (a bare + reads as a blank), fields and parameters begin with."""


@dataclass(frozen=True, kw_only=True)
class ChannelAddress:
    """An address that can be used; ``shown`` is as much of it as may be read."""

    kind: ChannelKind
    shown: str


def read_address(text: str) -> ChannelAddress | Refused:
    """This will look an address over; a refusal never repeats it.

    >>> read_address("mailto://10.0.0.5:25?from=tixing@wuhai.cn&to=binhe@wuhai.cn").shown
    'b***@wuhai.cn，经 10.0.0.5'
    >>> read_address("file:///etc/passwd").code
    'CHANNEL_ADDRESS'
    """
    if len(text) > MOST_ADDRESS or not text.isprintable() or text != text.strip() or " " in text:
        return _refused(f"通道地址应为一行、不含空格、不超过{MOST_ADDRESS}字")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return _refused("通道地址的主机或端口写错了")
    kind = SCHEMES.get(parts.scheme)
    if kind is None:
        return _refused(f"通道地址应以 {'、'.join(f'{name}://' for name in SCHEMES)} 之一开头")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := next((name for name in given if not _is_known(kind, name)), ""):
        return _refused(f"通道地址里有不认识的参数“{unknown[:20]}”")
    return _of_kind(kind, parts, port, given)


def _is_known(kind: ChannelKind, name: str) -> bool:
    """Whether a parameter may be given; an HTTP gateway's own are marked."""
    if kind is ChannelKind.HTTP and name.startswith(_MARKS) and len(name) > 1:
        return True
    return name in _PARAMETERS.get(kind, frozenset())


def _of_kind(
    kind: ChannelKind, parts: SplitResult, port: int | None, given: dict[str, str]
) -> ChannelAddress | Refused:
    if kind is ChannelKind.MAIL:
        return _mail(parts, given)
    if not parts.hostname:
        return _refused("通道地址没有写主机或令牌")
    if kind is ChannelKind.HTTP:
        where = parts.hostname + (f":{port}" if port else "")
        return ChannelAddress(kind=kind, shown=where + ("/***" if parts.path.strip("/") else ""))
    token = _token(parts)
    if len(token) < _LEAST_TOKEN:
        return _refused(f"{kind}的令牌太短，请从群机器人的地址里完整复制")
    return ChannelAddress(kind=kind, shown=f"{token[:3]}***")


def _token(parts: SplitResult) -> str:
    """The robot's token as written: hosts are lower-cased, tokens are not."""
    return parts.netloc.rpartition("@")[2]


def _mail(parts: SplitResult, given: dict[str, str]) -> ChannelAddress | Refused:
    host = given.get("smtp") or parts.hostname or ""
    own = f"{unquote(parts.username)}@{parts.hostname}" if parts.username else ""
    to = given.get("to") or unquote(parts.path.strip("/")) or own
    if not parts.hostname:
        return _refused("邮件通道没有写邮件服务器")
    written = [one.strip() for one in to.replace(";", ",").split(",") if one.strip()]
    if not written or any("@" not in one for one in written):
        return _refused("邮件通道没有写收件人（to=某人@某单位）")
    shown = "、".join(_masked(one) for one in written)
    return ChannelAddress(kind=ChannelKind.MAIL, shown=f"{shown}，经 {host}")


def _masked(mail: str) -> str:
    name, _, host = mail.rpartition("@")
    return f"{name[:1]}***@{host}"


def _refused(why: str) -> Refused:
    return Refused(
        code="CHANNEL_ADDRESS", sentence=f"{why}；写法见 jiegai remind channel set --help。"
    )
