"""Limits: what a request may cost, as one frozen value.

Takes numbers, gives numbers; it measures nothing itself. Whoever refuses because of a limit raises
:exc:`~cardan.core.exceptions.RequestEntityTooLarge` with the limit's name (the attribute name below),
what it allows and what came. ``None`` means: no limit. Exactly N passes, N + 1 is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit on one request; sizes in bytes, the rest are counts. ``None`` means: no limit.

    The same names are attributes of every request class: a subclass sets its own defaults, an instance
    its own values until its body is first touched.
    """

    max_content_length: int | None = None
    """The whole body, as sent. No default: what is large depends on the application, and what is held in
    memory is bounded by the limits below."""

    max_data_memory: int | None = 16 * 1024 * 1024
    """What ``data``, ``text``, ``json`` and ``load()`` may hold in memory. 16 MiB: well above the JSON that
    APIs accept (1 to 10 MB is usual among servers and gateways), well below what hurts a worker."""

    max_form_memory_size: int | None = 500_000
    """The value of one field that is not a file, multipart or urlencoded. 500 kB, the figure that Werkzeug made usual.
    Its name counts against ``max_form_memory_total`` (and, multipart, ``max_part_header_size``)."""

    max_form_memory_total: int | None = 5_000_000
    """All fields that are not files, names included: 1000 fields just under the limit of one field
    must not be 500 MB. Ten fields of the largest size."""

    max_form_parts: int | None = 1000
    """Parts of a multipart form (files too), pairs of a urlencoded one. 1000, as in Werkzeug and Django:
    no page has more inputs, and each costs an object."""

    max_part_header_size: int | None = 8192
    """The header block of one part. 8 KiB, what servers allow one header line of a request."""

    max_part_headers: int | None = 16
    """Header fields of one part. Browsers send two, RFC 7578 knows three."""

    max_file_size: int | None = None
    """One file. No default: files go to disk, and how large one may be is the application's business."""

    max_files: int | None = 100
    """Files of one form. 100, as in Django: each may hold a file handle."""

    max_file_memory: int | None = 500_000
    """What one file may hold in memory before it is spooled to disk. ``None``: it never is."""

    max_spool_memory: int | None = 8_000_000
    """What all files of one form together may hold in memory; more goes to disk. Bounds the memory of a
    form of many files just under ``max_file_memory``."""

    max_boundary_size: int | None = 200
    """The boundary of a multipart body. RFC 2046 section 5.1.1 allows 70, which strict mode enforces;
    some clients send more, but every search costs the boundary's length."""
