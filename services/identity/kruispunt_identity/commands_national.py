"""The command that fills the national register's stand-in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kruispunt_server.commands import Config, Service, load, refuse

if TYPE_CHECKING:
    from kruispunt_identity.settings import IdentitySettings
    from kruispunt_server.database import Database


def add_national_commands(app: typer.Typer, service: Service) -> None:
    """Add `load-national` to the command line of the identity server."""

    @app.command("load-national")
    def load_national(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, a person each.")],
        config: Config = None,
    ) -> None:
        """Make the national register's stand-in hold exactly the persons of FILE, all or none."""
        _load_national(file, config, service)


def _load_national(file: Path, config: Path | None, service: Service) -> None:
    from kruispunt_identity.matching.peppers import PepperError
    from kruispunt_identity.national.file import NationalFileError
    from kruispunt_identity.settings import IdentitySettings
    from kruispunt_server import migrate
    from kruispunt_server.database import Database
    from kruispunt_server.errors import RegistryError

    settings = load(service, config)
    assert isinstance(settings, IdentitySettings)
    path = settings.national_register_file
    if path is None:
        refuse("nothing was changed", ["national_register_file is not set"])
    database = Database.open(settings.database_url)
    try:
        migrate.check_head(database, service.name)
        count = _loaded(database, settings, path, file)
    except (migrate.MigrationError, NationalFileError, PepperError) as error:
        refuse("nothing was changed", [str(error)])
    except RegistryError as error:
        refuse("not everything was written; run it again", [error.message])
    except (OSError, UnicodeDecodeError):
        refuse("nothing was changed", ["the file cannot be read or written"])
    finally:
        database.close()
    typer.echo(f"{count} persons in the national register's stand-in")


def _loaded(database: "Database", settings: "IdentitySettings", path: Path, file: Path) -> int:
    from kruispunt_identity.matching.peppers import DerivedPeppers, FilePeppers
    from kruispunt_identity.national.loading import NationalLoader
    from kruispunt_identity.store.matching import MatchStore
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_identity.tables import identity_tables
    from kruispunt_server.keys import Keys

    tables = identity_tables()
    peppers = (
        FilePeppers(settings.pepper_file) if settings.pepper_file else DerivedPeppers(Keys(settings.secret()))
    )
    match_store = MatchStore(database, tables.matching, peppers)
    loader = NationalLoader(database, NumberStore(database, tables), match_store)
    with file.open(encoding="utf-8") as lines:
        return loader.load(path, lines, _show)


def _show(done: int, count: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {count}" + ("\n" if done == count else ""))
        sys.stderr.flush()
