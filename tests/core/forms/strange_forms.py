# ruff: noqa: E501 - a table reads best with a row on a line
"""What cardan does with strange forms: one row for each case, with default and strict mode, and the reason for it.

The tests cut the body of every row at every position, and check that docs/explanation/strange-forms.md shows this table. The outcome
of a row is a list of ``(name, value)`` and ``(name, filename, data)``, or the name of an error class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["MULTIPART", "URLENCODED", "Row", "form", "part"]

BAD = "MultipartError"
BIG = "RequestEntityTooLarge"
CT = "multipart/form-data; boundary=BOUND"
ONE = [("a", "1")]


@dataclass(frozen=True)
class Row:
    """One case: the body, the outcome in both modes, and the source or the reason."""

    id: str
    case: str
    body: bytes
    default: Any
    strict: Any
    law: str
    content_type: str = CT


def part(disposition: str | bytes = 'form-data; name="a"', data: bytes = b"1", *headers: str | bytes) -> bytes:
    """One part after its boundary, up to the CRLF before the next."""
    lines = [b"Content-Disposition: " + _b(disposition), *map(_b, headers)]
    return b"--BOUND\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes, end: bytes = b"--BOUND--\r\n") -> bytes:
    """The parts and the closing boundary."""
    return b"".join(parts) + end


def _b(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def fd(params: str | bytes) -> bytes:
    """A form of one part, data ``1``, with these parameters."""
    return form(part(b"form-data; " + _b(params)))


def raw(head: bytes) -> bytes:
    """A form of one part with this header block, as it stands."""
    return b"--BOUND\r\n" + head + b"\r\n\r\n1\r\n--BOUND--\r\n"


R2046, R7578, HTML = "RFC 2046 5.1.1", "RFC 7578", "WHATWG HTML"
A = b'Content-Disposition: form-data; name="a"'

MULTIPART = [
    Row("M01", "the body ends within a part's data", part()[:-2], BAD, BAD, f"{R2046}: a closing boundary is required"),
    Row("M02", "the body ends within a part's header", b"--BOUND\r\nContent-Dispo", BAD, BAD, R2046),
    Row("M03", "the closing boundary is cut: `--BOUND-`", form(part(), end=b"--BOUND-"), BAD, BAD, R2046),
    Row("M04", "no CRLF after the closing boundary", form(part(), end=b"--BOUND--"), ONE, ONE, f"{R2046}: CRLF only before an epilogue"),
    Row("M05", "only the closing boundary", b"--BOUND--\r\n", [], [], "no grammar allows it, but browsers send it for an empty form"),
    Row("M06", "an empty body, although the request announced one", b"", BAD, BAD, R2046),
    Row("M07", "LF ends every line", form(part()).replace(b"\r\n", b"\n"), BAD, BAD, f"{R2046}: lines end with CRLF; the error message says that LF was used"),
    Row("M08a", "LF within the header block", raw(A + b"\nX-A: b"), BAD, BAD, R2046),
    Row("M08b", "LF before the closing boundary", part()[:-2] + b"\n--BOUND--\r\n", BAD, BAD, f"{R2046}: a boundary follows CRLF"),
    Row("M09", "CR ends every line", form(part()).replace(b"\r\n", b"\r"), BAD, BAD, R2046),
    Row("M10", "text and CRLF before the first boundary", b"preamble\r\n" + form(part()), ONE, BAD, f"{R2046}: a preamble is ignored"),
    Row("M11", "text before the first boundary on its line", b"junk" + form(part()), BAD, BAD, f"{R2046}: a boundary begins a line"),
    Row("M12", "one CRLF before the first boundary", b"\r\n" + form(part()), ONE, ONE, f"{R2046}: an empty preamble"),
    Row("M13", "text after the closing boundary's CRLF", form(part()) + b"epilogue", ONE, BAD, f"{R2046}: an epilogue is ignored"),
    Row("M14", "text glued to the closing boundary", form(part(), end=b"--BOUND--junk\r\n"), BAD, BAD, R2046),
    Row("M15", "one more part after the closing boundary", form(part()) + form(part('form-data; name="b"')), ONE, BAD, f"{R2046}: it belongs to the epilogue"),
    Row("M16", "spaces and tabs after a boundary", form(part().replace(b"BOUND\r", b"BOUND \t\r")), ONE, BAD, f"{R2046}: receivers accept padding"),
    Row("M17", "a line of data that begins with the boundary: `--BOUNDx`", form(part(data=b"1\r\n--BOUNDx")), BAD, BAD, f"{R2046}: it must not occur in the data"),
    Row("M18", "the boundary within a line of data", form(part(data=b"1 --BOUND")), [("a", "1 --BOUND")], [("a", "1 --BOUND")], f"{R2046}: a boundary begins a line"),
    Row("M19a", "a quoted boundary with a space and `'()+_,-./:=?`", form(part()).replace(b"BOUND", b"B '()+_,-./:=?"), ONE, ONE, f"{R2046}: bchars", 'multipart/form-data; boundary="B \'()+_,-./:=?"'),
    Row("M19b", "a boundary that ends with a space", form(part()).replace(b"BOUND", b"B "), BAD, BAD, f"{R2046}: bcharsnospace", 'multipart/form-data; boundary="B "'),
    Row("M20", "`a/b:c=1` as a boundary, without quotes", form(part()).replace(b"BOUND", b"a/b:c=1"), ONE, BAD, "RFC 9110 5.6.6: not a token, but common", "multipart/form-data; boundary=a/b:c=1"),
    Row("M21", "an escaped quote in the boundary", form(part()).replace(b"BOUND", b'a"b'), BAD, BAD, f"{R2046}: not among the allowed characters", 'multipart/form-data; boundary="a\\"b"'),
    Row("M22a", "a boundary of 71 characters", form(part()).replace(b"BOUND", b"B" * 71), ONE, BIG, f"{R2046}: 70 at most", f"multipart/form-data; boundary={'B' * 71}"),
    Row("M22b", "a boundary of 201 characters", form(part()).replace(b"BOUND", b"B" * 201), BIG, BIG, "`max_boundary_size`", f"multipart/form-data; boundary={'B' * 201}"),
    Row("M23a", "an empty boundary", form(part()).replace(b"BOUND", b""), BAD, BAD, R2046, "multipart/form-data; boundary="),
    Row("M23b", "no boundary", form(part()), BAD, BAD, R2046, "multipart/form-data"),
    Row("M24", "two boundary parameters", form(part()), BAD, BAD, "undefined", "multipart/form-data; boundary=BOUND; boundary=OTHER"),
    Row("M25", "other case, other parameters", form(part()), ONE, ONE, "RFC 9110 8.3.1: case-insensitive", "Multipart/Form-Data; charset=utf-8; BOUNDARY=BOUND"),
    Row("M25b", "a comma before another parameter", form(part()), ONE, BAD, "RFC 9110 5.6.6: a semicolon; some clients send it", "multipart/form-data; boundary=BOUND, charset=utf-8"),
    Row("M25c", "a quoted boundary, a comma, another parameter", form(part()), ONE, BAD, "RFC 9110 5.6.6", 'multipart/form-data; boundary="BOUND",charset=utf-8'),
    Row("M25d", "the boundary after a comma", form(part()), ONE, BAD, "RFC 9110 5.6.6", "multipart/form-data; charset=utf-8, boundary=BOUND"),
    Row("M25e", "commas in a boundary, without quotes", form(part()).replace(b"BOUND", b"a,b, c"), ONE, BAD, "no parameter follows", "multipart/form-data; boundary=a,b, c"),
    Row("M25f", "a quoted boundary, a comma, text", form(part()), BAD, BAD, "RFC 9110 5.6.6", 'multipart/form-data; boundary="BOUND", text'),
    Row("M26", "a boundary that is not ASCII", form(part()), BAD, BAD, R2046, "multipart/form-data; boundary=BÖUND"),
    Row("M27", "multipart/mixed", form(part()), None, None, "another media type: not a form", "multipart/mixed; boundary=BOUND"),
    Row("M28", 'a name `a\\"b`, escaped', fd('name="a\\"b"'), [('a"b', "1")], [('a"b', "1")], "RFC 822 quoted-pair: curl before 7.81, Go"),
    Row("M28b", 'a name `a"b`, not escaped', fd('name="a"b"'), [('a"b', "1")], BAD, "RFC 9110 5.6.4: a quote ends it; scripts send it"),
    Row("M29", "a name `a\\b`", fd('name="a\\b"'), [("a\\b", "1")], [("a\\b", "1")], f"{HTML}: a backslash is data"),
    Row("M30a", "a name `a\\\\b`", fd('name="a\\\\b"'), [("a\\\\b", "1")], [("a\\\\b", "1")], f"{HTML}: two backslashes"),
    Row("M30b", 'a name `a\\\\b\\"c`', fd('name="a\\\\b\\"c"'), [('a\\b"c', "1")], [('a\\b"c', "1")], 'RFC 822: where `\\"` occurs'),
    Row("M31", "a filename that ends with a backslash", fd('name="a"; filename="dir\\"'), [("a", "dir\\", b"1")], [("a", "dir\\", b"1")], f"{HTML}: browsers send it raw"),
    Row("M32", "`%22` in name and filename", fd('name="a%22b"; filename="c%22d"'), [('a"b', 'c"d', b"1")], [('a"b', 'c"d', b"1")], f"{HTML}: an escape"),
    Row("M33a", "`%0D%0A` in a name", fd('name="a%0D%0Ab"'), [("a\r\nb", "1")], [("a\r\nb", "1")], f"{HTML}: an escape"),
    Row("M33b", "`%0D%0A` in a filename", fd('name="a"; filename="b%0D%0Ac"'), [("a", "b\r\nc", b"1")], BAD, "`safe_filename` drops control characters"),
    Row("M34", "`%41` in a name", fd('name="%41"'), [("%41", "1")], [("%41", "1")], f"{HTML}: no escape"),
    Row("M35", "`;` in a quoted filename", fd('name="a"; filename="b;c"'), [("a", "b;c", b"1")], [("a", "b;c", b"1")], "RFC 9110 5.6.4"),
    Row("M36", "filename* alone", fd("name=a; filename*=UTF-8''%E2%82%AC"), [("a", "€", b"1")], BAD, f"{R7578} 4.2 forbids it; older clients send it"),
    Row("M37", "filename and filename*", fd("name=a; filename=safe.txt; filename*=UTF-8''evil.exe"), [("a", "safe.txt", b"1")], BAD, f"{R7578} 4.2"),
    Row("M38", "name and name*", fd("name=a; name*=UTF-8''b"), ONE, BAD, "RFC 8187 is not for forms"),
    Row("M38b", "name* alone", fd("name*=utf-8''%E2%82%AC"), [("€", "1")], BAD, "RFC 8187 is not for forms; aiohttp sends it"),
    Row("M38c", "name* and filename*", fd("name*=utf-8''%61; filename*=utf-8''b"), [("a", "b", b"1")], BAD, "the same"),
    Row("M38d", "a name in sections", fd("name*0=a; name*1=b"), [("ab", "1")], BAD, "RFC 2231 3"),
    Row("M38e", "name* that cannot be read", fd("name*=a"), BAD, BAD, "RFC 8187 3.2.1"),
    Row("M39", "a filename with a Windows path", fd('name="a"; filename="C:\\dir\\b.txt"'), [("a", "b.txt", b"1")], [("a", "b.txt", b"1")], f"Internet Explorer; {R7578} 4.2"),
    Row("M40", "`../../etc/passwd`", fd('name="a"; filename="../../etc/passwd"'), [("a", "../../etc/passwd", b"1")], [("a", "../../etc/passwd", b"1")], "kept as sent; store the file under `safe_filename`"),
    Row("M41", "a filename in UTF-8", fd('name="a"; filename="ü☃.txt"'), [("a", "ü☃.txt", b"1")], [("a", "ü☃.txt", b"1")], f"{R7578} 5.1"),
    Row("M42", "`&#8364;` in a filename", fd('name="a"; filename="&#8364;.txt"'), [("a", "&#8364;.txt", b"1")], [("a", "&#8364;.txt", b"1")], "browsers send it for a character that the page's encoding does not have"),
    Row("M43", "no file chosen", form(part('form-data; name="a"; filename=""', b"", "Content-Type: application/octet-stream")), [("a", "", b"")], [("a", "", b"")], f"{HTML}: a file without a name; `if file` is false"),
    Row("M44", "parameters without quotes", fd("name=a; filename=b.txt"), [("a", "b.txt", b"1")], [("a", "b.txt", b"1")], "RFC 9110 5.6.6"),
    Row("M45a", "two names", fd("name=a; name=b"), BAD, BAD, "undefined"),
    Row("M45b", "two filenames", fd("name=a; filename=b; filename=c"), BAD, BAD, "undefined"),
    Row("M46", "two Content-Disposition headers", raw(A + b"\r\n" + A), BAD, BAD, "undefined"),
    Row("M47", "no name", fd("filename=b"), BAD, BAD, f"{R7578} 4.2: a name is required"),
    Row("M48", "an empty name", fd('name=""'), [("", "1")], [("", "1")], "browsers do not send it, scripts do"),
    Row("M49a", "no Content-Disposition", raw(b"Content-Type: text/plain"), BAD, BAD, f"{R7578} 4.2"),
    Row("M49b", "no header at all", b"--BOUND\r\n\r\n1\r\n--BOUND--\r\n", BAD, BAD, f"{R7578} 4.2"),
    Row("M50", "Content-Disposition: attachment", form(part("attachment; name=a")), ONE, BAD, f"{R7578} 4.2: form-data; the name says enough"),
    Row("M50b", "another disposition, with a filename", form(part('File; name="a"; filename="b"')), [("a", "b", b"1")], BAD, f"{R7578} 4.2"),
    Row("M50c", "another disposition, without a name", form(part("attachment; filename=b")), BAD, BAD, f"{R7578} 4.2: a name is required"),
    Row("M50d", "no disposition", form(part("; name=a")), BAD, BAD, "RFC 6266 4.1"),
    Row("M50e", "parameters alone", form(part('name="a"; name="b"')), BAD, BAD, "RFC 6266 4.1"),
    Row("M51", "names in upper case, no spaces", raw(b'CONTENT-DISPOSITION:FORM-DATA;NAME="a"'), ONE, ONE, "RFC 9110 5.1, 5.6.6"),
    Row("M52", '`name = "a"`', fd('name = "a"'), ONE, BAD, "allowed by MIME, not by RFC 9110 5.6.6"),
    Row("M53", "a space before the colon", raw(A.replace(b":", b" :")), BAD, BAD, "RFC 9112 5.1"),
    Row("M54a", "Content-Transfer-Encoding: base64", form(part(data=b"MQ==")).replace(A, A + b"\r\nContent-Transfer-Encoding: base64"), [("a", "MQ==")], BAD, f"{R7578} 4.7: deprecated; never decoded"),
    Row("M54b", "Content-Transfer-Encoding: 8bit", raw(A + b"\r\nContent-Transfer-Encoding: 8bit"), ONE, ONE, "RFC 2045 6.2: no transformation"),
    Row("M55", "an unknown Content-Transfer-Encoding", raw(A + b"\r\nContent-Transfer-Encoding: x-rot13"), ONE, BAD, f"{R7578} 4.7"),
    Row("M56", "a field `_charset_`", form(part("form-data; name=_charset_", b"latin-1"), part(data=b"\xe4")), [("_charset_", "latin-1"), ("a", "\ufffd")], BAD, f"{R7578} 4.6: ignored, as other parsers do"),
    Row("M57a", "a field in ISO-8859-1, with that charset in its Content-Type", form(part('form-data; name="a"', b"\xe4", "Content-Type: text/plain; charset=iso-8859-1")), [("a", "ä")], BAD, f"{R7578} 4.5"),
    Row("M57b", "a field in windows-1252, with that charset in its Content-Type", form(part('form-data; name="a"', b"\x80", "Content-Type: text/plain; charset=windows-1252")), [("a", "€")], BAD, f"{R7578} 4.5"),
    Row("M57c", "a charset after a comma in its Content-Type", form(part('form-data; name="a"', b"\xe4", "Content-Type: text/plain, charset=iso-8859-1")), [("a", "ä")], BAD, "RFC 9110 5.6.6: a semicolon"),
    Row("M58", "a value that is not UTF-8", form(part(data=b"\xff")), [("a", "\ufffd")], BAD, "the bytes are kept in `raw`"),
    Row("M59", "a name that is not UTF-8", fd(b'name="\xff"'), [("\ufffd", "1")], BAD, "a form in windows-1252 is not refused as a whole"),
    Row("M60", "multipart/mixed within a part", form(part('form-data; name="a"', b"1", "Content-Type: multipart/mixed; boundary=x")), ONE, BAD, f"{R7578} 4.3: deprecated"),
    Row("M61a", "a part's Content-Length, wrong", raw(A + b"\r\nContent-Length: 2"), ONE, BAD, f"{R7578} 4.8: ignored"),
    Row("M61b", "a part's Content-Length, negative", raw(A + b"\r\nContent-Length: -1"), ONE, BAD, f"{R7578} 4.8"),
    Row("M61c", "a part's Content-Length, right", raw(A + b"\r\nContent-Length: 1"), ONE, ONE, f"{R7578} 4.8"),
    Row("M62", "a folded header line", raw(b'Content-Disposition: form-data;\r\n name="a"'), ONE, BAD, "RFC 9112 5.2: obsolete"),
    Row("M63", "NUL in a name", fd(b'name="a\0b"'), BAD, BAD, "browsers send it as it is; refused on purpose, because C code would cut the name there"),
    Row("M63b", "NUL in a name*", fd("name*=UTF-8''a%00b"), BAD, BAD, "the same"),
    Row("M63c", "NUL in a filename*", fd("name=a; filename*=UTF-8''a%00b"), BAD, BAD, "the same"),
    Row("M64a", "NUL in another header", raw(A + b"\r\nX-A: b\0c"), BAD, BAD, "RFC 9110 5.5"),
    Row("M64b", "CR in another header", raw(A + b"\r\nX-A: b\rc"), BAD, BAD, "RFC 9110 5.5"),
    Row("M65a", "a header without a colon", raw(A + b"\r\nX-A"), BAD, BAD, "RFC 9112 5"),
    Row("M65b", "a header whose name is not a token", raw(A + b"\r\nX(A): b"), BAD, BAD, "RFC 9110 5.1"),
    Row("M66", "a header name of other token characters", raw(A + b"\r\nX-!#$%&'*+.^_`|~9: b"), ONE, ONE, "RFC 9110 5.6.2"),
    Row("M67", "a header block of 9 KiB", raw(A + b"\r\nX-A: " + b"b" * 9000), BIG, BIG, "`max_part_header_size`, 8 KiB"),
    Row("M68", "17 headers in a part", raw(A + b"\r\nX-A: b" * 16), BIG, BIG, "`max_part_headers`, 16"),
    Row("M69a", "1001 fields", form(part() * 1001), BIG, BIG, "`max_form_parts`, 1000"),
    Row("M69b", "101 files", form(part("form-data; name=a; filename=b") * 101), BIG, BIG, "`max_files`, 100"),
    Row("M70", "a field of 500,001 bytes", form(part(data=b"x" * 500_001)), BIG, BIG, "`max_form_memory_size`, 500 kB"),
    Row("M71", "a part with a Content-Type and no filename", raw(A + b"\r\nContent-Type: application/json"), ONE, ONE, f"{R7578} 4.4: a text field; its headers are available"),
    Row("M72", "application/octet-stream and no filename", form(part('form-data; name="a"', b"\xff\0", "Content-Type: application/octet-stream")), [("a", "\ufffd\0")], BAD, "the bytes are kept in `raw`"),
    Row("M73", "the data of the last part ends with CR", form(part(data=b"1\r")), [("a", "1\r")], [("a", "1\r")], "it does not matter where the body is cut"),
    Row("M74", "repeated names", form(part(data=b"1"), part("form-data; name=b", b"2"), part(data=b"3")), [("a", "1"), ("b", "2"), ("a", "3")], [("a", "1"), ("b", "2"), ("a", "3")], f"{R7578} 5.2: in order, not joined"),
    Row("M75", "spaces around a name", fd('name=" a "'), [(" a ", "1")], [(" a ", "1")], f"{HTML}: literal"),
    Row("M76", "a part that ends with its header", b"--BOUND\r\n" + A + b"\r\n\r\n--BOUND--\r\n", [("a", "")], BAD, f"{R2046}: a part without a body; some parsers take the next part for its body"),
    Row("M76b", "the same, another part, a file that ends with its header", b"--BOUND\r\n" + A + b"\r\n\r\n" + part()[:-2] + b"\r\n--BOUND\r\n" + A + b'; filename="b"\r\n\r\n--BOUND--\r\n', [("a", ""), ("a", "1"), ("a", "b", b"")], BAD, R2046),
    Row("M76c", "a part that ends with its header, the beginning of a boundary", b"--BOUND\r\n" + A + b"\r\n\r\n--BOUN\r\n--BOUND--\r\n", [("a", "--BOUN")], [("a", "--BOUN")], R2046),
    Row("M76d", "a part that ends with its header, a line that begins with the boundary", b"--BOUND\r\n" + A + b"\r\n\r\n--BOUNDx\r\n--BOUND--\r\n", BAD, BAD, f"{R2046}: it must not occur in the data"),
    Row("M76e", "the boundary in the line after a header", b"--BOUND\r\n" + A + b"\r\n--BOUND--\r\n", BAD, BAD, f"{R2046}: CRLF belongs to the boundary"),
    Row("M76f", "a part without any header, and without a body", b"--BOUND\r\n\r\n--BOUND--\r\n", BAD, BAD, f"{R7578} 4.2"),
    Row("M77", "a folded line before any header", b"--BOUND\r\n " + A + b"\r\n\r\n1\r\n--BOUND--\r\n", BAD, BAD, "RFC 9112 2.2"),
    Row("M78", "filename* in an unknown charset", fd("name=a; filename*=KOI8-R''%C1"), BAD, BAD, "RFC 8187 3.2.1"),
    Row("M79", "a parameter that cannot be read", fd('name="a"; filename="b'), BAD, BAD, "RFC 9110 5.6.6"),
    Row("M80", "a preamble, the closing boundary, and no part", b"--OTHER\r\n" + A + b"\r\n\r\n1\r\n--BOUND--\r\n", BAD, BAD, f"{R2046}: at least one part; a form with another boundary must not be read as empty"),
    Row("M81", "a filename in sections", fd("name=a; filename*0*=UTF-8''%E2%82; filename*1*=%AC%20; filename*2=\"b.txt\""), [("a", "€ b.txt", b"1")], BAD, "RFC 2231 3; mail programs send it"),
    Row("M82", "filename and sections of it", fd("name=a; filename=safe.txt; filename*0=evil.exe"), [("a", "safe.txt", b"1")], BAD, f"{R7578} 4.2"),
    Row("M82b", "a quote in a section of a filename, and a backslash", fd('name=a; filename*0="b\\"c\\\\d"; filename*1="\\"e.txt"'), [("a", 'b"c\\d"e.txt', b"1")], BAD, "RFC 2231 3, RFC 822: a quoted-pair, as in a filename without sections"),
    Row("M83", "sections of a filename without the first one", fd("name=a; filename*1=b.txt"), BAD, BAD, "RFC 2231 3"),
]  # fmt: skip

UBAD = "UrlencodedError"
URL = "application/x-www-form-urlencoded"


def url(id: str, case: str, body: bytes, default: Any, strict: Any, law: str = "WHATWG URL 5.1") -> Row:
    """A row of the urlencoded table."""
    return Row(id, case, body, default, strict, law, URL)


URLENCODED = [
    url("U01", "`+`, `%2B`, `%20`", b"a+b=c+d&e%2Bf=g%20h", [("a b", "c d"), ("e+f", "g h")], [("a b", "c d"), ("e+f", "g h")]),
    url("U02a", "`%` at the end", b"a=100%", [("a", "100%")], UBAD),
    url("U02b", "`%zz`", b"a=%zz", [("a", "%zz")], UBAD),
    url("U02c", "`%4`", b"a=%4", [("a", "%4")], UBAD),
    url("U02d", "`%u20AC`", b"a=%u20AC", [("a", "%u20AC")], UBAD),
    url("U03a", "`%ff`", b"a=%ff", [("a", "\ufffd")], UBAD),
    url("U03b", "`%C3`, cut", b"a=%C3", [("a", "\ufffd")], UBAD),
    url("U03c", "`%ED%A0%80`, a surrogate", b"a=%ED%A0%80", [("a", "\ufffd" * 3)], UBAD),
    url("U04", "raw UTF-8", "a=é".encode(), [("a", "é")], UBAD),
    url("U05", "a raw byte that is not UTF-8", b"a=\xff", [("a", "\ufffd")], UBAD),
    url("U06a", "`%EF%BB%BF`, a byte order mark", b"%EF%BB%BFa=%EF%BB%BF", [("\ufeffa", "\ufeff")], [("\ufeffa", "\ufeff")]),
    url("U07a", "`%00` in a value", b"a=%00", [("a", "\0")], [("a", "\0")]),
    url("U07b", "`%00` in a name", b"a%00=1", [("a\0", "1")], UBAD),
    url("U07c", "raw NUL", b"a=\0", [("a", "\0")], [("a", "\0")]),
    url("U08a", "empty pairs", b"&&a=1&&b=2&", [("a", "1"), ("b", "2")], [("a", "1"), ("b", "2")]),
    url("U08b", "only `&`", b"&", [], []),
    url("U08c", "an empty body", b"", [], []),
    url("U09", "no `=`", b"a&b=", [("a", ""), ("b", "")], [("a", ""), ("b", "")]),
    url("U10a", "no name", b"=v", [("", "v")], UBAD),
    url("U10b", "only `=`", b"=", [("", "")], UBAD),
    url("U11", "two `=`", b"a=b=c", [("a", "b=c")], [("a", "b=c")]),
    url("U12", "`;` between pairs", b"a=1;b=2", [("a", "1;b=2")], [("a", "1;b=2")]),
    url("U13", "`&amp;`", b"a=1&amp;b=2", [("a", "1"), ("amp;b", "2")], [("a", "1"), ("amp;b", "2")]),
    url("U14", "repeated names", b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")], [("a", "1"), ("b", "2"), ("a", "3")]),
    url("U15", "brackets, commas, spaces, CRLF at the end", b"a[0][b]=1, 2\r\n", [("a[0][b]", "1, 2\r\n")], [("a[0][b]", "1, 2\r\n")]),
    url("U16", "a field `_charset_`", b"_charset_=iso-8859-1&a=%E9", [("_charset_", "iso-8859-1"), ("a", "\ufffd")], UBAD),
    url("U17", "1001 pairs", b"&".join([b"a=1"] * 1001), BIG, BIG, "`max_form_parts`, 1000"),
    url("U18", "a value of 500,001 bytes", b"a=" + b"x" * 500_001, BIG, BIG, "`max_form_memory_size`, 500 kB"),
    url("U19", "a backslash, `%5C`, `\\x41`", b"a=\\x41%5C\\", [("a", "\\x41\\\\")], [("a", "\\x41\\\\")]),
    Row("U20a", "a charset in the Content-Type that is not UTF-8", b"a=%E9", [("a", "\ufffd")], UBAD, "WHATWG URL 5.1: UTF-8 always", f"{URL}; charset=iso-8859-1"),
    Row("U20b", "`charset=UTF-8` in the Content-Type", b"a=%C3%A9", [("a", "é")], [("a", "é")], "WHATWG Fetch 5: so do browsers", f'{URL};charset="UTF-8"'),
]  # fmt: skip
