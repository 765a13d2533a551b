"""Decompresses zstd in tests: by the standard library since Python 3.14, before by the module ``zstandard``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

__all__ = ["MODULE", "decompressor"]

#: the module that `cardan.Compression` uses as well
MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "zstandard"


def decompressor() -> Callable[[bytes], bytes]:
    """A function that takes the pieces of one stream."""
    made = import_module(MODULE).ZstdDecompressor()
    restore: Callable[[bytes], bytes] = (made.decompressobj() if MODULE == "zstandard" else made).decompress
    return restore
