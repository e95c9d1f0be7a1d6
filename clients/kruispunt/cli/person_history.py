"""The history of a person as somebody reads it: a line per event, in plain words, oldest first."""

import datetime as dt
from collections.abc import Iterable, Iterator

from kruispunt.cli.output import show
from kruispunt.cli.person_words import evidence_words, key_words, source_words, when, words
from kruispunt.facts import Fact, ForeignIdentifier, Validity
from kruispunt.persons import NumberEvent, NumberEventKind, PersonVersion, Protection, Register
from kruispunt.ssin import Ssin

_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_EVENTS = {
    NumberEventKind.REPLACED: "replaced by {other}",
    NumberEventKind.SPLIT: "split off from {other}",
    NumberEventKind.CANCELLED: "cancelled",
    NumberEventKind.MOVED: "moved to the register {register}",
}


def tell_history(versions: Iterable[PersonVersion], valid_at: dt.date | None = None) -> list[str]:
    """Return a line for each event.

    A correction is one event: it says what it takes the place of. A fact that was taken back is two.

    Args:
        versions: in the order of recording.
        valid_at: only facts and links that were asserted for that day; numbers always come.
    """
    entries = list(versions)
    corrected = {
        each.superseded_by: each for each in entries if isinstance(each, Fact) and each.superseded_by
    }
    events: list[tuple[tuple[dt.datetime, bool, int, int], str]] = []
    for entry in entries:
        if valid_at and isinstance(entry, Fact | ForeignIdentifier) and not entry.validity.holds(valid_at):
            continue
        events += [
            ((at or _EARLIEST, *_rank(entry)), f"{when(at)}  {text}")
            for at, text in _events_of(entry, corrected)
        ]
    return [line for _, line in sorted(events, key=lambda event: event[0])]


def _rank(entry: PersonVersion) -> tuple[bool, int, int]:
    """Return the place among what was recorded at one instant: each number with its facts, then what else happened."""
    if isinstance(entry, NumberEvent):
        return entry.kind is not NumberEventKind.REGISTERED, entry.ssin, 0
    if isinstance(entry, Protection):
        return True, entry.registered_under, 0
    group = entry.group.value if isinstance(entry, Fact) else 0
    return isinstance(entry, ForeignIdentifier), entry.registered_ssin, group


def _events_of(entry: PersonVersion, corrected: dict[str, Fact]) -> Iterator[tuple[dt.datetime | None, str]]:
    match entry:
        case NumberEvent():
            yield entry.record_time, _number_event(entry)
        case Protection():
            yield entry.record_time, f"protected from {entry.begin}: {entry.reference}, set by {entry.set_by}"
            if entry.lift_time:
                lifted = f"protection lifted from {entry.lift_date}: {entry.lift_reference}"
                yield entry.lift_time, f"{lifted}, by {entry.lifted_by}"
        case ForeignIdentifier():
            yield (
                entry.record_time,
                f"linked {key_words(entry.key)}{_days(entry.validity)}, said {entry.source}{_under(entry.registered_ssin)}",
            )
        case Fact():
            before = corrected.get(entry.fact_id)
            yield entry.record_time, _told(entry, before)
            if entry.supersede_time and not entry.superseded_by:
                yield entry.supersede_time, f"{show(entry.group)} taken back: {words(entry.value)}"


def _told(fact: Fact, before: Fact | None) -> str:
    what = f"{show(fact.group)}: {words(fact.value)}"
    if before is not None:
        what = f"{show(fact.group)} corrected: {words(fact.value)} (was: {words(before.value)})"
    seen = evidence_words(fact.evidence)
    return (
        f"{what}{_days(fact.validity)}, said {source_words(fact.source)}"
        + (f" ({seen})" if seen else "")
        + _under(fact.registered_ssin)
    )


def _number_event(event: NumberEvent) -> str:
    registered = "registered" + (
        f" in {event.register.name}" if event.register is not Register.UNSPECIFIED else ""
    )
    text = _EVENTS.get(event.kind, registered).format(
        other=event.other.display if event.other else "", register=event.register.name
    )
    why = f": {show(event.reason)}" if event.reason else ""
    since = f", from {event.effective_date}" if event.effective_date else ""
    return f"{event.ssin.display} {text}{why}{since}"


def _days(validity: Validity) -> str:
    since = f", from {validity.begin}" if validity.begin else ""
    return since + (f", until before {validity.end}" if validity.end else "")


def _under(number: Ssin) -> str:
    return f", under {number.display}"
