"""The parameters of Content-Type as a live mapping: ``response.mimetype_params``.

Parameters are parsed and written as in :mod:`~cardan.core.fields._media_types`. A field without a valid media type has
no parameters; setting one raises :exc:`ValueError`.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from ._live import Live
from ._media_types import MediaType
from ._syntax import key_of

__all__ = ["MediaTypeParameters"]


class MediaTypeParameters(Live[MediaType | None], MutableMapping[str, str]):
    """The parameters of a Content-Type field, names in lower case. It is live: every change is written to the field."""

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def __init__(self, media_type: MediaType | None = None) -> None:
        super().__init__(media_type)

    @classmethod
    def parse(cls, text: str, /) -> MediaType | None:
        return MediaType.from_header(text)

    @classmethod
    def serialize(cls, state: MediaType | None, /) -> str:
        return "" if state is None else state.to_header()

    def _parameters(self) -> dict[str, str]:
        state = self.state
        return {} if state is None else dict(state.parameters)

    def _replace(self, parameters: dict[str, str]) -> None:
        state = self.state
        if state is None:
            raise ValueError("got a parameter without a media type, expected Content-Type to be set first")
        self.state = MediaType(state.type, state.subtype, parameters)

    def __getitem__(self, key: str) -> str:
        return self._parameters()[key_of(key)]

    def __setitem__(self, key: str, value: str) -> None:
        self._replace({**self._parameters(), key.lower(): value})

    def __delitem__(self, key: str) -> None:
        parameters = self._parameters()
        del parameters[key_of(key)]
        self._replace(parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters())

    def __len__(self) -> int:
        return len(self._parameters())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        return MutableMapping.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._parameters()!r}>"
