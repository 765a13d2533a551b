"""JSONMixin: the body as JSON (RFC 8259). Takes the bytes of ``get_data``; raises 415 and 400, see ``get_json``."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from ..exceptions import BadRequest, UnsupportedMediaType
from .loading import BodyBase

__all__ = ["JSONMixin"]


class JSONMixin(BodyBase):
    """``json``, ``get_json()`` and what can be changed about them."""

    json_module: ClassVar[Any] = json
    """What ``json`` parses with: anything with ``loads``."""

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type is ``application/json`` or ``application/*+json`` (RFC 6839 section 3.1)."""
        mimetype = self.mimetype
        return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))

    @property
    def json(self) -> Any:
        """The body parsed as JSON (RFC 8259). Raises 415 for another Content-Type, 400 for what is not JSON."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body parsed as JSON. ``force`` ignores the Content-Type, ``silent`` gives None for what is wrong with it.

        ``NaN`` and ``Infinity`` are refused, of a duplicate key the last value wins, a byte order mark is accepted.
        ``cache`` keeps the value, and the bytes for other doors. Raises 415 and 400 (through
        :meth:`on_json_loading_failed`), and whatever reading the body raises, ``silent`` or not.
        """
        known = self.__dict__
        if cache and "_json" in known:
            return known["_json"]
        body = self._loaded("json")
        if not (force or self.is_json):
            return None if silent else self.on_json_loading_failed(None)
        data = self._get_raw(body, cache)
        try:
            value = _load_json(self.json_module, data)
        except (ValueError, RecursionError) as error:
            return None if silent else self.on_json_loading_failed(error)
        if cache:
            known["_json"] = value
        return value

    def on_json_loading_failed(self, error: Exception | None) -> Any:
        """Called for what is not JSON; ``error`` is None where the Content-Type is not. What it returns is ``json``."""
        if error is None:
            raise UnsupportedMediaType(f"got Content-Type {self.mimetype!r}, expected application/json")
        if isinstance(error, RecursionError):
            raise BadRequest("the body is not JSON: it is nested too deeply") from error
        raise BadRequest(f"the body is not JSON: {error}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"got {name}, which JSON does not have")


def _load_json(module: Any, data: bytes) -> Any:
    """RFC 8259: UTF-8 with or without a byte order mark (section 8.1: a parser may ignore it), no NaN (section 6)."""
    text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    if module is not json:
        return module.loads(text)
    bare = text.strip(" \t\n\r")  # RFC 8259 section 2; faster than the two patterns that decode() looks for it with
    try:
        value, end = _DECODER.raw_decode(bare)
        if end == len(bare):
            return value
    except ValueError:  # decode() says what is wrong, and where
        pass
    return _DECODER.decode(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
