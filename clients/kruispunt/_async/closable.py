"""What is closed at the end of an `async with`."""

from types import TracebackType
from typing import Self


class Closable:
    """Has a `close`, and is closed by it."""

    async def close(self) -> None:
        """Close; the subclasses say what that means."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
