"""guess_type: the media type of a name does not depend on the version of Python or on the machine."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardan import send_file
from cardan.files._file_types import _TYPES, _standard_types, guess_type
from cardan.files._static import StaticFiles
from cardan.testing import Client, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVED = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
    ".cjs": "text/javascript", ".map": "application/json", ".wasm": "application/wasm", ".json": "application/json",
    ".webmanifest": "application/manifest+json", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson",
    ".geojson": "application/geo+json", ".yaml": "application/yaml", ".yml": "application/yaml",
    ".toml": "application/toml", ".parquet": "application/vnd.apache.parquet", ".xml": "text/xml",
    ".txt": "text/plain", ".log": "text/plain", ".conf": "text/plain", ".md": "text/markdown", ".csv": "text/csv",
    ".sh": "application/x-sh", ".pdf": "application/pdf", ".png": "image/png", ".webp": "image/webp",
    ".avif": "image/avif", ".svg": "image/svg+xml", ".ico": "image/vnd.microsoft.icon", ".mp4": "video/mp4",
    ".webm": "video/webm", ".mkv": "video/matroska", ".ts": "video/mp2t", ".m3u8": "application/vnd.apple.mpegurl",
    ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".flac": "audio/flac", ".woff2": "font/woff2", ".zip": "application/zip",
    ".gz": "application/gzip", ".tgz": "application/gzip", ".tar.gz": "application/gzip", ".zst": "application/zstd",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip

#: what the standard library's table adds to ours. One that a new Python adds or changes is one that differs from Python
#: to Python: it belongs into our own table.
STANDARD = """
application/msword .dot .wiz
application/n-quads .nq
application/n-triples .nt
application/octet-stream .a .o .so
application/oda .oda
application/pkcs7-mime .p7c
application/postscript .eps
application/trig .trig
application/vnd.ms-excel .xlb
application/vnd.ms-powerpoint .pot .ppa .pps .pwz
application/x-bcpio .bcpio
application/x-cpio .cpio
application/x-csh .csh
application/x-dvi .dvi
application/x-gtar .gtar
application/x-hdf .hdf
application/x-latex .latex
application/x-mif .mif
application/x-netcdf .cdf .nc
application/x-pkcs12 .p12 .pfx
application/x-pn-realaudio .ram
application/x-python-code .pyc .pyo
application/x-shar .shar
application/x-shockwave-flash .swf
application/x-sv4cpio .sv4cpio
application/x-sv4crc .sv4crc
application/x-tcl .tcl
application/x-tex .tex
application/x-troff .roff .t .tr
application/x-troff-man .man
application/x-troff-me .me
application/x-troff-ms .ms
application/x-ustar .ustar
application/x-wais-source .src
application/xml .wsdl .xpdl
audio/aac .adts .ass .loas
audio/basic .au .snd
audio/mpeg .mp2
audio/x-pn-realaudio .ra
image/ief .ief
image/x-cmu-raster .ras
image/x-portable-anymap .pnm
image/x-portable-bitmap .pbm
image/x-portable-graymap .pgm
image/x-portable-pixmap .ppm
image/x-rgb .rgb
image/x-xbitmap .xbm
image/x-xpixmap .xpm
image/x-xwindowdump .xwd
message/rfc822 .mht .mhtml .nws
text/n3 .n3
text/plain .bat .c .h .ksh .pl
text/richtext .rtx
text/x-setext .etx
text/x-sgml .sgm .sgml
video/mpeg .m1v .mpa .mpe
video/quicktime .qt
video/x-sgi-movie .movie
"""
REST = {suffix: kind for kind, *suffixes in map(str.split, STANDARD.split("\n")[1:-1]) for suffix in suffixes}


@pytest.fixture
def strange_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose table has other types, and a program that has added one more."""
    table = tmp_path / "mime.types"
    table.write_text("text/vnd.trolltech.linguist ts\ntext/strange html log zzz\n")
    monkeypatch.setattr(mimetypes, "knownfiles", [str(table)])
    mimetypes.init()
    mimetypes.add_type("text/stranger", ".yyy")
    _standard_types.cache_clear()
    assert mimetypes.guess_type("a.ts")[0] == "text/vnd.trolltech.linguist"
    yield
    monkeypatch.undo()
    mimetypes.init()
    _standard_types.cache_clear()


@pytest.mark.parametrize("suffix", SERVED)
def test_what_is_commonly_served(suffix: str) -> None:
    """Common types are those that IANA has registered. The case of the suffix and the rest do not matter."""
    assert guess_type("name" + suffix) == guess_type(f"/a.b/NAME.x{suffix.upper()}") == SERVED[suffix]


def test_the_table_is_the_same_on_every_python() -> None:
    """The types that the standard library adds to our table are the same in every version of Python."""
    known = {suffix: guess_type("a" + suffix) for suffix in mimetypes.MimeTypes().types_map[True]}
    assert {suffix: kind for suffix, kind in known.items() if suffix not in _TYPES} == REST


@pytest.mark.usefixtures("strange_host")
def test_the_table_is_the_same_on_every_machine() -> None:
    """The table of the system is never read: not for names in our table, and not for others."""
    assert {suffix: guess_type("a" + suffix) for suffix in [*_TYPES, *REST]} == {**_TYPES, **REST}
    assert guess_type("a.zzz") == guess_type("a.yyy") == "application/octet-stream"


@pytest.mark.parametrize(
    "name", ["", "a", ".", ".html", "a.", "a.unknown", "a.html.unknown", "dir.html/a", "data:text/css,"]
)
def test_what_has_no_known_suffix(name: str) -> None:
    """Other names are bytes. A name that only begins with a dot has no suffix. A name is never read as a URL."""
    assert guess_type(name) == "application/octet-stream"


@pytest.mark.usefixtures("strange_host")
@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_what_is_sent(tmp_path: Path, protocol: str) -> None:
    """send_file, StaticFiles and the files of the test client use this table."""
    (tmp_path / "a.log").write_text("text")
    with send_file(tmp_path / "a.log", None) as response:
        assert response.content_type == "text/plain; charset=utf-8"
    with Client(StaticFiles(tmp_path), protocol=protocol) as client:  # type: ignore[arg-type]
        assert client.get("/a.log").headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Content-Type: video/mp2t\r\n" in (RequestBuilder(files={"f": ("a.ts", b"x")}).body or b"")
