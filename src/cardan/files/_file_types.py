"""The media type of a file by its name: the same on every machine and every Python.

The suffix decides, in upper or lower case. The types are those that IANA has registered, and those of the WHATWG's MIME
Sniffing standard if IANA has none. The tables of the system are never read, because they differ: ``.ts`` is a video on
one machine, a translation on another, and unknown on a third. An unknown suffix gives ``application/octet-stream``;
pass ``mimetype`` to :func:`~cardan.send_file` to set another type.
"""

from __future__ import annotations

from functools import cache
from os.path import splitext
from typing import Final

from ..core.fields._syntax import OWS

__all__ = ["coding_of", "guess_type"]

_UNKNOWN: Final = "application/octet-stream"

#: The types of files that are commonly served. A packed file has the type of the packing: x.tar.gz is sent as gzip,
#: not as a tar with a content coding.
_TYPES: Final = {
    # pages and their parts
    ".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml", ".css": "text/css",
    ".js": "text/javascript", ".mjs": "text/javascript", ".cjs": "text/javascript",  # RFC 9239
    ".map": "application/json",  # ECMA-426, source maps
    ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
    # text
    ".txt": "text/plain", ".text": "text/plain", ".log": "text/plain", ".conf": "text/plain", ".cfg": "text/plain",
    ".ini": "text/plain", ".md": "text/markdown", ".markdown": "text/markdown", ".rst": "text/x-rst",
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".ics": "text/calendar", ".vcf": "text/vcard",
    ".vtt": "text/vtt", ".srt": "text/plain", ".rtf": "application/rtf", ".py": "text/x-python",
    ".sh": "application/x-sh", ".sql": "application/sql",
    # data
    ".json": "application/json", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson",
    ".jsonld": "application/ld+json", ".geojson": "application/geo+json", ".json5": "text/plain",
    ".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml", ".xml": "text/xml",
    ".xsl": "application/xslt+xml", ".xslt": "application/xslt+xml", ".rss": "application/rss+xml",
    ".atom": "application/atom+xml", ".rdf": "application/rdf+xml", ".ttl": "text/turtle",
    ".gpx": "application/gpx+xml",
    ".kml": "application/vnd.google-earth.kml+xml", ".kmz": "application/vnd.google-earth.kmz",
    ".parquet": "application/vnd.apache.parquet", ".arrow": "application/vnd.apache.arrow.file",
    ".sqlite": "application/vnd.sqlite3", ".sqlite3": "application/vnd.sqlite3", ".eml": "message/rfc822",
    # documents
    ".pdf": "application/pdf", ".epub": "application/epub+zip", ".ps": "application/postscript",
    ".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation", ".odg": "application/vnd.oasis.opendocument.graphics",
    # images
    ".png": "image/png", ".apng": "image/apng", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jpe": "image/jpeg",
    ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml", ".bmp": "image/bmp",
    ".svgz": "image/svg+xml",  # with a content coding, see _CODINGS
    ".ico": "image/vnd.microsoft.icon", ".tif": "image/tiff", ".tiff": "image/tiff", ".heic": "image/heic",
    ".heif": "image/heif", ".jxl": "image/jxl", ".jp2": "image/jp2", ".jpm": "image/jpm", ".jpx": "image/jpx",
    # sound and film
    ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".oga": "audio/ogg",
    ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wave", ".weba": "audio/webm", ".mka": "audio/matroska",
    ".mid": "audio/midi", ".midi": "audio/midi", ".aif": "audio/aiff", ".aiff": "audio/aiff", ".aifc": "audio/aiff",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".m4s": "video/iso.segment", ".webm": "video/webm", ".ogv": "video/ogg",
    ".ogx": "application/ogg", ".mkv": "video/matroska", ".mk3d": "video/matroska-3d", ".mov": "video/quicktime",
    ".avi": "video/avi", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".3gp": "video/3gpp", ".3gpp": "video/3gpp",
    ".3g2": "video/3gpp2", ".3gpp2": "video/3gpp2",
    ".ts": "video/mp2t", ".mts": "video/mp2t", ".m2ts": "video/mp2t",  # segments of HTTP Live Streaming (RFC 8216)
    ".m3u8": "application/vnd.apple.mpegurl", ".m3u": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml",
    ".wmv": "video/x-ms-wmv", ".flv": "video/x-flv",
    # fonts
    ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf", ".ttc": "font/collection",
    ".eot": "application/vnd.ms-fontobject",
    # models
    ".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".stl": "model/stl", ".obj": "model/obj",
    ".mtl": "model/mtl", ".3mf": "model/3mf",
    # packed, and programs
    ".zip": "application/zip", ".gz": "application/gzip", ".tgz": "application/gzip", ".taz": "application/gzip",
    ".tz": "application/gzip", ".bz2": "application/x-bzip2",
    ".tbz2": "application/x-bzip2", ".xz": "application/x-xz", ".txz": "application/x-xz", ".zst": "application/zstd",
    ".tar": "application/x-tar", ".7z": "application/x-7z-compressed", ".rar": "application/vnd.rar",
    ".jar": "application/java-archive", ".apk": "application/vnd.android.package-archive",
    ".deb": "application/vnd.debian.binary-package", ".rpm": "application/x-rpm", ".whl": "application/zip",
    ".exe": "application/vnd.microsoft.portable-executable", ".dll": "application/vnd.microsoft.portable-executable",
    ".bin": _UNKNOWN, ".br": _UNKNOWN, ".z": _UNKNOWN, ".iso": _UNKNOWN, ".img": _UNKNOWN, ".dmg": _UNKNOWN,
    # types that Python 3.11 to 3.15 do not agree on
    ".ai": "application/pdf", ".texi": "application/texinfo", ".texinfo": "application/texinfo",
    ".php": "application/x-httpd-php", ".dcm": "application/dicom", ".efi": "application/efi",
    ".cab": "application/vnd.ms-cab-compressed", ".chm": "application/vnd.ms-htmlhelp",
    ".thmx": "application/vnd.ms-officetheme", ".hjif": "haptics/hjif", ".hmpg": "haptics/hmpg", ".ivs": "haptics/ivs",
    ".emf": "image/emf", ".wmf": "image/wmf", ".fits": "image/fits", ".g3": "image/g3fax", ".t38": "image/t38",
    ".tfx": "image/tiff-fx",
    # arrays
    ".npy": _UNKNOWN, ".npz": "application/zip", ".h5": "application/x-hdf5", ".hdf5": "application/x-hdf5",
}  # fmt: skip


