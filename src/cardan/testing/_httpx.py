"""httpx, or httpx2 where only that is installed: the one place that chooses.

The clients use what both have in common: `Client`, `AsyncClient`, the two transport base classes, `Request`,
`Response` and the exceptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx
    except ImportError:
        try:
            import httpx2 as httpx
        except ImportError:
            raise ImportError("cardan.testing needs httpx: pip install 'cardan[testing]'") from None

__all__ = ["httpx"]
