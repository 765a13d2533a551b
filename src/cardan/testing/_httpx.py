"""Imports httpx, or httpx2 if only httpx2 is installed. All other modules of this package import it from here.

The test clients use only names that both libraries have: `Client`, `AsyncClient`, the two base classes of transports,
`Request`, `Response` and the exceptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx
    except ImportError:  # pragma: no cover: the tests have httpx; a test in a process of its own has not
        try:
            import httpx2 as httpx
        except ImportError:
            raise ImportError("cardan.testing needs httpx: pip install 'cardan[testing]'") from None

__all__ = ["httpx"]
