"""Passwords: Argon2id hashes and what a new password must be."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from market.domain.errors import Invalid, Problem

SHORTEST, LONGEST = 12, 128

# OWASP's second recommended setting of Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _hasher.hash("nobody has this password")

# Letters and digits that nobody mistakes for others when reading them out.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 4, 4


def new_password() -> str:
    """A random first password, about 79 bits, in groups that can be read out."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def hash_password(password: str) -> str:
    """The Argon2id hash; raises Invalid for a password too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"Mật khẩu phải có từ {SHORTEST} đến {LONGEST} ký tự."
        raise Invalid(message, (Problem(message, field="password"),))
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether it is the password; takes as long for a user who does not exist."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None
