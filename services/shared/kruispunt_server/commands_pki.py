"""`kruispunt pki`: an authority of your own for development and tests, and looking at certificates of any."""

import datetime as dt
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Never

import typer

from kruispunt.rights_file import RightsFileError, read_rights
from kruispunt_server import pki
from kruispunt_server.access.amending import AmendError, with_revoked
from kruispunt_server.access.forms import IDENTIFIER, IDENTIFIER_SAYS, URI, URI_SAYS

app = typer.Typer(
    help="Make, renew and revoke certificates. The authority is for development and tests only: in production the "
    "operator's own issues them; `show` and `revoke` take certificates of any.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_AUTHORITY = "ca.crt", "ca.key"

Folder = Annotated[
    Path, typer.Option("--folder", help="Where the authority is: ca.crt and ca.key.", show_default=True)
]
Certificate = Annotated[Path, typer.Argument(metavar="CERT", help="The certificate, PEM.")]
_FOLDER = Path("pki")


@app.command()
def init(
    folder: Folder = _FOLDER,
    name: Annotated[str, typer.Option("--name", help="Its common name.")] = "Kruispunt development authority",
) -> None:
    """Make an authority; one that is there already stays."""
    there = [(folder / each).exists() for each in _AUTHORITY]
    if any(there) and not all(there):
        _refuse(f"{folder} holds half an authority: remove what there is of {' and '.join(_AUTHORITY)}")
    pair = pki.make_authority(folder, name=name)
    typer.echo(f"{pair.certificate}: {'stays' if all(there) else 'made'}, valid until {_end(pair)}")


@app.command()
def server(
    folder: Folder = _FOLDER,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="DNS name or IP address; several. Left out: loopback.")
    ] = None,
) -> None:
    """Issue the server's certificate and key, server.crt and server.key; what is there is replaced, and read live."""
    pair = _made(partial(pki.issue_server, folder, hosts=host or pki.LOOPBACK))
    typer.echo(f"{pair.certificate}: made, valid until {_end(pair)}")


@app.command()
def issue(
    participant: Annotated[
        str, typer.Argument(metavar="[PARTICIPANT]", help="Its name. Left out, with --rights: every one.")
    ] = "",
    uri: Annotated[list[str] | None, typer.Option("--uri", help="URI name; several.")] = None,
    rights: Annotated[
        Path | None, typer.Option("--rights", help="Rights file in which the participants' URIs stand.")
    ] = None,
    folder: Folder = _FOLDER,
) -> None:
    """Issue clients/PARTICIPANT.crt and .key; what is there stays: `renew` replaces it."""
    if bool(uri) == bool(rights):
        raise typer.BadParameter("either --uri or --rights says which names it bears")
    if uri and not participant:
        raise typer.BadParameter("with --uri the participant is named")
    if rights is not None:
        clients = _participants(rights)
        if participant:
            if participant not in clients:
                _refuse(f"{rights} has no participant {participant}")
            clients = {participant: clients[participant]}
    else:
        clients = {participant: uri or []}
    for name, uris in clients.items():
        _check_names(name, uris)
    for name, uris in clients.items():
        pair = pki.Pair(folder / "clients" / f"{name}.crt", folder / "clients" / f"{name}.key")
        stays = pair.certificate.exists() or pair.key.exists()
        if stays:
            bears = _described(pair.certificate)[0].uris
            if sorted(bears) != sorted(uris):
                _refuse(f"{pair.certificate} is there already, with other names; move it away first")
        else:
            _made(partial(pki.issue_client, folder, name, uris))
        typer.echo(f"{pair.certificate}: {'stays' if stays else 'made'}, valid until {_end(pair)}")


@app.command()
def renew(certificate: Certificate, folder: Folder = _FOLDER) -> None:
    """Replace a certificate and its key by new ones with the same names.

    Clients and servers read them without a restart. The old certificate is kept and counts until its end: revoke it
    once everybody uses the new one.
    """
    try:
        pair, kept = pki.renew(folder, certificate)
    except pki.PkiError as error:
        _refuse(str(error))
    old = _described(kept)[0]
    typer.echo(f"{pair.certificate}: renewed, valid until {_end(pair)}")
    typer.echo(f"{kept}: the old one, valid until {old.end:%Y-%m-%d}; kruispunt pki revoke {kept}")


