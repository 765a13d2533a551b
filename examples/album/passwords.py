"""Passwords are stored as hashes with a salt, by scrypt."""

from __future__ import annotations

import hashlib
import hmac
import os


def hash_password(password: str, salt: bytes | None = None) -> str:
    """The text to store for a password."""
    salt = salt or os.urandom(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


NOBODY = hash_password("")


def is_password(password: str, stored: str | None) -> bool:
    """Whether ``stored`` is the hash of a password.

    None, which is stored for nobody, takes the same time: nobody learns from it
    which names exist.
    """
    salt = bytes.fromhex((stored or NOBODY).partition("$")[0])
    same = hmac.compare_digest(hash_password(password, salt), stored or NOBODY)
    return same and stored is not None
