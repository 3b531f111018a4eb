"""Sealing of personal data: AES-256-GCM under one key, and an index that cannot be reversed.

The key is the deployment's (``JIEGAI_SECRET_KEY``); the embedded stack makes its own once and keeps
it in the data directory. Commands and worker seal for each other, so that Temporal, which carries
what they say, holds nothing that it could read. ``purpose`` is bound to the content: what was sealed
for one place does not open at another. Who has no key may seal a letter to the worker's address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.failure import BadSetting, StackFailure, why

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from runtime.settings import Settings

KEY_BYTES: Final = 32
KEY_FILE: Final = "secret.key"
"""In the data directory of an embedded stack; readable by its owner alone."""

_VERSION: Final = "1."
_LETTER: Final = "2."
"""A letter: the sender's one-time public key stands before it."""

_PUBLIC: Final = 32
_NONCE: Final = 12


class Seal:
    """Seals and opens under one key of 32 bytes; three keys of one purpose each are made of it."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(hmac.digest(key, b"jiegai seal", "sha256"))
        self._index = hmac.digest(key, b"jiegai index", "sha256")
        self._letters = hmac.digest(key, b"jiegai letters", "sha256")

    def seal(self, content: bytes, purpose: str) -> str:
        """This will seal a content; twice the same gives two texts that do not resemble."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, content, purpose.encode())
        return _VERSION + base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, text: str, purpose: str) -> bytes | None:
        """This will open what was sealed for this purpose; None under another key, or if changed."""
        from cryptography.exceptions import InvalidTag

        is_letter = text.startswith(_LETTER)
        if not is_letter and not text.startswith(_VERSION):
            return None
        try:
            packed = base64.b64decode(text[len(_VERSION) :], validate=True)
            cipher = self._cipher
            if is_letter:
                cipher, packed = self._cipher_of(packed[:_PUBLIC]), packed[_PUBLIC:]
            return cipher.decrypt(packed[:_NONCE], packed[_NONCE:], purpose.encode())
        except (binascii.Error, ValueError, InvalidTag):
            return None

    def address(self) -> str:
        """This will return the public key to which letters are sealed; it is no secret."""
        return base64.b64encode(_public_of(self._private())).decode("ascii")

    def letter(self, content: bytes, purpose: str, address: str) -> str:
        """This will seal a content that only the owner of an address opens."""
        return seal_letter(content, purpose, address)

    def _private(self) -> X25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return X25519PrivateKey.from_private_bytes(self._letters)

    def _cipher_of(self, sender: bytes) -> AESGCM:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        own = self._private()
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
        return _cipher_between(shared, sender, _public_of(own))

    def blind(self, content: bytes, purpose: str) -> str:
        """This will return the keyed fingerprint (hex) by which a content is found again."""
        return hmac.new(self._index, purpose.encode() + b"\0" + content, hashlib.sha256).hexdigest()


def seal_letter(content: bytes, purpose: str, address: str) -> str:
    """This will seal a content that only the owner of an address opens, by a key used once."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    receiver = base64.b64decode(address, validate=True)
    once = X25519PrivateKey.generate()
    sender = _public_of(once)
    shared = once.exchange(X25519PublicKey.from_public_bytes(receiver))
    nonce = secrets.token_bytes(_NONCE)
    cipher = _cipher_between(shared, sender, receiver)
    sealed = cipher.encrypt(nonce, content, purpose.encode())
    return _LETTER + base64.b64encode(sender + nonce + sealed).decode("ascii")


def _public_of(private: X25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _cipher_between(shared: bytes, sender: bytes, receiver: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hmac.digest(shared, b"jiegai letter" + sender + receiver, "sha256"))


def read_key(text: str) -> bytes:
    """This will read a key as a setting holds it. Raises BadSetting; the value is not repeated."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadSetting(
            f"环境变量 JIEGAI_SECRET_KEY 应为 base64 写出的 {KEY_BYTES} 字节密钥"
            "（可用 openssl rand -base64 32 生成）。",
            code="SECRET_KEY",
        )
    return key


def written_key(key: bytes) -> str:
    """This will write a key as a setting holds it."""
    return base64.b64encode(key).decode("ascii")


def find_seal(settings: Settings) -> Seal | None:
    """This will return the seal of the settings, else of the data directory; None without a key.

    Raises:
        BadSetting: the key cannot be read.
    """
    if settings.secret_key is not None:
        return Seal(settings.secret_key)
    file = settings.data_dir / KEY_FILE
    try:
        text = file.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else "内容已损坏"
        raise BadSetting(f"密钥文件 {file} 不能读取：{reason}。", code="SECRET_KEY") from error
    return Seal(read_key(text))


def ensure_key_file(data_dir: Path) -> None:
    """This will make the data directory's key, once; it is never replaced.

    Raises:
        StackFailure: DATA_DIR.
    """
    file = data_dir / KEY_FILE
    draft = data_dir / f"{KEY_FILE}.{os.getpid()}"
    try:
        if file.exists():
            return
        draft.unlink(missing_ok=True)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="ascii") as output:
            output.write(written_key(secrets.token_bytes(KEY_BYTES)) + "\n")
            output.flush()
            os.fsync(output.fileno())
        # A half-written key would lock everybody out: it appears whole or not at all.
        draft.replace(file)
    except OSError as error:
        raise StackFailure(f"密钥文件 {file} 不能写：{why(error)}。", code="DATA_DIR") from error
