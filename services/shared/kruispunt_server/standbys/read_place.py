"""Where a thread reads: at the primary, or at the standby that its call was sent to.

Apart from who opens connections: what servicers need of this knows no SQL, and the stub has none.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from kruispunt_server.call import Call

if TYPE_CHECKING:
    from kruispunt_server.standbys.reads import Reads
    from kruispunt_server.standbys.standby import Standby

T = TypeVar("T")

READ_AT: Final[ContextVar["Standby | None"]] = ContextVar("standby", default=None)
"""The standby; none: the primary."""


class StandbyFailedError(Exception):
    """What was to be read at a standby is to be read at the primary; never seen outside `reading_at`.

    No RegistryError: who handles refusals must not take it for one.

    Attributes:
        broken: whether the standby is at fault; or else what is read must not be read there.
    """

    def __init__(self, *, broken: bool) -> None:
        super().__init__()
        self.broken = broken


def reading_at(standby: "Standby", work: Callable[[], T]) -> T:
    """Run `work` in this thread with its reads at a standby.

    Raises:
        StandbyFailedError: the standby broke, or `from_primary` was asked for; `work` must be run again without.
        Exception: whatever `work` raises.
    """
    before = READ_AT.set(standby)
    try:
        return work()
    finally:
        READ_AT.reset(before)


def from_primary() -> None:
    """Read what follows at the primary only; a call that was sent to a standby begins anew there.

    For what must agree with later reads wherever those are made, such as the pages of a list as known at an instant.
    """
    if READ_AT.get() is not None:
        raise StandbyFailedError(broken=False)


def answered(reads: "Reads | None", call: Call, work: Callable[[], T]) -> T:
    """Return what `work` makes, for one message of a stream; as `Reads.answer`, where there are standbys."""
    return work() if reads is None else reads.answer(call, work)