@app.command()
def revoke(
    certificate: Certificate,
    rights: Annotated[
        Path | None,
        typer.Option("--rights", help="Rights file to add it to. Left out: only say what to add."),
    ] = None,
) -> None:
    """Say what to add to the rights file so that a certificate counts no longer, or add it there.

    Nothing is revoked until the file is applied with `kruispunt access apply`.
    """
    found = _described(certificate)[0]
    if rights is None:
        typer.echo(f"names: {', '.join(found.uris) or 'none'}")
        typer.echo("add to the entry of that participant in the rights file, and apply the file:")
        typer.echo(f"    revoked_certificates: [{found.fingerprint}]")
        return
    holders = [name for name, uris in _participants(rights).items() if not set(uris).isdisjoint(found.uris)]
    if len(holders) != 1:
        _refuse(
            f"{rights}: the certificate names {len(holders)} participants; {found.fingerprint} was not added"
        )
    try:
        text = rights.read_bytes().decode()  # ends of lines stay as they are
        amended = with_revoked(text, holders[0], found.fingerprint)
    except AmendError as error:
        _refuse(
            f"{rights}: {error}; add {found.fingerprint} to revoked_certificates of {holders[0]} yourself"
        )
    if amended == text:
        typer.echo(f"{rights}: {holders[0]} has it already")
        return
    pki.replace_file(rights, amended.encode(), rights.stat().st_mode & 0o777)
    typer.echo(f"{rights}: added to {holders[0]}; nothing is revoked until: kruispunt access apply {rights}")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Certificates, PEM.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Say what certificates say: names, days, SHA-256."""
    found = _described(file)
    if as_json:
        rows = [
            {
                "common_name": one.common_name,
                "issuer": one.issuer,
                "uris": one.uris,
                "hosts": one.hosts,
                "begin": one.begin.isoformat(),
                "end": one.end.isoformat(),
                "fingerprint": one.fingerprint,
            }
            for one in found
        ]
        typer.echo(json.dumps({"certificates": rows}, ensure_ascii=False))
        return
    for one in found:
        now = dt.datetime.now(dt.UTC)
        state = (
            "not yet"
            if now < one.begin
            else "expired"
            if now > one.end
            else f"{(one.end - now).days} days left"
        )
        for name, value in (
            ("common name", one.common_name),
            ("issuer", one.issuer),
            ("uris", ", ".join(one.uris) or "none: it names no participant"),
            ("hosts", ", ".join(one.hosts)),
            ("valid", f"{one.begin:%Y-%m-%d %H:%M}Z to {one.end:%Y-%m-%d %H:%M}Z, {state}"),
            ("sha256", one.fingerprint),
        ):
            if value:
                typer.echo(f"{name:12} {value}")


def _check_names(name: str, uris: list[str]) -> None:
    if not IDENTIFIER(name):
        raise typer.BadParameter(f"a participant is named by {IDENTIFIER_SAYS}")
    if not uris or not all(map(URI, uris)):
        raise typer.BadParameter(f"{name}: a name is {URI_SAYS}")


def _participants(file: Path) -> dict[str, list[str]]:
    try:
        message = read_rights(file).message
    except RightsFileError as error:
        _refuse(
            "\n  ".join([f"{file} cannot be used:", *(f"{line}: {fault}" for line, fault in error.faults)])
        )
    return {one.participant_id: list(one.uris) for one in message.participants}


def _described(file: Path) -> list[pki.Described]:
    try:
        return pki.describe(file)
    except pki.PkiError as error:
        _refuse(str(error))


def _made(make: Callable[[], pki.Pair]) -> pki.Pair:
    try:
        return make()
    except pki.PkiError as error:
        _refuse(str(error))


def _end(pair: pki.Pair) -> str:
    return f"{_described(pair.certificate)[0].end:%Y-%m-%d}"


def _refuse(sentence: str) -> Never:
    typer.echo(f"refused: {sentence}", err=True)
    raise typer.Exit(1)
