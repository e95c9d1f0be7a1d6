"""`kruispunt dossier`: an institution says what it holds, and looks at it."""

import datetime as dt
import enum
from typing import Annotated

import typer

from kruispunt import shapes
from kruispunt.cli import options
from kruispunt.cli.output import print_dossiers, print_json, print_line, print_notes, print_stale, print_table
from kruispunt.cli.session import Session, command
from kruispunt.period import Period
from kruispunt.values import Change, Dossier, PartialDate, PersonClaim, Resolution, Sex, StaleKind

app = typer.Typer(
    help="Say which dossiers the institution holds, and list who holds what.", no_args_is_help=True
)


class SexOption(enum.StrEnum):
    """Sex as the registers keep it."""

    MALE = "male"
    FEMALE = "female"


class Kind(enum.StrEnum):
    """Why a dossier wants attention."""

    NOT_CONFIRMED = "not-confirmed"
    OVERLAPPING = "overlapping"
    ORPHANED = "orphaned"
    CODE_ENDED = "code-ended"


@command(app, "register")
def register(
    session: Session,
    *,
    person: options.Person,
    capacity: Annotated[int, typer.Option(help="Capacity, 0 to 999.")],
    begin: Annotated[
        dt.date, typer.Option(parser=options.reader(options.day), metavar="YYYY-MM-DD", help="First day.")
    ],
    end: options.End = None,
    phase: options.Phase = None,
    institution: options.Institution = None,
    network: options.NetworkOption = None,
    source: options.Source = None,
    family_name: Annotated[str, typer.Option(help="To be compared with the register.")] = "",
    given_name: Annotated[list[str] | None, typer.Option(help="To be compared; one for each name.")] = None,
    birth_date: Annotated[
        PartialDate | None,
        typer.Option(
            parser=options.reader(options.partial_date), metavar="YYYY[-MM[-DD]]", help="To be compared."
        ),
    ] = None,
    sex: Annotated[SexOption | None, typer.Option(help="To be compared.")] = None,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Say that the institution holds a dossier on a person."""
    claim = PersonClaim(
        family_name, tuple(given_name or ()), birth_date, Sex[sex.name] if sex else Sex.UNSPECIFIED
    )
    with session.directory() as directory:
        answer = directory.register_dossier(
            person,
            capacity=capacity,
            period=Period(begin, end),
            phase=phase or 0,
            institution=institution,
            network_level=options.network_level(network),
            source=source or "",
            claim=claim if claim != PersonClaim() else None,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.as_json:
        print_json(answer)
        return
    print_dossiers(f"dossier {answer.outcome.name.lower()}", [answer.dossier])
    print_notes(answer.resolution, answer.warnings)


@command(app, "list")
def list_(
    session: Session,
    *,
    person: options.Person,
    valid_at: options.ValidAt = None,
    known_at: options.KnownAt = None,
    every_period: options.EveryPeriod = False,
    sector: options.SectorCode = None,
    institution: options.InstitutionNumber = None,
    capacity: options.Capacity = None,
    network: options.NetworkOption = None,
) -> None:
    """List the dossiers held on a person, by every institution."""
    with session.directory() as directory:
        listing = directory.list_dossiers(
            person,
            valid_at=valid_at,
            known_at=known_at,
            every_period=every_period,
            sector=sector,
            institution=institution,
            capacity=capacity,
            network_level=options.network_level(network),
            page_size=1000,
        )
        dossiers: list[Dossier] = []
        resolution: Resolution | None = None
        for page in listing.pages():
            dossiers += page.items
            resolution = page.resolution
    if session.as_json:
        print_json({"dossiers": dossiers, "complete": True, "resolution": resolution})
        return
    print_dossiers("dossiers", dossiers)
    print_notes(resolution)


@command(app, "close")
def close(
    session: Session,
    *,
    person: options.Person,
    dossier_id: options.DossierId,
    end: Annotated[
        dt.date,
        typer.Option(
            parser=options.reader(options.day), metavar="YYYY-MM-DD", help="The day after the last."
        ),
    ],
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Give a dossier an end, or an earlier one."""
    with session.directory() as directory:
        answer = directory.close_dossier(
            person, dossier_id, end=end, etag=etag, request_id=request_id, validate_only=validate_only
        )
    _print_change(session, "dossier closed", answer)


@command(app, "update")
def update(
    session: Session,
    *,
    person: options.Person,
    dossier_id: options.DossierId,
    phase: options.Phase = None,
    begin: options.Begin = None,
    end: options.End = None,
    network: options.NetworkOption = None,
    source: options.Source = None,
    effective_from: Annotated[
        dt.date | None,
        typer.Option(
            "--from", parser=options.reader(options.day), metavar="YYYY-MM-DD", help="Only from that day on."
        ),
    ] = None,
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Change phase, period, network level or source of a dossier; what is left out stays."""
    with session.directory() as directory:
        answer = directory.update_dossier(
            person,
            dossier_id,
            phase=phase,
            period=options.period(begin, end),
            network_level=options.network_level(network) if network else None,
            source=source,
            effective_from=effective_from,
            etag=etag,
            request_id=request_id,
            validate_only=validate_only,
        )
    _print_change(session, "dossier updated", answer)
    if effective_from and not session.as_json:
        print_line(f"what stood before {effective_from} stays as it was")


@command(app, "remove")
def remove(
    session: Session,
    *,
    person: options.Person,
    every: Annotated[bool, typer.Option("--all", help="All of the institution on the person.")] = False,
    capacity: options.Capacity = None,
    phase: options.Phase = None,
    begin: options.Begin = None,
    end: options.End = None,
    cut: Annotated[str, typer.Option(metavar="DOSSIER_ID", help="Cut the period out of this one.")] = "",
    etag: options.Etag = "",
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Take back dossiers that should not have been registered.

    --all; --begin [--end]; --capacity; --capacity --begin [--end]; --capacity --phase; --cut --begin [--end].
    """
    shape = _shape(every, capacity, phase, options.period(begin, end), cut, etag)
    with session.directory() as directory:
        answer = directory.remove_dossiers(person, shape, request_id=request_id, validate_only=validate_only)
    if session.as_json:
        print_json(answer)
        return
    count = len(answer.removed)
    print_line(f"{count} {'dossier' if count == 1 else 'dossiers'} removed")
    for each in answer.removed:
        print_line(f"  {each}")
    if answer.remaining:
        print_dossiers("remaining", answer.remaining)
    print_notes(answer.resolution, answer.warnings)


@command(app, "reconfirm")
def reconfirm(
    session: Session,
    *,
    dossiers: Annotated[
        list[str] | None, typer.Argument(metavar="PERSON:DOSSIER_ID...", help="Dossiers that are still true.")
    ] = None,
    synchronised_until: Annotated[
        dt.datetime | None,
        typer.Option(
            parser=options.reader(options.instant), metavar="INSTANT", help="Everything was told up to then."
        ),
    ] = None,
    request_id: options.RequestId = None,
    validate_only: options.ValidateOnly = False,
) -> None:
    """Say that dossiers are still true, and until when the institution has told everything."""
    pairs = [
        (options.person(person), dossier_id)
        for person, _, dossier_id in (each.partition(":") for each in dossiers or ())
    ]
    with session.directory() as directory:
        outcomes = directory.reconfirm_dossiers(
            pairs, synchronised_until=synchronised_until, request_id=request_id, validate_only=validate_only
        )
    told = [{"dossier_id": i, "outcome": outcome} for (_, i), outcome in zip(pairs, outcomes, strict=True)]
    if session.as_json:
        print_json({"outcomes": told})
        return
    print_table(
        "reconfirmed", ("dossier", "outcome"), [(each["dossier_id"], each["outcome"]) for each in told]
    )


@command(app, "stale")
def stale(
    session: Session,
    *,
    kind: Annotated[Kind, typer.Option(help="Why they want attention.")] = Kind.NOT_CONFIRMED,
    days: Annotated[int, typer.Option(help="Not confirmed for so many days; 0 means 365.")] = 0,
) -> None:
    """List the institution's dossiers that want attention, longest waiting first."""
    with session.directory() as directory:
        found = list(
            directory.list_stale_dossiers(StaleKind[kind.name], unconfirmed_days=days, page_size=1000)
        )
    if session.as_json:
        print_json({"dossiers": found, "complete": True})
        return
    print_stale(f"dossiers {kind.value}", found)


def _shape(
    every: bool,  # noqa: FBT001 - one of six ways to say what is meant
    capacity: int | None,
    phase: int | None,
    period: Period | None,
    cut: str,
    etag: str,
) -> shapes.Shape:
    match (every, capacity, phase, period, cut):
        case (True, None, None, None, ""):
            return shapes.All()
        case (False, None, None, Period(), ""):
            return shapes.Within(period)
        case (False, int(), None, None, ""):
            return shapes.InCapacity(capacity)
        case (False, int(), None, Period(), ""):
            return shapes.InCapacityWithin(capacity, period)
        case (False, int(), int(), None, ""):
            return shapes.InCapacityAndPhase(capacity, phase)
        case (False, None, None, Period(), str()):
            return shapes.Cut(cut, period, etag)
    raise ValueError("say what to remove in one of the six ways of --help")


def _print_change(session: Session, title: str, answer: Change) -> None:
    if session.as_json:
        print_json(answer)
        return
    print_dossiers(title, [answer.dossier])
    print_notes(answer.resolution, answer.warnings)
