# Written by `make generate` from kruispunt/_async; edit it there.
"""What is closed at the end of an `with`."""

from types import TracebackType
from typing import Self


class Closable:
    """Has a `close`, and is closed by it."""

    def close(self) -> None:
        """Close; the subclasses say what that means."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
