"""What all commands share: where the registry is, who asks, why, and how the answer is shown."""

import inspect
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kruispunt.errors import KruispuntError, ProfileError
from kruispunt.profiles import Profile, load_profile

if TYPE_CHECKING:
    from kruispunt import DirectoryClient, IdentityClient, KnowledgeClient

_CONNECTION = "Connection"
_PURPOSE = "Purpose"

ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", help="Profile of that name.", envvar="KRUISPUNT_PROFILE", rich_help_panel=_CONNECTION
    ),
]
Endpoint = Annotated[
    str, typer.Option("--endpoint", help="host:port, before the profile's.", rich_help_panel=_CONNECTION)
]
Authority = Annotated[
    Path | None,
    typer.Option("--ca", help="Certificates of trusted authorities, PEM.", rich_help_panel=_CONNECTION),
]
Certificate = Annotated[
    Path | None, typer.Option("--cert", help="The caller's certificate, PEM.", rich_help_panel=_CONNECTION)
]
Key = Annotated[Path | None, typer.Option("--key", help="Its private key, PEM.", rich_help_panel=_CONNECTION)]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds for each call.", min=0.01, rich_help_panel=_CONNECTION)
]


def _filled(text: str) -> str:
    """Refuse an empty text, in place of which the profile's would be taken unnoticed."""
    if not text:
        raise typer.BadParameter("it is empty; leave the option out to take the profile's")
    return text


def _part(name: str, text: str) -> Any:
    return typer.Option(name, parser=_filled, metavar="TEXT", help=text, rich_help_panel=_PURPOSE)


LegalBasis = Annotated[str | None, _part("--legal-basis", "Deliberation that is relied on.")]
EndUser = Annotated[str | None, _part("--end-user", "Person or program at the institution.")]
Case = Annotated[str | None, _part("--case", "File at the institution.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The options common to all commands, as given; empty: as the profile says."""

    profile_name: ProfileName = ""
    endpoint: Endpoint = ""
    ca: Authority = None
    cert: Certificate = None
    key: Key = None
    timeout_s: Timeout = 5.0
    legal_basis: LegalBasis = None
    end_user: EndUser = None
    case: Case = None
    as_json: Json = False

    def profile(self) -> Profile:
        """Return the profile with what was given on the command line in place of its own.

        Raises:
            ProfileError: neither a profile nor an endpoint.
        """
        if self.endpoint and not self.profile_name:
            base = Profile("command line", self.endpoint)
        else:
            base = load_profile(self.profile_name or "default")
        given: dict[str, Any] = {
            "endpoint": self.endpoint,
            "ca": self.ca,
            "certificate": self.cert,
            "key": self.key,
        }
        return replace(base, **{name: value for name, value in given.items() if value})

    def stated_legal_basis(self) -> str:
        """Return the legal basis given, or else the profile's."""
        return self.legal_basis or self.profile().legal_basis

    def directory(self, timeout_s: float | None = None) -> "DirectoryClient":
        """Connect to the directory."""
        from kruispunt import DirectoryClient

        profile = self.profile()
        purpose = profile.purpose(
            legal_basis=self.legal_basis or "", end_user=self.end_user or "", case=self.case or ""
        )
        return DirectoryClient.from_profile(profile, purpose=purpose, timeout_s=timeout_s or self.timeout_s)

    def identity(self) -> "IdentityClient":
        """Connect to identity; `--endpoint` is that of identity then."""
        from kruispunt import IdentityClient

        profile = self.profile()
        if self.endpoint:
            profile = replace(profile, identity_endpoint=self.endpoint)
        purpose = profile.purpose(
            legal_basis=self.legal_basis or "", end_user=self.end_user or "", case=self.case or ""
        )
        return IdentityClient.from_profile(profile, purpose=purpose, timeout_s=self.timeout_s)

    def knowledge(self) -> "KnowledgeClient":
        """Connect to the code tables."""
        from kruispunt import KnowledgeClient

        return KnowledgeClient.from_profile(self.profile(), timeout_s=self.timeout_s)


def command(
    app: typer.Typer, name: str, summary: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter is the session; the common options are added.

    A parameter whose type is a dataclass stands for the options that are its fields.
    `summary` stands in the list of commands where the first sentence would be cut there.
    Refusals and wrong use become a message on stderr and the exit status.
    """

    def add(function: Callable[..., None]) -> Callable[..., None]:
        _, *declared = inspect.signature(function).parameters.values()
        groups: dict[str, Any] = {
            each.name: each.annotation for each in declared if is_dataclass(each.annotation)
        }
        fields = {group: _fields(kind) for group, kind in groups.items()}
        own = [each for one in declared for each in fields.get(one.name, [one])]
        common = _fields(Session)

        def run(**given: Any) -> None:
            session = Session(**{each.name: given.pop(each.name) for each in common})
            for group, kind in groups.items():
                given[group] = kind(**{each.name: given.pop(each.name) for each in fields[group]})
            dry = bool(given.get("validate_only")) and not session.as_json
            _guarded(session, lambda: function(session, **given), dry=dry)

        run.__doc__ = function.__doc__
        run.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {each.name: each.annotation for each in (*own, *common)}
        app.command(name, short_help=summary)(run)
        return function

    return add


def _fields(kind: type) -> list[inspect.Parameter]:
    return list(inspect.signature(kind).parameters.values())


def _guarded(session: Session, work: Callable[[], None], *, dry: bool) -> None:
    try:
        try:
            work()
        except typer.Exit:
            _say_if(dry=dry)
            raise
        _say_if(dry=dry)
        sys.stdout.flush()
    except KruispuntError as refusal:
        _tell(session, refusal)
        raise typer.Exit(1) from None
    except (ProfileError, ValueError) as error:
        tell_wrong_use(str(error), as_json=session.as_json)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        # Whoever read has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _say_if(*, dry: bool) -> None:
    """Say that what was just told did not happen."""
    if dry:
        sys.stdout.write("checked only; nothing was written\n")


def tell_wrong_use(message: str, *, as_json: bool) -> None:
    """Say on stderr what is wrong with the command line; in JSON in the form of a refusal, without reason."""
    if as_json:
        typer.echo(json.dumps({"error": _facts(KruispuntError(message))}, ensure_ascii=False), err=True)
        return
    typer.echo(f"wrong use: {message}", err=True)


def _tell(session: Session, refusal: KruispuntError) -> None:
    facts = _facts(refusal)
    if session.as_json:
        typer.echo(json.dumps({"error": facts}, ensure_ascii=False), err=True)
        return
    typer.echo(f"{'refused' if refusal.reason else 'failed'}: {refusal.message}", err=True)
    further = {key: value for key, value in refusal.metadata.items() if key not in ("field", "incident")}
    told = {name: facts[name] for name in ("reason", "field")} | further
    told |= {name: facts[name] for name in ("status", "retry_after_s", "incident_id")}
    for name, value in told.items():
        if value not in ("", None):
            typer.echo(f"  {name}: {value}", err=True)


def _facts(refusal: KruispuntError) -> dict[str, Any]:
    return {
        "reason": refusal.reason,
        "message": refusal.message,
        "field": refusal.field,
        "status": refusal.status,
        "metadata": refusal.metadata,
        "retry_after_s": refusal.retry_after_s,
        "incident_id": refusal.incident_id,
    }
