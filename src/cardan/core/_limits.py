"""The limits of one request: as attributes of request classes, and as one value.

This module only holds the numbers. A request that exceeds a limit is answered with 413:
:exc:`~cardan.exceptions.RequestEntityTooLarge` names the limit (an attribute below) and its value. With a limit of
N, a size or count of exactly N is accepted and N + 1 is refused. ``None`` means that there is no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["LimitAttributes", "Limits", "check_limit"]


def check_limit(name: str, value: object) -> None:
    """Raise :exc:`ValueError` if ``value`` is neither None nor an int of at least 0. ``name`` is for the message."""
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(f"got {name} = {value!r}, expected an int of at least 0, or None for no limit")


class LimitAttributes:
    """The limits as attributes. Sizes are in bytes, the others are counts. ``None`` means that there is no limit.

    Every request class has these attributes. A subclass can set other defaults. A request can set other values until
    the first access to its body.
    """

    max_content_length: int | None = None
    """The size of the whole body, as it is sent. There is no default limit: how large a body may be depends on the
    application, and the limits below bound the memory."""

    max_data_memory: int | None = 16 * 1024 * 1024
    """The size of a body that ``data``, ``text``, ``json`` or ``load()`` reads into memory. The default, 16 MiB, is
    more than the usual limits of servers for JSON (1 to 10 MB) and less than a worker process can hold."""

    max_form_memory_size: int | None = 500_000
    """The size of the value of one form field that is not a file, multipart or urlencoded. The default is 500 kB, as in
    Werkzeug. The name of the field counts towards ``max_form_memory_total`` and, in a multipart form, towards
    ``max_part_header_size``."""

    max_form_memory_total: int | None = 5_000_000
    """The size of all form fields that are not files together, their names included. The default is ten times
    ``max_form_memory_size``: 1000 fields just below that limit would need 500 MB."""

    max_form_parts: int | None = 1000
    """The number of parts of a multipart form (files included), or of pairs of a urlencoded form. The default is 1000,
    as in Werkzeug and Django. Each part needs an object."""

    max_part_header_size: int | None = 8192
    """The size of the headers of one part. The default is 8 KiB, as much as servers allow for one header line of a
    request."""

    max_part_headers: int | None = 16
    """The number of header fields of one part. Browsers send two; RFC 7578 defines three."""

    max_file_size: int | None = None
    """The size of one file. There is no default limit: large files are stored on disk, and how large a file may be
    depends on the application."""

    max_files: int | None = 100
    """The number of files of one form. The default is 100, as in Django. Each file may need a file descriptor."""

    max_file_memory: int | None = 500_000
    """The size up to which a file stays in memory. A larger file is moved to disk. ``None``: files stay in memory."""

    max_spool_memory: int | None = 8_000_000
    """The size that all files of one form together may have in memory; further data goes to disk. It bounds the memory
    of a form with many files just below ``max_file_memory``."""

    max_boundary_size: int | None = 200
    """The length of the boundary of a multipart body. RFC 2046 section 5.1.1 allows 70 characters, and the strict mode
    enforces this. Some clients send longer ones. A longer boundary makes each search in the body slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits of one request as one value. They are described at the attributes of a request with the same names.

    Raises :exc:`ValueError` for a limit that is neither None nor an int of at least 0.
    """

    __module__ = "cardan"

    max_content_length: int | None = LimitAttributes.max_content_length
    max_data_memory: int | None = LimitAttributes.max_data_memory
    max_form_memory_size: int | None = LimitAttributes.max_form_memory_size
    max_form_memory_total: int | None = LimitAttributes.max_form_memory_total
    max_form_parts: int | None = LimitAttributes.max_form_parts
    max_part_header_size: int | None = LimitAttributes.max_part_header_size
    max_part_headers: int | None = LimitAttributes.max_part_headers
    max_file_size: int | None = LimitAttributes.max_file_size
    max_files: int | None = LimitAttributes.max_files
    max_file_memory: int | None = LimitAttributes.max_file_memory
    max_spool_memory: int | None = LimitAttributes.max_spool_memory
    max_boundary_size: int | None = LimitAttributes.max_boundary_size

    def __post_init__(self) -> None:
        for field in fields(self):
            check_limit(field.name, getattr(self, field.name))
