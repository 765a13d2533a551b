"""application/x-www-form-urlencoded, whole: bytes -> pairs of text (WHATWG URL section 5.1).

Takes the bytes of a form or of a query string; returns ``(name, value)`` pairs in order. Never raises: what is no
escape stays as it is, what is not UTF-8 reads with U+FFFD. Only ``&`` separates. Linear; sets no limit of its own.

Percent-decoding goes through ``binascii.a2b_qp``, which undoes ``=41`` at the speed of C once ``%`` is written ``=``;
where that reads what is no escape differently (MIME has soft line breaks), its result is too long or was not asked for.
"""

from __future__ import annotations

from binascii import a2b_qp
from itertools import repeat
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = ["parse_urlencoded", "percent_decode", "split_urlencoded", "usual_pairs"]

_PLAIN: Final = bytes(c for c in range(256) if c not in b"&=\0\r\n")
_TO_NUL: Final = bytes.maketrans(b"&=+%", b"\0\0 =")
#: What is decoded at once.
BLOCK: Final = 65_536
#: What is left of most bodies but separators, made once; and of which length.
SIGNATURE: Final = 2000
_SIGNATURE: Final = b"=&" * (SIGNATURE // 2)
_ESCAPE: Final = bytes.maketrans(b"%", b"=")


def percent_decode(data: bytes) -> bytes:
    """``data`` with its ``%XX`` replaced by the bytes they stand for; anything else stays (WHATWG URL section 1.3)."""
    if 37 not in data:
        return data
    if b"=" in data or b"\n" in data or b"\r" in data:
        return unquote_to_bytes(data)
    decoded = _undo(data.translate(_ESCAPE))
    return unquote_to_bytes(data) if decoded is None else decoded


def _undo(quoted: bytes) -> bytes | None:
    """``quoted``, which has no CR or LF, with its ``=XX`` undone; None where one ``=`` is not followed by two
    hexadecimal digits.

    One that is not stays as ``=``, and where it ends the data it is lost. Where ``=`` was meant, they are counted: each
    that was undone took two bytes away. (To count them always is one more pass over the data.)
    """
    if quoted.endswith(b"="):
        return None
    decoded = a2b_qp(quoted)
    return decoded if 61 not in decoded or len(decoded) == len(quoted) - 2 * quoted.count(b"=") else None


def _undo_blocks(body: bytes) -> bytes | None:
    """What :func:`_undo` gives, block by block: what is in the processor's cache need not come from memory twice."""
    blocks = []
    start = 0
    while start < len(body):
        end = start + BLOCK
        split = body.rfind(b"%", end - 2, end)  # an escape is not cut
        end = split if split >= 0 else end
        block = _undo(body[start:end].translate(_TO_NUL))
        if block is None:
            return None
        blocks.append(block)
        start = end
    return b"".join(blocks)


def parse_urlencoded(body: bytes) -> list[tuple[str, str]]:
    """The pairs of ``body`` as text, see the module."""
    usual = usual_pairs(body)
    if usual is not None:
        return usual
    return [(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in split_urlencoded(body)]


def usual_pairs(body: bytes) -> list[tuple[str, str]] | None:
    """The pairs of ``body`` as text; None where it is not UTF-8, or odd."""
    try:
        if 37 not in body:
            text = body.replace(b"+", b" ").decode()
            return [(n, v) for n, e, v in map(str.partition, text.split("&"), repeat("=")) if n or e]
        decoded = _decode_all(body)
        if decoded is None:
            return None
        items = decoded[0].decode().split("\0")
    except UnicodeDecodeError:
        return None
    each = iter(items)
    return [*zip(each, each)] if len(items) == decoded[1] else None


def split_urlencoded(body: bytes) -> list[tuple[bytes, bytes]]:
    """The pairs of ``body`` as bytes, before they are read as UTF-8."""
    decoded = _decode_all(body)
    if decoded is not None:
        items = decoded[0].split(b"\0")
        if len(items) == decoded[1]:
            each = iter(items)
            return [*zip(each, each)]
    return _split_each(body)


def _decode_all(body: bytes) -> tuple[bytes, int] | None:
    """All names and values decoded at once and parted by NUL, and how many they are; None where that cannot be told.

    It can where every pair has exactly one ``=``, and nothing is there that MIME has rules for (lines) or that is NUL.
    Where an escape says NUL, there are more of them than that.
    """
    signature = body.translate(None, _PLAIN)
    borders = len(signature)
    if signature != (_SIGNATURE[:borders] if borders < SIGNATURE else b"=&" * (borders // 2) + b"=") or not borders & 1:
        return None
    decoded = _undo(body.translate(_TO_NUL)) if len(body) <= BLOCK else _undo_blocks(body)
    return None if decoded is None else (decoded, borders + 1)


def _split_each(body: bytes) -> list[tuple[bytes, bytes]]:
    """The algorithm as the standard writes it, pair by pair."""
    pairs = []
    for sequence in body.replace(b"+", b" ").split(b"&"):
        if sequence:
            name, _, value = sequence.partition(b"=")
            pairs.append((percent_decode(name), percent_decode(value)))
    return pairs
