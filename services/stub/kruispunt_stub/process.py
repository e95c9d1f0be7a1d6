"""`kruispunt stub`: a registry in memory as a process, for systems in other languages."""

import datetime as dt
import json
import os
import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt_stub import covered
from kruispunt_stub.control import ControlPort
from kruispunt_stub.doors import TlsFiles
from kruispunt_stub.registry import Registry

app = typer.Typer(
    help="Serve a registry in memory, for tests: the real rules, no database, gone when it ends.",
    add_completion=False,
)

Participants = Annotated[
    list[str] | None,
    typer.Option("--participant", help="Open ports for this participant; again for more. Left out: for all."),
]
Rights = Annotated[Path | None, typer.Option(help="Rights file; left out: the sandbox's.", exists=True)]
Population = Annotated[int, typer.Option(help="Persons of the synthetic population.", min=0, max=100_000)]
Clock = Annotated[
    str, typer.Option(help="Where the clock stands, such as 2026-03-02T12:00:00+01:00; left out: now.")
]
PortFile = Annotated[
    Path | None, typer.Option(help="Written when it serves: endpoints of each participant, as JSON.")
]
Profiles = Annotated[
    Path | None,
    typer.Option(help="Written when it serves: a profile for each participant, as the client reads them."),
]
Certificate = Annotated[
    Path | None, typer.Option(help="Certificate of the stub, PEM: mutual TLS.", exists=True)
]
Key = Annotated[Path | None, typer.Option(help="Its private key, PEM.", exists=True)]
Authority = Annotated[Path | None, typer.Option(help="Authority of its callers, PEM.", exists=True)]
Methods = Annotated[
    bool, typer.Option("--methods", help="List the methods, and whether the stub has them; then leave.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


@app.callback(invoke_without_command=True)
def stub(
    *,
    participant: Participants = None,
    rights: Rights = None,
    population: Population = 0,
    clock: Clock = "",
    port_file: PortFile = None,
    profiles: Profiles = None,
    certificate: Certificate = None,
    key: Key = None,
    authority: Authority = None,
    methods: Methods = False,
    as_json: Json = False,
) -> None:
    """Serve until a signal comes; on loopback only."""
    if methods:
        _print_methods(as_json=as_json)
        return
    now = _instant(clock)
    asked_to_end = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: asked_to_end.set())
    tls = _tls(certificate, key, authority)
    with Registry(rights=rights, people=population, now=now, tls=tls) as registry:
        control = ControlPort(registry)
        try:
            served = _open(registry, participant or registry.participants())
        except LookupError as error:
            raise typer.BadParameter(str(error)) from None
        told = {"control": control.address, "now": registry.clock.now().isoformat(), "participants": served}
        if profiles is not None:
            _write(profiles, _profiles_text(served))
        if port_file is not None:
            _write(port_file, json.dumps(told, indent=2) + "\n")
        _tell(told, as_json=as_json)
        asked_to_end.wait()
        control.close()


def _open(registry: Registry, names: list[str]) -> dict[str, dict[str, str]]:
    return {
        name: {
            "identity": registry.identity_endpoint(name),
            "directory": registry.directory_endpoint(name),
        }
        for name in names
    }


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    print_table(
        "A registry in memory",
        ["participant", "identity", "directory"],
        [(name, one["identity"], one["directory"]) for name, one in told["participants"].items()],
    )
    print_line(f"Control at http://{told['control']}; the clock stands at {told['now']}. Ctrl-C to stop.")


def _print_methods(*, as_json: bool) -> None:
    found = covered.methods()
    if as_json:
        print_json(found)
        return
    print_table(
        "Methods of the contract",
        ["method", "stub"],
        [(name, "yes" if has else "UNIMPLEMENTED") for name, has in found.items()],
    )


def _profiles_text(served: dict[str, dict[str, str]]) -> str:
    return "\n".join(
        f'[{name}]\nendpoint = "{one["directory"]}"\nidentity_endpoint = "{one["identity"]}"\n'
        'legal_basis = "SANDBOX"\nend_user = "test"\ncase = "test"\n'
        for name, one in served.items()
    )


def _write(path: Path, text: str) -> None:
    """Write a file as a whole: who waits for it to be there reads all of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _instant(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("no instant of ISO 8601", param_hint="--clock") from None
    if instant.tzinfo is None:
        raise typer.BadParameter("an instant needs its zone, such as +01:00", param_hint="--clock")
    return instant


def _tls(certificate: Path | None, key: Path | None, authority: Path | None) -> TlsFiles | None:
    if not (certificate or key or authority):
        return None
    if not (certificate and key and authority):
        raise typer.BadParameter("certificate, key and authority belong together")
    return TlsFiles(certificate, key, authority)
