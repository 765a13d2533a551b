"""What the type checkers know of requests, and of subclasses that change a class or a module."""

from __future__ import annotations

import json
from typing import Any, assert_type

from cardan import Request, core
from cardan.core import FileStorage as CoreFileStorage
from cardan.datastructures import ImmutableMultiDict
from cardan.files import FileStorage


class Upload(FileStorage):
    """An uploaded file that knows more."""

    owner = "nobody"


class Other:
    """A JSON codec."""

    @staticmethod
    def loads(text: str) -> Any:
        """The value of a JSON text."""
        return json.loads(text)


class ApiRequest(Request):
    """A request class that changes what it may change."""

    file_storage_class = Upload
    json_module = Other
    max_form_parts = 50


async def files(request: Request, mine: ApiRequest, cores: core.Request) -> None:
    """``files`` has the type of ``file_storage_class``; ``load()`` gives a request of the same class."""
    assert_type(request.files, ImmutableMultiDict[str, FileStorage])
    assert_type(mine.files, ImmutableMultiDict[str, Upload])
    assert_type(cores.files, ImmutableMultiDict[str, CoreFileStorage])
    assert_type(mine.files["a"].owner, str)
    assert_type(await mine.load(), ApiRequest)
    assert_type(mine.form, ImmutableMultiDict[str, str])
