"""Which standby the call of this thread was sent to."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_server.standbys.standby import Standby

T = TypeVar("T")

_AT: ContextVar["Standby | None"] = ContextVar("standby", default=None)


def standby_of_call() -> "Standby | None":
    """Return where the call of this thread reads; none: at the primary."""
    return _AT.get()


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
    before = _AT.set(standby)
    try:
        return work()
    finally:
        _AT.reset(before)


def from_primary() -> None:
    """Read what follows at the primary only; a call that was sent to a standby begins anew there.

    For what must agree with later reads wherever those are made, such as the pages of a list as known at an instant.
    """
    if standby_of_call() is not None:
        raise StandbyFailedError(broken=False)
