"""What an operator takes out of the journal, and who may: `audit erase`, `audit retain`, `audit grant`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from kruispunt.ssin import Ssin, SsinError
from kruispunt_server.commands import Config, Service, load, refuse

if TYPE_CHECKING:
    from kruispunt_server.audit.erasing import Eraser, Erasure
    from kruispunt_server.database import Database
    from kruispunt_server.settings import ServerSettings

_NOT_YET = 1
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def add_keeping(app: typer.Typer, service: Service) -> None:
    """Add the commands to those of `audit`."""
    _add_erase(app, service)
    _add_retain(app, service)
    _add_grant(app, service)


def _add_erase(app: typer.Typer, service: Service) -> None:
    @app.command()
    def erase(
        *,
        ssin: Annotated[list[str], typer.Option(help="A number of the person; may be repeated.")],
        all_numbers: Annotated[
            bool, typer.Option("--all-numbers", help="Every number that leads to the same one, too.")
        ] = False,
        only_these: Annotated[
            bool, typer.Option("--only-these", help="These numbers alone, though the person has others.")
        ] = False,
        config: Config = None,
        as_json: Json = False,
    ) -> None:
        """Make what the change log says of a person unreadable for ever; the log still verifies.

        Whoever has numbers beside those given is erased only when you say which are meant.
        Exit status: 0 no file of the database holds the keys any more, 1 somebody still reads a state with them:
        run it again. Back-ups that were made before still hold them.
        """
        from kruispunt_server.commands_audit import opened

        if all_numbers and only_these:
            refuse("nothing was erased", ["either --all-numbers or --only-these"])
        given = _persons(ssin)
        settings = load(service, config)
        with opened(service, settings) as database:
            if database.pooled:
                refuse(
                    "nothing was erased",
                    ["the keys' table is written anew: give the address of PostgreSQL itself"],
                )
            numbers = given if only_these else _all_of(service, database, given, said=all_numbers)
            erasure = _eraser(service, settings, database).erase(sorted(map(int, numbers)))
        _say_erased(len(numbers), erasure, as_json=as_json)
        raise typer.Exit(0 if erasure.gone else _NOT_YET)


def _add_retain(app: typer.Typer, service: Service) -> None:
    @app.command()
    def retain(*, config: Config = None, as_json: Json = False) -> None:
        """Delete what need no longer be kept, as the `…_retention_days` say; hashes and heads stay.

        Broken off, run it again.
        """
        from kruispunt_server.audit.retaining import Retainer, Retention
        from kruispunt_server.clock import SystemClock
        from kruispunt_server.commands_audit import opened

        settings = load(service, config)
        retention = Retention(
            settings.access_retention_days, settings.change_retention_days, settings.request_retention_days
        )
        with opened(service, settings) as database:
            retained = Retainer(database, service.tables(), SystemClock()).retain(retention)
            further = service.let_go(settings, database) if service.let_go is not None else {}
        if as_json:
            deleted = retained.deleted | {name: each.deleted for name, each in further.items()}
            held_back = {name: each.held_back for name, each in further.items()}
            typer.echo(
                json.dumps({"kept_from": retained.kept_from, "deleted": deleted, "held_back": held_back})
            )
            return
        for log, first in retained.kept_from.items():
            typer.echo(f"{log}: kept from position {first} on, {retained.deleted[log]} records deleted now")
        typer.echo(f"{retained.deleted['requests']} stored answers deleted")
        for name, each in further.items():
            typer.echo(f"{each.deleted} {name} deleted, {each.held_back} old ones kept: {each.because}")


def _add_grant(app: typer.Typer, service: Service) -> None:
    @app.command()
    def grant(
        *,
        role: Annotated[str, typer.Option(help="An existing PostgreSQL role, which the server connects as.")],
        config: Config = None,
        only_print: Annotated[
            bool, typer.Option("--print", help="Print the statements in place of running them.")
        ] = False,
    ) -> None:
        """Let a PostgreSQL role serve, and not rewrite the journal; as the owner, after every migration."""
        import sqlalchemy as sa

        from kruispunt_server.audit.granting import grant as grant_all
        from kruispunt_server.audit.granting import granting
        from kruispunt_server.commands_audit import opened

        if only_print:
            typer.echo("\n".join(f"{statement};" for statement in granting(service.tables(), role)))
            return
        with opened(service, load(service, config)) as database:
            if database.dialect != "postgresql":
                refuse("nothing was granted", ["SQLite has no roles"])
            try:
                grant_all(database, service.tables(), role)
            except sa.exc.ProgrammingError:
                refuse("nothing was granted", ["there is no such role, or database_url is not of the owner"])
        typer.echo(f"{role} may serve {service.name}")


def _say_erased(numbers: int, erasure: "Erasure", *, as_json: bool) -> None:
    if as_json:
        said = {"numbers": numbers, "keys_destroyed": erasure.destroyed, "gone_from_files": erasure.gone}
        typer.echo(json.dumps(said))
        return
    typer.echo(f"{numbers} numbers, {erasure.destroyed} keys destroyed")
    typer.echo(
        "no file of the database holds them any more"
        if erasure.gone
        else "somebody still reads a state with them: run this again"
    )


def _persons(numbers: list[str]) -> set[Ssin]:
    try:
        return {Ssin.parse(number) for number in numbers}
    except SsinError:
        refuse("nothing was erased", ["--ssin: not the number of a person"])


def _all_of(service: Service, database: "Database", given: set[Ssin], *, said: bool) -> set[Ssin]:
    """Return every number of the persons, or refuse: others than those given are erased only if that was said."""
    numbers = service.numbers_of(database, sorted(given))
    if numbers != given and not said:
        others = len(numbers - given)
        refuse(
            "nothing was erased",
            [
                f"numbers that were not given lead to the same person: {others}",
                "--all-numbers erases them too, --only-these leaves them",
            ],
        )
    return numbers


def _eraser(service: Service, settings: "ServerSettings", database: "Database") -> "Eraser":
    from kruispunt_server.audit.erasing import Eraser
    from kruispunt_server.clock import SystemClock
    from kruispunt_server.keys import Keys, Pseudonyms
    from kruispunt_server.subject_keys import SubjectKeys

    keys, tables, clock = Keys(settings.secret()), service.tables(), SystemClock()
    subject_keys = SubjectKeys(database, tables, keys.derive("subject-key"), clock)
    return Eraser(database, tables, Pseudonyms(keys.derive("pseudonym")), subject_keys, clock)
