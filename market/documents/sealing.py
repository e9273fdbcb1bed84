"""Sealing of account numbers, phones and stored files; keyed hashes that tell sameness.

Envelope encryption: each merchant (and each stored file) has a key of its own, which
is stored wrapped by the installation's data key. The data key is not in the database,
so a database file or a backup alone opens nothing, and destroying one wrapped key
erases what one merchant's values said.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
SAMENESS_LABEL = b"cho:sameness:1"


class SealBroken(Exception):
    """The bytes were not sealed with this key, or were altered since."""


class Vault:
    """Wraps and opens keys with the installation's data key (32 bytes)."""

    def __init__(self, data_key: bytes) -> None:
        self._wrapping = AESGCM(data_key)
        self._sameness = hmac.digest(data_key, SAMENESS_LABEL, hashlib.sha256)
        # What belongs to one merchant is mostly sealed and opened together.
        self._last: tuple[bytes, AESGCM] | None = None

    def new_key(self) -> bytes:
        """A fresh key, already wrapped: fit to be stored."""
        return _seal(self._wrapping, secrets.token_bytes(KEY_BYTES), b"key")

    def seal(self, wrapped_key: bytes, plain: bytes, purpose: str) -> bytes:
        """Seal under a wrapped key; `purpose` ties the bytes to their column."""
        return _seal(self._opened(wrapped_key), plain, purpose.encode())

    def open(self, wrapped_key: bytes, sealed: bytes, purpose: str) -> bytes:
        """The plain bytes; raises SealBroken when key, bytes or purpose do not fit."""
        return _open(self._opened(wrapped_key), sealed, purpose.encode())

    def seal_text(self, wrapped_key: bytes, plain: str, purpose: str) -> bytes:
        """Like `seal`, for text."""
        return self.seal(wrapped_key, plain.encode(), purpose)

    def open_text(self, wrapped_key: bytes, sealed: bytes, purpose: str) -> str:
        """Like `open`, for text."""
        return self.open(wrapped_key, sealed, purpose).decode()

    def sameness(self, *parts: str) -> str:
        """Keyed hash (64 hex digits), equal for equal parts; says nothing without the key."""
        message = "\x1f".join(parts).encode()
        return hmac.digest(self._sameness, message, hashlib.sha256).hex()

    def _opened(self, wrapped_key: bytes) -> AESGCM:
        last = self._last
        if last is not None and last[0] == wrapped_key:
            return last[1]
        opened = AESGCM(_open(self._wrapping, wrapped_key, b"key"))
        self._last = (wrapped_key, opened)
        return opened


def _seal(cipher: AESGCM, plain: bytes, purpose: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, purpose)


def _open(cipher: AESGCM, sealed: bytes, purpose: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose)
    except InvalidTag as error:
        raise SealBroken("not sealed with this key, or altered") from error
