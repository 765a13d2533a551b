"""Copies: how a response is copied, pickled, and converted to another response class.

A copy has header fields and close hooks of its own. Only a response with a buffered body can be pickled or copied
deeply. For a stream this raises a :exc:`TypeError` that says what to do.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, Self

from .body import BodyAccess

__all__ = ["Copies"]

#: the attributes that a copy must not share
_MADE: Final = frozenset({"_stream", "_made_headers", "_made_hooks", "_made_trailers"})


class Copies(BodyAccess):
    """How a response is copied; mixed into :class:`~cardan.core._response.BaseResponse`."""

    @classmethod
    def force_type(cls, response: object) -> Self:
        """``response`` if it is of this class already, else a new object of this class.

        The new object shares the body, the header fields and all other attributes of ``response``, which keeps its
        class. Raises :exc:`TypeError` for an object that is not a response.
        """
        if isinstance(response, cls):
            return response
        if not isinstance(response, Copies):
            raise TypeError(f"got {type(response).__name__}, expected a response")
        response.headers  # noqa: B018 - made now, so that both have the same
        new = cls.__new__(cls)
        new.__dict__.update(response.__dict__)
        return new

    def __copy__(self) -> Self:
        return self._like({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        if not self.is_sequence:
            self._refuse_copy("deepcopy")
        return self._like({name: deepcopy(value, memo) for name, value in self.__dict__.items() if name != "_hooks"})

    def _like(self, values: dict[str, Any]) -> Self:
        """A copy with header fields and close hooks of its own."""
        new = type(self).__new__(type(self))
        new.__dict__.update({**self.__dict__, **values})
        for name in _MADE:
            new.__dict__.pop(name, None)
        if new._headers is not None:
            new._headers = new._headers.copy()
        if new._trailers is not None:
            new._trailers = new._trailers.copy()
        if new._hooks is not None:
            new._hooks = list(new._hooks)
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the close hooks, which belong to this process. Needs a buffered body: ``freeze()``."""
        if not self.is_sequence:
            self._refuse_copy("pickle")
        values = {name: value for name, value in self.__dict__.items() if name not in _MADE}
        return {**values, "_hooks": None}

    def _refuse_copy(self, verb: str) -> NoReturn:
        raise TypeError(f"got a streamed body, expected a buffered one to {verb}: call freeze() first")
