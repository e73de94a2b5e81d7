"""Passwords: argon2id with the library's present parameters (RFC 9106, low-memory profile)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from retrieval.errors import InvalidInputError

MIN_CHARS, MAX_CHARS = 12, 256

_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return a password as it is kept, in PHC form.

    Raises:
        InvalidInputError: It has fewer than 12 or more than 256 characters, or is not text.
    """
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise InvalidInputError(f"a password has {MIN_CHARS} to {MAX_CHARS} characters")
    try:
        return _HASHER.hash(password)
    except UnicodeEncodeError as error:
        raise InvalidInputError("the password holds characters that are not text") from error


def matches(password: str, kept: str | None) -> bool:
    """Say whether a password is the kept one, in the same time whether or not there is one.

    Args:
        password: As somebody typed it.
        kept: As ``hashed`` returned it; None for whoever has none.

    Returns:
        False for whoever has none.
    """
    if len(password) > MAX_CHARS:
        return False
    try:
        _HASHER.verify(kept or _NOBODYS, password)
    except (VerifyMismatchError, InvalidHashError, UnicodeEncodeError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Say whether a kept password was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)
