"""Form: what a body was parsed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .events import Field

__all__ = ["Form"]


class Form:
    """``fields`` and ``files`` in the order in which they came, as ``(name, value)`` pairs.

    ``special`` maps positions in ``fields`` to their :class:`Field` where it says more than the pair: bytes that
    are no text, or header fields besides Content-Disposition.
    """

    __slots__ = ("fields", "files", "special")

    def __init__(
        self,
        fields: list[tuple[str, str]] | None = None,
        files: list[tuple[str, Any]] | None = None,
        special: dict[int, Field] | None = None,
    ) -> None:
        self.fields = fields if fields is not None else []
        self.files = files if files is not None else []
        self.special = special if special is not None else {}

    def raw(self, index: int) -> bytes:
        """The bytes of ``fields[index]``'s value, as they came."""
        field = self.special.get(index)
        return self.fields[index][1].encode() if field is None else field.raw

    def getlist_raw(self, name: str) -> list[bytes]:
        """The bytes of all fields of that name, in order."""
        return [self.raw(index) for index, (key, _) in enumerate(self.fields) if key == name]

    def close(self) -> None:
        """Close the files that nobody has detached; the first error is raised after all were closed."""
        first: Exception | None = None
        for _, file in self.files:
            try:
                getattr(file, "release", file.close)()
            except Exception as error:
                first = first or error
        if first is not None:
            raise first

    def __repr__(self) -> str:
        return f"<Form fields={len(self.fields)} files={len(self.files)}>"
