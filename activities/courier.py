"""The courier: hands one message to one address through apprise, and words what went wrong.

apprise is imported on first use and only the parts for the schemes that are taken; its own log is
not ours, since it names recipients and paths. What comes back repeats nothing of an address.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

PATIENCE: Final = 10.0
"""Seconds to connect, and as many to be answered."""

_SIGNS: Final = (
    ("refused", "连接被拒绝"),
    ("timed out", "对方没有应答（超时）"),
    ("timeout", "对方没有应答（超时）"),
    ("name or service not known", "主机名解析不了"),
    ("name resolution", "主机名解析不了"),
    ("getaddrinfo", "主机名解析不了"),
    ("certificate", "对方的证书不受信任"),
    ("authentication", "用户名或密码被拒绝"),
    ("535", "用户名或密码被拒绝"),
    ("recipient", "收件人被拒绝"),
    ("unreachable", "网络不通"),
)
_UNKNOWN: Final = "没有送达"
_UNUSABLE: Final = "通道地址用不了，请重新设置"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is handed over; ``message_id`` lets the receiver drop what comes twice."""

    message_id: str
    subject: str
    body: str


class Courier(Protocol):
    """Hands a parcel over."""

    def deliver(self, address: str, parcel: Parcel) -> str:
        """This will deliver and return an empty text, or why not in words. It may block."""
        ...


class AppriseCourier:
    """The courier that goes by mail, HTTP hook or group robot."""

    def deliver(self, address: str, parcel: Parcel) -> str:
        """This will deliver and return an empty text, or why not in words."""
        with _overheard() as said:
            try:
                plugin = _plugin(address)
                if plugin is None:
                    return _UNUSABLE
                _mark(plugin, parcel.message_id)
                sent = plugin.notify(
                    body=parcel.body, title=parcel.subject, body_format=_text_format()
                )
            except Exception as error:  # noqa: BLE001  no receiver's answer may end the loop
                return _worded([str(error)])
        return "" if sent else _worded(said.texts)


def _text_format() -> Any:
    return import_module("apprise.common").NotifyFormat.TEXT


_PLUGINS: Final = {
    "mailto": "email.base:NotifyEmail",
    "mailtos": "email.base:NotifyEmail",
    "json": "custom_json:NotifyJSON",
    "jsons": "custom_json:NotifyJSON",
    "form": "custom_form:NotifyForm",
    "forms": "custom_form:NotifyForm",
    "wecombot": "wecombot:NotifyWeComBot",
    "dingtalk": "dingtalk:NotifyDingTalk",
    "feishu": "feishu:NotifyFeishu",
}
"""The parts of apprise by scheme, named one by one: it would load its hundred others as well."""


def _plugin(address: str) -> Any:
    """The part of apprise for a scheme, made of an address; None if there is none."""
    module, _, name = _PLUGINS.get(urlsplit(address).scheme, "").partition(":")
    if not name:
        return None
    kind = getattr(import_module(f"apprise.plugins.{module}"), name)
    given = kind.parse_url(address)
    if not given:
        return None
    plugin = kind(**{**given, "format": "text"})
    plugin.socket_connect_timeout = PATIENCE
    plugin.socket_read_timeout = PATIENCE
    return plugin


def _mark(plugin: Any, message_id: str) -> None:
    """The message's id as a header of mail and HTTP, and as a field of what is posted."""
    if hasattr(plugin, "headers"):
        plugin.headers["X-Jiegai-Message"] = message_id
    if hasattr(plugin, "payload_extras"):
        plugin.payload_extras.setdefault("id", message_id)


class _Listener(logging.Handler):
    """Keeps what apprise says on this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.thread = threading.get_ident()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """This will keep one record of this thread."""
        if threading.get_ident() == self.thread:
            self.texts.append(record.getMessage())


class _overheard:  # noqa: N801 - used like a function
    """While it lasts, apprise's records of this thread are kept here and go nowhere else."""

    def __enter__(self) -> _Listener:
        log = logging.getLogger("apprise")
        log.propagate = False
        log.setLevel(logging.DEBUG)
        self._listener = _Listener()
        log.addHandler(self._listener)
        return self._listener

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self._listener)


def _worded(texts: list[str]) -> str:
    """What went wrong, without a word of what was overheard."""
    heard = "\n".join(texts).lower()
    for sign, words in _SIGNS:
        if sign in heard:
            return words
    answered = heard.rpartition("error=")[2][:3]
    return f"对方答复 {answered}" if answered.isdecimal() and "error=" in heard else _UNKNOWN
