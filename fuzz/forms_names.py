"""Fuzzes the readers of part headers and of Content-Type, and safe_filename.

The rule: any text is read as a Content-Disposition with a name, or raises a MultipartError. Any text is read as the
Content-Type of a form or of another body, or raises a MultipartError. Any filename becomes a safe name, and a safe name
stays the same. No other exception is raised.
"""

from __future__ import annotations

from _bytes import fuzz

from cardan.core._exceptions import MultipartError
from cardan.core.forms import parse_form_type, safe_filename
from cardan.core.forms._disposition import parse_disposition

SEEDS = [
    b'form-data; name="a"; filename="b"', b"form-data; name=a; filename*=UTF-8''%41", b'form-data; name="a\\"b\\\\"',
    b"multipart/form-data; boundary=BOUND", b'multipart/form-data; boundary="a b"; charset=utf-8', b"..\\..\\NUL.txt",
]  # fmt: skip
TOKENS = [
    b'"',
    b"\\",
    b";",
    b"=",
    b" ",
    b"\t",
    b"name=",
    b"filename=",
    b"*=",
    b"%22",
    b"boundary=",
    b"C:\\",
    b"/",
    b"\0",
    b".",
]


def law(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for strict in (False, True):
        try:
            name, filename = parse_disposition(text, strict=strict)
            assert isinstance(name, str)
            assert filename is None or isinstance(filename, str)
        except MultipartError:
            pass
        try:
            parse_form_type(text, strict=strict)
        except MultipartError:
            pass
    safe = safe_filename(text)
    assert safe == safe_filename(safe), safe
    assert safe not in ("", ".", ".."), safe
    assert not set(safe) & set('/\\:*?"<>|\0\r\n'), safe
    assert len(safe.encode()) <= 200


if __name__ == "__main__":
    fuzz(__doc__, law, SEEDS, TOKENS)