#: the suffixes of files that are stored in a content coding, by their definition (SVG 1.1 section 1.2)
_CODINGS: Final = {".svgz": "gzip"}


def coding_of(name: str, mimetype: str | None = None) -> str | None:
    """The content coding in which a file is stored, by its name; None for all but a few.

    A ``mimetype`` other than that of the file without the coding, such as ``application/gzip``, says that the coded
    bytes are what is sent.

    >>> coding_of("logo.svgz"), coding_of("logo.svgz", "application/gzip"), coding_of("backup.tar.gz")
    ('gzip', None, None)
    """
    suffix = splitext(name)[1].lower()
    if mimetype is not None and mimetype.partition(";")[0].strip(OWS).lower() != _TYPES.get(suffix):
        return None
    return _CODINGS.get(suffix)


def guess_type(name: str) -> str:
    """The media type of a file by its name; ``application/octet-stream`` if it is not known.

    The table of this module decides first, then that of :mod:`mimetypes`, without the entries of the operating system.

    >>> names = "segment.ts", "Report.PDF", "backup.tar.gz", "README"
    >>> tuple(guess_type(name) for name in names)
    ('video/mp2t', 'application/pdf', 'application/gzip', 'application/octet-stream')
    """
    suffix = splitext(name)[1].lower()
    return _TYPES.get(suffix) or _standard_types().get(suffix, _UNKNOWN)


@cache
def _standard_types() -> dict[str, str]:
    from mimetypes import MimeTypes  # takes 2 ms to import, and is needed for rare suffixes only

    types: dict[str, str] = MimeTypes().types_map[True]
    return types


guess_type.__module__ = "cardan.files"  # help() and pickles name it as users import it
