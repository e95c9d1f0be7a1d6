"""One gRPC service served by several objects, each with some of its rpcs: one file, one theme."""

from collections.abc import Callable
from typing import Any


class Combined:
    """Has the rpcs of all its parts.

    Args:
        parts: servicers; an rpc is a public method whose name begins with a capital.

    Raises:
        ValueError: two parts have the same rpc.
    """

    def __init__(self, *parts: object) -> None:
        rpcs: dict[str, Callable[..., Any]] = {}
        for part in parts:
            for name in dir(part):
                if not name[0].isupper():
                    continue
                if name in rpcs:
                    raise ValueError(f"two parts have {name}")
                rpcs[name] = getattr(part, name)
        self._rpcs = rpcs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return an rpc."""
        try:
            return self._rpcs[name]
        except KeyError:
            raise AttributeError(name) from None
