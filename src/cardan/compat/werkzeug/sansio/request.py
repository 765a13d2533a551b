"""``werkzeug.sansio.request``: a request made of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .... import core
from ....core._request.fields import CORSRequestMixin
from ....core.structures._headers import HeadersView
from ....datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Request"]


class Request(CORSRequestMixin, core.Request):
    """What a request says besides its body.

    ``server`` is a pair of host and port, or of the path of a Unix socket and None; None if it is not known. ``path``
    is decoded and below ``root_path``; ``query_string`` is still encoded. ``remote_addr`` is the address of the peer.

    The attributes with the names of the parameters can be assigned; then everything that follows from them is computed
    anew. Body and form are empty: a framework overrides ``form``, ``files``, ``get_data()`` and the like.

    >>> server, fields = ("a.example", 80), Headers()
    >>> request = Request("GET", "http", server, "/app", "/notes", b"page=2", fields, None)
    >>> request.args["page"], request.url
    ('2', 'http://a.example/app/notes?page=2')
    """

    def __init__(
        self,
        method: str,
        scheme: str,
        server: tuple[str, int | None] | None,
        root_path: str,
        path: str,
        query_string: bytes,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        remote_addr: str | None,
    ) -> None:
        head = core.RequestHead(
            method=method.upper(),  # as Werkzeug does
            path=path,
            query_string=query_string,
            headers=headers if isinstance(headers, HeadersView) else Headers(headers),
            scheme=scheme,
            root_path=root_path.rstrip("/"),
            server=server,
            client=None if remote_addr is None else (remote_addr, 0),
        )
        super().__init__(head)

    @property
    def server(self) -> tuple[str, int | None] | None:
        """Name or address of the server, and its port (None for a Unix socket). None if it is not known."""
        return self.head.server

    if not TYPE_CHECKING:  # a checker reports an assignment, which new code replaces by a new request

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "remote_addr":
                name, value = "client", None if value is None else (value, 0)
            if name not in _OF_HEAD:
                super().__setattr__(name, value)
                return
            setattr(self.head, name, value)
            for cached in set(self.__dict__) - {"head"}:
                if isinstance(getattr(type(self), cached, None), property):
                    del self.__dict__[cached]


_OF_HEAD = frozenset(core.RequestHead.__slots__)


def __dir__() -> list[str]:
    return sorted(__all__)
