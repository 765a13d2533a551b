"""safe_filename: what is made of a long name is as safe as what is made of a short one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.forms import safe_filename

PIECES = st.sampled_from(["NUL", "con", ".", " ", ".txt", "a", "é", "日", "\\", "/", ":", "x" * 190, "é" * 99, "_"])


@pytest.mark.parametrize("name", ["NUL." + "x" * 300, "NUL." + "x" * 196, "con." + "é" * 150 + ".txt"])
def test_a_long_name_of_a_device(name: str) -> None:
    """The documented 200 bytes count the underscore before a name that is a device on Windows, too."""
    safe = safe_filename(name)
    assert (safe[:1], len(safe.encode()) <= 200) == ("_", True)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_safe_name_stays(name: str) -> None:
    """What was made safe once is what a second look makes of it, and fits."""
    safe = safe_filename(name)
    assert safe_filename(safe) == safe
    assert len(safe.encode()) <= 200


MARKS = [
    *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *'<>:"|?*\u061c', *map(chr, range(0x200B, 0x2010)),
    *map(chr, range(0x2028, 0x202F)), *map(chr, range(0x2060, 0x206A)),
    "\ufeff", "\ufffe", "\uffff", "\ud800", "\udfff",
]  # fmt: skip


def test_forbidden_characters() -> None:
    """Control characters (C0, DEL and C1), what Windows forbids in names, marks of direction, characters without width,
    noncharacters and surrogates are taken out. Their neighbours stay.
    """
    assert [mark for mark in MARKS if safe_filename(f"a{mark}b") != "ab"] == []
    beside = " !'()+,-;=@[]^_`{}~\xa1\u061b\u061d\u2010\u2027\u2030\u205e\u2070\ufefe\ufff0\ue000"
    assert [char for char in beside if safe_filename(f"a{char}b") != f"a{char}b"] == []


DEVICES = [
    "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$",
    *(port + digit for port in ("COM", "LPT") for digit in "0123456789\xb9\xb2\xb3"),
]  # fmt: skip


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_of_windows(device: str) -> None:
    """The name of a device is none for a file on Windows, in upper and lower case, with a suffix and with spaces before
    it ("Naming Files, Paths, and Namespaces"). A longer word is.
    """
    for name in (device, device.lower(), f"{device}.txt", f"{device} .tar.gz"):
        assert safe_filename(name) == f"_{name}"
    for name in (f"{device}x", f"x{device}", f"{device}_.txt", f"x.{device}"):
        assert safe_filename(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200),
        ("x" * 300 + "." + "s" * 32, "x" * 167 + "." + "s" * 32),
        ("x" * 300 + "." + "s" * 33, "x" * 200),
        ("." + "x" * 300, "x" * 200),
        ("\xe9" * 300 + ".txt", "\xe9" * 98 + ".txt"),
        ("x" * 195 + " .\xe9" + ".txt", "x" * 195 + ".txt"),
        ("x" * 2000 + ".txt", "x" * 196 + ".txt"),
        ("x" * 2000 + "." + "e\u0301" * 16, "x" * 167 + "." + "\xe9" * 16),
        ("x" * 2000 + "." + "e\u0301" * 17, "x" * 200),
        ("\u03b1\u0345\u0313\u0301" * 2000, "\u1f84" * 66),
    ],
    ids=range(11),
)
def test_a_long_name_is_shortened(name: str, safe: str) -> None:
    """A name has at most 200 bytes of UTF-8, with whole characters; an extension of at most 32 bytes stays."""
    assert safe_filename(name) == safe


@pytest.mark.parametrize("end", ["", ".txt", "." + "s" * 40, "." + "s" * 140, "." + "\u0300" * 30])
@pytest.mark.parametrize("filler", ["a", "\xe4", "a\u0300", "\u20ac", "\U0001f600"])
@pytest.mark.parametrize("gap", [" ", ".", " .", ". ", ". b ", ".b. "])
def test_wherever_a_long_name_is_cut(gap: str, filler: str, end: str) -> None:
    """A name that was cut has no dots and spaces at its ends, and is safe: it stays as it is. The gap is at each place
    where a name may be cut: after 200 bytes, less those of its extension, or after as many characters as are looked at.
    """
    for count in [*range(20, 210), *range(760, 810)]:
        safe = safe_filename(filler * (count // len(filler)) + gap + "b" * 900 + end)
        assert safe == safe.strip(". ") == safe_filename(safe)
        assert len(safe.encode()) <= 200
