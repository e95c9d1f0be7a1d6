"""Commands that keep the person search in order: keys, work list, frequencies of names."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Never

import typer

from kruispunt_server.commands import Config, Service, load, refuse

if TYPE_CHECKING:
    from kruispunt_identity.domain.national import NationalRegister
    from kruispunt_identity.matching.peppers import Peppers
    from kruispunt_identity.settings import IdentitySettings
    from kruispunt_identity.store.matching import MatchStore
    from kruispunt_identity.store.rebuild import KeyRebuild
    from kruispunt_identity.tables import IdentityTables
    from kruispunt_server.clock import Clock
    from kruispunt_server.database import Database

_DIFFERENT = 1
_INTERRUPTED = 128 + signal.SIGINT
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class OpenIdentity:
    """What commands work with.

    Attributes:
        database: migrated, open.
        tables: all of them.
        peppers: of the generations of keys.
        matches: keys and profiles.
        national: the national register, or one that knows nobody.
        clock: the machine's.
    """

    database: "Database"
    tables: "IdentityTables"
    peppers: "Peppers"
    matches: "MatchStore"
    national: "NationalRegister"
    clock: "Clock"


@contextmanager
def open_identity(settings: "IdentitySettings", clock: "Clock | None" = None) -> Iterator[OpenIdentity]:
    """Open identity's stores for a command, and close them after it.

    Statements may take longer than a caller would wait.

    Raises:
        MigrationError: the database is not at the head.
        PepperError: the peppers cannot be used.
        RegistryError: the database cannot be reached.
    """
    from kruispunt_identity.domain.national import NoNationalRegister
    from kruispunt_identity.matching.peppers import DerivedPeppers, FilePeppers
    from kruispunt_identity.national.file import SqliteNationalRegister
    from kruispunt_identity.store.matching import MatchStore
    from kruispunt_identity.tables import identity_tables
    from kruispunt_server import migrate
    from kruispunt_server.clock import SystemClock
    from kruispunt_server.database import Database
    from kruispunt_server.keys import Keys

    clock = clock or SystemClock()
    tables = identity_tables()
    peppers: Peppers = (
        FilePeppers(settings.pepper_file) if settings.pepper_file else DerivedPeppers(Keys(settings.secret()))
    )
    national: NationalRegister = (
        SqliteNationalRegister(settings.national_register_file)
        if settings.national_register_file
        else NoNationalRegister()
    )
    database = Database.open(
        settings.database_url,
        pool_size=2,
        busy_timeout_s=_PATIENCE_S,
        statement_timeout_s=max(_PATIENCE_S, settings.statement_timeout_s),
    )
    try:
        migrate.check_head(database, settings.service)
        matches = MatchStore(database, tables.matching, peppers, clock)
        yield OpenIdentity(database, tables, peppers, matches, national, clock)
    finally:
        database.close()


def add_search_commands(app: typer.Typer, service: Service) -> None:
    """Add the commands of the person search to the command line of the identity server."""

    @app.command("rebuild-keys")
    def rebuild_keys(
        *,
        rotate_pepper: Annotated[
            bool,
            typer.Option("--rotate-pepper", help="Write a new random pepper into `pepper_file` first."),
        ] = False,
        config: Config = None,
    ) -> None:
        """Compute the search keys of every person anew, while the registry serves; broken off, run it again."""
        with _working(service, config) as identity:
            _rebuild_keys(identity, rotate_pepper=rotate_pepper)

    @app.command("check-keys")
    def check_keys(
        sample: Annotated[int, typer.Option(min=1, help="Persons to look at, at random.")] = 1000,
        config: Config = None,
    ) -> None:
        """Compute the search keys of some persons anew and compare; leaves with 1 if some differ."""
        from kruispunt_identity.store.key_check import KeyCheck

        with _working(service, config) as identity:
            check = KeyCheck(identity.database, identity.tables, identity.matches, identity.national)
            outcome = check.run(sample)
            typer.echo(f"{outcome.persons} persons looked at, {outcome.different} differ")
            if outcome.different:
                typer.echo("rebuild-keys writes them anew", err=True)
                raise typer.Exit(_DIFFERENT)

    @app.command()
    def sweep(
        *,
        anew: Annotated[bool, typer.Option("--anew", help="Begin with the whole register.")] = False,
        own_only: Annotated[
            bool,
            typer.Option("--own-only", help="Do not start from persons of the national register."),
        ] = False,
        config: Config = None,
    ) -> None:
        """Search new and changed persons against the register; likely pairs go on the work list, none is merged."""
        with _working(service, config) as identity:
            _sweep(identity, anew=anew, own_only=own_only)

    @app.command("count-names")
    def count_names(config: Config = None) -> None:
        """Count how common names are, for the weight of rare ones; rebuild-keys and sweep do it too."""
        with _working(service, config) as identity:
            typer.echo(f"{_count_names(identity)} persons counted")


@contextmanager
def _working(service: Service, config: Path | None) -> Iterator[OpenIdentity]:
    """Open identity, and turn what goes wrong into a line and a code."""
    from kruispunt_identity.matching.peppers import PepperError
    from kruispunt_identity.settings import IdentitySettings
    from kruispunt_identity.store.match_generations import GenerationError
    from kruispunt_server import migrate
    from kruispunt_server.errors import RegistryError

    settings = load(service, config)
    assert isinstance(settings, IdentitySettings)
    try:
        with open_identity(settings) as identity:
            yield identity
    except (migrate.MigrationError, PepperError, GenerationError) as error:
        refuse("it cannot be done", [str(error)])
    except RegistryError as error:
        refuse("not everything was done; run it again", [error.message])
    except KeyboardInterrupt:
        _interrupted()


def _interrupted() -> Never:
    typer.echo("broken off; run it again to go on", err=True)
    raise typer.Exit(_INTERRUPTED) from None


def _rebuild_keys(identity: OpenIdentity, *, rotate_pepper: bool) -> None:
    from kruispunt_identity.store.rebuild import KeyRebuild

    rebuild = KeyRebuild(
        identity.database, identity.tables.matching, identity.matches.generations, identity.national
    )
    building, retired = rebuild.standing()
    if building is None and retired is not None:
        _purge(rebuild)
        typer.echo("an earlier rebuild is done now; run it again to rebuild anew")
        return
    if building is None:
        if rotate_pepper:
            _add_pepper(identity, rebuild.following())
        building = rebuild.begin()
    elif rotate_pepper:
        typer.echo("an earlier rebuild goes on; the pepper is the one it began with")
    with typer.progressbar(length=rebuild.persons(building.built_to), label="keys") as bar:
        for persons in rebuild.build(building):
            bar.update(persons)
    active = rebuild.switch()
    _count_names(identity)
    typer.echo(f"searches use generation {active.number} of the keys, rules version {active.rules_version}")
    _purge(rebuild)


def _add_pepper(identity: OpenIdentity, generation: int) -> None:
    from kruispunt_identity.matching.peppers import FilePeppers

    if not isinstance(identity.peppers, FilePeppers):
        refuse(
            "it cannot be done",
            ["pepper_file is not set; without it every generation has a pepper of its own anyway"],
        )
    identity.peppers.add_random(generation)


def _count_names(identity: OpenIdentity) -> int:
    """Count names beside whoever writes, and keep the counts; returns of how many persons."""
    from kruispunt_identity.store.match_frequencies import count_names, write_frequencies

    tables = identity.tables.matching
    with identity.database.reading() as connection:
        counts = count_names(connection, tables, identity.national)
    with identity.database.writing() as connection:
        write_frequencies(connection, tables, counts)
    return counts.persons


def _purge(rebuild: "KeyRebuild") -> None:
    with typer.progressbar(length=rebuild.persons(), label="old keys") as bar:
        for persons in rebuild.purge():
            bar.update(persons)


def _sweep(identity: OpenIdentity, *, anew: bool, own_only: bool) -> None:
    from kruispunt_identity.matching.score import Matcher
    from kruispunt_identity.matching.weights import shipped_weights
    from kruispunt_identity.store.decisions import DecisionStore
    from kruispunt_identity.store.match_frequencies import load_frequencies
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_identity.store.person_search import PersonSearch
    from kruispunt_identity.store.sweep import Sweep

    _count_names(identity)
    with identity.database.reading() as connection:
        frequencies = load_frequencies(connection, identity.tables.matching)
    sweep = Sweep(
        identity.database,
        identity.tables,
        identity.matches,
        PersonSearch(identity.matches, Matcher(shipped_weights(), frequencies), identity.national),
        DecisionStore(identity.database, identity.tables, NumberStore(identity.database, identity.tables)),
        identity.national,
        identity.clock,
        own_only=own_only,
    )
    if anew:
        sweep.start_anew()
    persons = pairs = 0
    with typer.progressbar(length=sweep.waiting(), label="persons") as bar:
        for swept in sweep.run():
            persons, pairs = persons + swept.persons, pairs + swept.pairs
            bar.update(swept.persons)
    typer.echo(f"{persons} persons searched, a likely pair met {pairs} times, none merged")
