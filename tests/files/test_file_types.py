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
#: the other suffixes of our own table: types of IANA, or of the WHATWG's MIME Sniffing standard, else in common use
OWN = """
application/atom+xml .atom
application/dash+xml .mpd
application/dicom .dcm
application/efi .efi
application/epub+zip .epub
application/gpx+xml .gpx
application/gzip .taz .tz
application/java-archive .jar
application/ld+json .jsonld
application/msword .doc
application/octet-stream .bin .br .dmg .img .iso .npy .z
application/ogg .ogx
application/pdf .ai
application/postscript .ps
application/rdf+xml .rdf
application/rss+xml .rss
application/rtf .rtf
application/sql .sql
application/texinfo .texi .texinfo
application/vnd.android.package-archive .apk
application/vnd.apache.arrow.file .arrow
application/vnd.apple.mpegurl .m3u
application/vnd.debian.binary-package .deb
application/vnd.google-earth.kml+xml .kml
application/vnd.google-earth.kmz .kmz
application/vnd.microsoft.portable-executable .dll .exe
application/vnd.ms-cab-compressed .cab
application/vnd.ms-excel .xls
application/vnd.ms-fontobject .eot
application/vnd.ms-htmlhelp .chm
application/vnd.ms-officetheme .thmx
application/vnd.ms-powerpoint .ppt
application/vnd.oasis.opendocument.graphics .odg
application/vnd.oasis.opendocument.presentation .odp
application/vnd.oasis.opendocument.spreadsheet .ods
application/vnd.oasis.opendocument.text .odt
application/vnd.openxmlformats-officedocument.presentationml.presentation .pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xlsx
application/vnd.rar .rar
application/vnd.sqlite3 .sqlite .sqlite3
application/x-7z-compressed .7z
application/x-bzip2 .bz2 .tbz2
application/x-hdf5 .h5 .hdf5
application/x-httpd-php .php
application/x-rpm .rpm
application/x-tar .tar
application/x-xz .txz .xz
application/xhtml+xml .xhtml
application/xslt+xml .xsl .xslt
application/zip .npz .whl
audio/aac .aac
audio/aiff .aif .aifc .aiff
audio/matroska .mka
audio/midi .mid .midi
audio/mp4 .m4a
audio/ogg .oga .opus
audio/wave .wav
audio/webm .weba
font/collection .ttc
font/otf .otf
font/ttf .ttf
font/woff .woff
haptics/hjif .hjif
haptics/hmpg .hmpg
haptics/ivs .ivs
image/apng .apng
image/bmp .bmp
image/emf .emf
image/fits .fits
image/g3fax .g3
image/gif .gif
image/heic .heic
image/heif .heif
image/jp2 .jp2
image/jpeg .jpe .jpeg .jpg
image/jpm .jpm
image/jpx .jpx
image/jxl .jxl
image/svg+xml .svgz
image/t38 .t38
image/tiff .tif .tiff
image/tiff-fx .tfx
image/wmf .wmf
message/rfc822 .eml
model/3mf .3mf
model/gltf+json .gltf
model/gltf-binary .glb
model/mtl .mtl
model/obj .obj
model/stl .stl
text/calendar .ics
text/html .htm
text/markdown .markdown
text/plain .cfg .ini .json5 .srt .text
text/tab-separated-values .tsv
text/turtle .ttl
text/vcard .vcf
text/vtt .vtt
text/x-python .py
text/x-rst .rst
video/3gpp .3gp .3gpp
video/3gpp2 .3g2 .3gpp2
video/avi .avi
video/matroska-3d .mk3d
video/mp2t .m2ts .mts
video/iso.segment .m4s
video/mp4 .m4v
video/mpeg .mpeg .mpg
video/ogg .ogv
video/quicktime .mov
video/x-flv .flv
video/x-ms-wmv .wmv
"""


def rows(table: str) -> dict[str, str]:
    """The type of each suffix in a table."""
    return {suffix: kind for kind, *suffixes in map(str.split, table.split("\n")[1:-1]) for suffix in suffixes}


OWN_REST = rows(OWN)
REST = rows(STANDARD)


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


@pytest.mark.parametrize("suffix", OWN_REST)
def test_the_rest_of_our_table(suffix: str) -> None:
    """One row for each suffix."""
    assert guess_type("name" + suffix) == OWN_REST[suffix]


def test_every_suffix_of_our_table_has_a_row() -> None:
    """No suffix of the table is without a test."""
    assert set(_TYPES) == {suffix for suffix in (*SERVED, *OWN_REST) if suffix.count(".") == 1}


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
