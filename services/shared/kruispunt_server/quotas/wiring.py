"""Builds the quotas of a server from its settings."""

from typing import TYPE_CHECKING, Final

from kruispunt.quota_text import read_quota
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.rights import Quota
from kruispunt_server.edge import MethodClass
from kruispunt_server.events import Events
from kruispunt_server.quotas.enforcing import Quotas
from kruispunt_server.quotas.enumeration import EnumerationAlarm
from kruispunt_server.quotas.memory import QuotaMemory
from kruispunt_server.settings import ServerSettings

if TYPE_CHECKING:
    from kruispunt_server.metrics import Metrics

UNLIMITED: Final = "unlimited"


def quota_of(text: str) -> Quota | None:
    """Return the quota that a setting names, such as "60/min"; none if it bounds nothing."""
    if text == UNLIMITED:
        return None
    found = read_quota(text)
    assert found is not None, "settings are checked when they are read"
    return Quota(*found)


def quotas_of(
    settings: ServerSettings,
    memory: QuotaMemory,
    rights: RightsBook,
    events: Events,
    metrics: "Metrics | None",
) -> Quotas:
    """Return what counts the calls."""
    usual = {
        MethodClass.READS: quota_of(settings.usual_reads),
        MethodClass.SEARCHES: quota_of(settings.usual_searches),
        MethodClass.WRITES: quota_of(settings.usual_writes),
        MethodClass.BULK: quota_of(settings.usual_bulk),
    }
    return Quotas(
        memory,
        rights,
        usual={kind: quota for kind, quota in usual.items() if quota is not None},
        end_user=quota_of(settings.end_user_searches),
        events=events,
        metrics=metrics,
    )


def alarm_of(
    settings: ServerSettings, memory: QuotaMemory, events: Events, metrics: "Metrics | None"
) -> EnumerationAlarm:
    """Return what notices that somebody tries numbers out."""
    return EnumerationAlarm(
        memory,
        misses=settings.enumeration_misses,
        window_s=settings.enumeration_window_s,
        events=events,
        metrics=metrics,
    )
