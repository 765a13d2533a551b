"""deprecated(): marks a name of Werkzeug that has a better successor.

Takes what to use instead. Type checkers report each use of the name. At run time there is no warning; the docstring of
the name gets a sentence for the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import deprecated as deprecated
else:

    def deprecated(instead: str):
        """Add ``instead`` to the docstring of a function; of a property it is the getter."""

        def mark(function):
            function.__doc__ = f"{function.__doc__.rstrip()}\n\n        Deprecated: {instead}."
            return function

        return mark


__all__ = ["deprecated"]
