"""Fuzzes Authorization and WWW-Authenticate.

The rule: any field can be read. A value that is written and read again is equal. Basic credentials
have a user name and a password.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._authorization import Authorization, Challenge
from cardan.core.fields._www_authenticate import WWWAuthenticate

SEEDS = [
    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    "Bearer abc.def",
    'Digest username="a", realm="b", qop=auth, nc=00000001',
    'Newauth realm="apps", type=1, Basic realm="simple"',
    "Negotiate YII=, Basic , realm=x",
    "Digest username*=UTF-8''%41",
]


def credentials(text: str, value: Any) -> None:
    if value is None:
        return
    if value.type == "basic":
        assert value.username is not None
        assert value.password is not None
    if value.type != "digest" or value.qop is None:  # a digest can be written only if its qop is a token
        same_again(text, value, Authorization.from_header)


def challenge(text: str, value: Any) -> None:
    if value is not None:
        same_again(text, value, Challenge.from_header)


def challenges(text: str, value: Any) -> None:
    same_again(text, value, WWWAuthenticate.from_header)


if __name__ == "__main__":
    fuzz(__doc__ or "", SEEDS, {"authorization": credentials, "challenge": challenge, "www_authenticate": challenges})
