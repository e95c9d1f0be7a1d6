"""The command's tree."""

import functools
import importlib.metadata
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from kruispunt.cli import (
    access,
    asking,
    audit,
    conformance,
    dossier_bulk,
    dossiers,
    knowledge,
    numbers,
    person_bulk,
    person_changes,
    person_numbers,
    person_protection,
    persons,
    rehearsing,
    sandbox,
    watching,
)
from kruispunt.cli.output import print_line
from kruispunt.cli.session import tell_wrong_use

_HELP = """Kruispunt: who a person is, who holds a dossier on them, and by which route may data be got.

Exit status: 0 done, and a route that is refused is an answer too; 1 refused or failed; 2 wrong use.
With --json an error is one JSON object on stderr, whichever it is."""
_SERVERS = "kruispunt.commands"  # entry points: what is offered besides, where the servers are installed
_OTHERS = {
    "pki": "Make, renew and revoke certificates, for development and tests.",
    "stub": "Serve a registry in memory, for tests.",
}
_EXTRAS = {"stub": "cli,testing"}  # what those commands need that are no server's
# Of typer's click, which is its own from some version on.
_UsageError: Any = typer.BadParameter.__base__


class _Tree(TyperGroup):
    """The commands, and those of the servers; with --json what is wrong with a command line is told as JSON too."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands; those of the servers last."""
        return [*super().list_commands(ctx), *sorted(_servers())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; one of a server is loaded when it is called, not when it is listed."""
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name not in _servers():
            return found
        if self._listing:
            return TyperCommand(cmd_name, help=_OTHERS.get(cmd_name, f"Run and keep the {cmd_name} server."))
        return _load(_servers()[cmd_name])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands in the help."""
        self._listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._listing = False

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - as the class has it
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - as the class has it
        **extra: Any,
    ) -> Any:
        """Run a command line; as the class does, but for `--json`."""
        extra |= {"complete_var": complete_var, "windows_expand_args": windows_expand_args}
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode or "--json" not in given:
            return super().main(given, prog_name, standalone_mode=standalone_mode, **extra)
        try:
            status = super().main(given, prog_name, standalone_mode=False, **extra)
        except _UsageError as error:
            tell_wrong_use(error.format_message(), as_json=True)
            sys.exit(2)
        sys.exit(status if isinstance(status, int) else 0)


@functools.cache
def _servers() -> dict[str, importlib.metadata.EntryPoint]:
    return {each.name: each for each in importlib.metadata.entry_points(group=_SERVERS)}


def _load(entry: importlib.metadata.EntryPoint) -> Any:
    """Return the command of a server; without the extra that it needs, say so and leave with 2."""
    try:
        return typer.main.get_command(entry.load())
    except ModuleNotFoundError:
        tell_wrong_use(
            f"`kruispunt {entry.name}` needs: pip install 'kruispunt[{_EXTRAS.get(entry.name, 'server')}]'",
            as_json=False,
        )
        raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Tree,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's signature
    if asked:
        print_line(f"kruispunt {importlib.metadata.version('kruispunt')}")
        raise typer.Exit


@app.callback(help=_HELP)
def kruispunt(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


_PERSON_COMMANDS = (
    person_bulk,
    person_changes,
    person_numbers,
    person_protection,
)  # add themselves to the group of `persons`
_DOSSIER_COMMANDS = (dossier_bulk,)  # and of `dossiers`

asking.add_to(app)
watching.add_to(app)
rehearsing.add_to(app)
app.command("conformance")(conformance.conformance)
for name, part in (
    ("access", access.app),
    ("audit", audit.app),
    ("dossier", dossiers.app),
    ("knowledge", knowledge.app),
    ("person", persons.app),
    ("sandbox", sandbox.app),
    ("ssin", numbers.app),
    ("watch", watching.app),
):
    app.add_typer(part, name=name)
