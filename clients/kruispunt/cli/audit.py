"""`kruispunt audit`: what proves that the journal was not altered."""

import importlib.metadata
from typing import Annotated, Any

import typer

from kruispunt.cli.session import tell_wrong_use

app = typer.Typer(help="Prove what the journal says.", no_args_is_help=True)

_ON_THE_DATABASE: Any = {"allow_extra_args": True, "ignore_unknown_options": True}
ServiceName = Annotated[str, typer.Option("--service", help="Whose journal: identity or directory.")]


@app.callback()
def audit() -> None:
    """Prove what the journal says."""


@app.command(context_settings=_ON_THE_DATABASE)
def verify(context: typer.Context, service: ServiceName) -> None:
    """Read the logs of a service on its database, and say where they are not what was sealed; for operators.

    Further options are those of `kruispunt identity audit verify`: --config, --key, --heads, --json.
    """
    _run_on_database(service, "verify", context.args)


@app.command(context_settings=_ON_THE_DATABASE)
def erase(context: typer.Context, service: ServiceName) -> None:
    """Make what the change log of a service says of a person unreadable for ever; for operators.

    Further options are those of `kruispunt identity audit erase`: --ssin, --config, --json.
    """
    _run_on_database(service, "erase", context.args)


def _run_on_database(service: str, command: str, arguments: list[str]) -> None:
    """Run the server's own command, where the servers are installed."""
    entries = importlib.metadata.entry_points(group="kruispunt.commands")
    entry = next((each for each in entries if each.name == service), None)
    if entry is None or service not in ("identity", "directory"):
        tell_wrong_use("--service is identity or directory", as_json=False)
        raise typer.Exit(2)
    try:
        tree: Any = typer.main.get_command(entry.load())
    except ModuleNotFoundError:
        tell_wrong_use("this needs: pip install 'kruispunt[server]'", as_json=False)
        raise typer.Exit(2) from None
    status = tree.main(
        ["audit", command, *arguments], prog_name=f"kruispunt {service}", standalone_mode=False
    )
    raise typer.Exit(status if isinstance(status, int) else 0)
