"""Write the parts of the documentation that the code knows best, or check that they are fresh.

`docs/errors.md` and `docs/reference/` are written whole; elsewhere what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""

import argparse
import pathlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.write_client_reference import client_reference
from tools.write_reference import reference

from kruispunt.errors import BY_REASON
from kruispunt_directory import policies as directory
from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity import policies as identity
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.access.dossiers import KEPT, Keeping
from kruispunt_server.access.servicer import POLICIES as PARTICIPANT_SERVICE
from kruispunt_server.audit.servicer import POLICIES as AUDIT_SERVICE
from kruispunt_server.edge import Policy
from kruispunt_server.events import EVENTS
from kruispunt_server.rehearsal.servicer import POLICIES as REHEARSAL_SERVICE
from kruispunt_server.settings import ServerSettings
from kruispunt_stub import covered

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "protos/kruispunt/common/v1/error_reason.proto"

_REASON = re.compile(r"(?P<comment>(?:^  //.*\n)+)  ERROR_REASON_(?P<name>[A-Z_]+) = [1-9]\d*;", re.MULTILINE)
_COMMENT = re.compile(r"(?P<status>[A-Z_]+)\. (?P<meaning>.+?)  Example: `(?P<example>.+)`\.", re.DOTALL)

# What the caller does about it.
ADVICE = {
    "MESSAGE_MALFORMED": "Generate the client from the published protos anew; do not repeat the call.",
    "FIELD_REQUIRED": "Fill the field.",
    "FIELD_INVALID": "Look up the field's range and format in the proto.",
    "NUMBER_MALFORMED": "Ask for the number again; `fault` is digits, month, sequence or check.",
    "DATE_INVALID": "Send a whole calendar day; leave an absent date out instead of sending zeros.",
    "PERIOD_INVERTED": "`end` is the day after the last: a period of one day ends on the next day.",
    "PAGE_TOKEN_INVALID": "Repeat the list from its first page, with unchanged criteria.",
    "REQUEST_ID_REUSED": "Make a new UUID for every new request; keep it only for repetitions.",
    "PURPOSE_REQUIRED": "Send `kruispunt-legal-basis`, `kruispunt-end-user` and `kruispunt-case`, each once.",
    "TIME_IN_FUTURE": "Leave the instant out to mean now; check your clock.",
    "TEXT_TOO_LONG": "Shorten the text to `limit` characters.",
    "TEXT_FORBIDDEN": "Take control characters and direction marks out; usually they came with a copy and paste.",
    "COUNTRY_UNKNOWN": "Send the ISO 3166-1 code of two letters.",
    "CODE_UNKNOWN": "Look up the codes in the proto.",
    "MINIMUM_DATA_MISSING": "Ask the person for birth place and gender, or for an address; RegisterPerson says which suffice.",
    "SAME_PERSON": "Nothing is to be done: compare the two numbers.",
    "POSITION_INVALID": "Send the token of the last message as it came, or begin with `since` or `snapshot`.",
    "POSITION_FOREIGN": "Begin with a snapshot: positions of one registry mean nothing in another.",
    "RIGHTS_INVALID": "Mend every fault listed; `kruispunt access apply` names the line of each.",
    "CERTIFICATE_REQUIRED": "Use a certificate whose subject alternative names hold your URI.",
    "PARTICIPANT_UNKNOWN": "Ask the operator whether your certificate's URI is registered and active.",
    "ROLE_MISSING": "Ask the operator; any one of the roles in `role` suffices.",
    "NOT_OWN_INSTITUTION": "Leave `institution` out, or send the one that your certificate stands for.",
    "NO_DOSSIER": "Register your dossier in the directory first, if you hold one.",
    "CERTIFICATE_REVOKED": "Ask the operator for a new certificate; the old one must not be used any more.",
    "GRANT_MISSING": "`kruispunt access explain` says which rule refuses; ask the operator for a grant.",
    "GRANT_EXPIRED": "Name a legal basis that is in force, or ask the operator to prolong the grant.",
    "DATA_GROUP_NOT_GRANTED": "Leave the data group out, or ask the operator for it.",
    "ACTING_FORBIDDEN": "Leave `kruispunt-on-behalf-of` out, unless you are a service of the registry.",
    "PERSON_PROTECTED": "Refer to the register keeper; what you know of the person can still be told.",
    "DOSSIER_UNKNOWN": "List your dossiers on the person; the identifier may have been joined into another.",
    "PERSON_UNKNOWN": "Check the number with the person.",
    "ENTRY_UNKNOWN": "List the entries of that kind. Not sent yet: lists of nothing are empty, not errors.",
    "FACT_UNKNOWN": "List the versions of the person.",
    "LINK_UNKNOWN": "Read the person again: their foreign identifiers are listed there.",
    "RECORD_UNKNOWN": "Check log and identifier; others than auditors see the records of their own calls only.",
    "INSTITUTION_UNKNOWN": "Compare the begin of the period with ListInstitutions.",
    "CAPACITY_UNKNOWN": "Compare sector, capacity and begin with ListCapacities.",
    "PHASE_UNKNOWN": "ListCapacities shows the phases; a capacity without any has only phase 0.",
    "PHASE_OVERLAP": "Update the dossier that stands, with `effective_from` for a new phase.",
    "OUTSIDE_PERIOD": "Read the dossier again and choose a day within its period.",
    "CLAIM_DISAGREES": "Check the identity with the person.",
    "NUMBER_CANCELLED": "Ask for the person's present number.",
    "REFERENCE_UNKNOWN": "Write what the entry refers to first, or in the same request.",
    "NUMBER_REPLACED": "Resolve the number, and decide again with the one that stands.",
    "NATIONAL_DATA": "Send the person, or the error, to the municipality.",
    "DIRECTORY_REQUIRED": "Tell the operator: identity has no directory to ask.",
    "IDENTIFIER_TAKEN": "FindPersonsByForeignIdentifier says to whom; the two may be one person.",
    "NOT_REPLACED": "Resolve the number: it stands, or was cancelled.",
    "MOVE_FORBIDDEN": "Read the person: moves lead from NATIONAL to RAD and back only.",
    "NUMBERS_EXHAUSTED": "Tell the operator.",
    "FACT_SUPERSEDED": "List the versions of the person, and correct the fact that stands.",
    "SEARCH_EXPIRED": "Search again, and decide on what you see now.",
    "REPLACEMENT_FORBIDDEN": "Compare the registers: a national number is never replaced by a bis number.",
    "NUMBER_TAKEN": "Resolve the number: the person is registered.",
    "ETAG_MISMATCH": "Read the dossier, person or link again, decide again, send its new etag.",
    "CONCURRENT_CHANGE": "Repeat at once, a few times. The Python client does.",
    "POSITION_BEYOND_END": "Send a position that you were told.",
    "POSITION_TOO_OLD": "Begin with a snapshot; the Python client does, if you let it.",
    "TREE_SIZE_INVALID": "Use the size of a signed head.",
    "TOO_MANY_ELEMENTS": "Send at most `limit` elements a message.",
    "TOO_MANY_CALLS": "Repeat, not before RetryInfo says. The Python client does; use fewer calls at once.",
    "TOO_MANY_CANDIDATES": "Say more of the criterion in `field`: a given name, a whole birth date.",
    "QUOTA_EXHAUSTED": "Wait as long as RetryInfo says, and spread your calls.",
    "DEADLINE_OVER": "Repeat with a longer deadline, for a mutation with the same request_id.",
    "STORE_UNAVAILABLE": "The published retry policy does it for you; later, tell the operator.",
    "REGISTER_UNAVAILABLE": "The published retry policy does it for you; later, tell the operator.",
    "DIRECTORY_UNAVAILABLE": "The published retry policy does it for you, with the same request_id.",
    "NOT_SEALED_YET": "Repeat after a second; the published retry policy does it for you.",
    "INTERNAL_FAULT": "Tell the operator the incident id; a repetition will hardly help.",
    "METHOD_UNKNOWN": "Compare your protos with the server's reflection: it may be older than you.",
    "TOKEN_REFUSED": "Get a fresh token for this end user and audience; its institution must be that of your certificate.",
}


@dataclass(frozen=True, slots=True)
class ContractReason:
    """One reason as the contract tells it."""

    name: str
    status: str
    meaning: str
    example: str


def contract_reasons() -> Iterator[ContractReason]:
    """Yield every reason of the contract but the zero, in its order.

    Raises:
        ValueError: a comment is not "STATUS. Meaning. Example: `…`."
    """
    for found in _REASON.finditer(CONTRACT.read_text("utf-8")):
        comment = " ".join(line.strip().removeprefix("//").strip() for line in found["comment"].splitlines())
        parts = _COMMENT.fullmatch(comment)
        if parts is None:
            raise ValueError(f"the comment of {found['name']} has another form")
        yield ContractReason(found["name"], parts["status"], parts["meaning"].strip(), parts["example"])


def errors() -> str:
    """Return docs/errors.md."""
    lines = [
        "# Errors",
        "",
        "Written by `tools/write_docs.py` from `protos/kruispunt/common/v1/error_reason.proto`; do not edit.",
        "",
        "Every refusal of the registry is a gRPC status, one English sentence, and in the trailing metadata `grpc-status-details-bin` a `google.rpc.Status` whose details are:",
        "",
        '- always `ErrorInfo`: a reason from below, `domain` "kruispunt", metadata for programs; `field` is the path of the request field where there is one;',
        "- with INVALID_ARGUMENT and a field, `BadRequest`;",
        "- where waiting helps, `RetryInfo`.",
        "",
        "No text and no metadata ever holds a value of a person.",
        "Decide by the reason, never by the text.",
        "A reason that you do not know means what its status means.",
        "",
        "gRPC itself refuses what never reaches the registry, and then there is no `ErrorInfo`:",
        "",
        "- RESOURCE_EXHAUSTED: a message that is too long;",
        "- UNAVAILABLE: the connection broke, or the host's name is not known;",
        "- CANCELLED: the call stood in the queue of a server that stops;",
        "- DEADLINE_EXCEEDED: your own deadline passed first.",
        "  With `waitForReady`, as published, a call that never got a connection ends so too: nobody listens there, or your certificate or the server's is of an authority that the other does not trust.",
        "  The Python client says which of the two it was.",
        "",
    ]
    status = ""
    for reason in contract_reasons():
        if reason.status != status:
            status = reason.status
            lines += [f"## {status}", ""]
        exception = BY_REASON[reason.name].__name__
        lines += [
            f"### {reason.name}",
            "",
            reason.meaning,
            ADVICE[reason.name],
            "",
            f"Python: `{exception}`. Arrives as `{reason.example}`.",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def settings() -> str:
    """Return the table of settings."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, field in ServerSettings.model_fields.items():
        defaults = {one.service: one.model_fields[name] for one in (DirectorySettings, IdentitySettings)}
        shown = {service: _default(one) for service, one in defaults.items()}
        same = len(set(shown.values())) == 1
        default = next(iter(shown.values())) if same else ", ".join(f"{v} ({k})" for k, v in shown.items())
        rows.append(f"| `{name}` | {default} | {field.description} |")
    for one in (DirectorySettings, IdentitySettings):
        for name in (each for each in one.model_fields if each not in ServerSettings.model_fields):
            field = one.model_fields[name]
            rows.append(f"| `{name}` | {_default(field)} ({one.service} only) | {field.description} |")
    return "\n".join(rows)


def _default(field: object) -> str:
    required = getattr(field, "is_required")()  # noqa: B009 - pydantic's FieldInfo, without importing it
    value = getattr(field, "default", None)
    if required:
        return "required"
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def events() -> str:
    """Return the table of log events."""
    rows = ["| event | level | when | fields |", "| --- | --- | --- | --- |"]
    for name, event in EVENTS.items():
        fields = ", ".join(f"`{field}`" for field in sorted(event.fields)) or "none"
        rows.append(f"| `{name}` | {event.level} | {event.says} | {fields} |")
    return "\n".join(rows)


def rights() -> str:
    """Return the table of who may call what."""
    rows = [
        "| method | any one of these roles | purpose and access record | may be read at a standby |",
        "| --- | --- | --- | --- |",
    ]
    services = {
        "DossierService": directory.DOSSIER_SERVICE,
        "DirectoryService": directory.DIRECTORY_SERVICE,
        "KnowledgeService": directory.KNOWLEDGE_SERVICE,
        "NoticeService": directory.NOTICE_SERVICE,
        "IdentityService": identity.IDENTITY_SERVICE,
        "RegistrationService": identity.REGISTRATION_SERVICE,
        "IdentityFeedService": identity.FEED_SERVICE,
        "AuditService": AUDIT_SERVICE,
        "ParticipantService": PARTICIPANT_SERVICE,
        "RehearsalService": REHEARSAL_SERVICE,
    }
    for service, methods in services.items():
        rows += [
            f"| {service}/{name} | {_roles(policy)} | {_personal(policy)} | {_yes(policy.standby)} |"
            for name, policy in methods.items()
        ]
    return "\n".join(rows)


def _roles(policy: Policy) -> str:
    return ", ".join(sorted(policy.roles)) or "every participant"


def _personal(policy: Policy) -> str:
    return "yes" if policy.personal else "purpose only" if policy.purpose else "no"


def dossiers() -> str:
    """Return the table of how methods keep to a grant that asks for a dossier."""
    rows = ["| methods | with `requires_dossier` |", "| --- | --- |"]
    for keeping in Keeping:
        methods = ", ".join(
            method for method, kept in KEPT.items() if kept.keeping is keeping and not kept.because
        )
        rows += [f"| {methods} | {keeping.value} |"] if methods else []
        reasons: dict[str, list[str]] = {}
        for method, kept in KEPT.items():
            if kept.keeping is keeping and kept.because:
                reasons.setdefault(kept.because, []).append(method)
        rows += [f"| {', '.join(named)} | refused: {because} |" for because, named in reasons.items()]
    return "\n".join(rows)


def uncovered() -> str:
    """Return the methods that the stub does not have, by service."""
    without = [name for name, has in covered.methods().items() if not has]
    services = dict.fromkeys(name.partition("/")[0] for name in without)
    rows = []
    for service in services:
        names = (name.partition("/")[2] for name in without if name.startswith(f"{service}/"))
        rows.append(f"- {service}: {', '.join(names)}")
    return "\n".join(rows)


def _yes(holds: bool) -> str:  # noqa: FBT001 - a cell of a table
    return "yes" if holds else "no"


SECTIONS: dict[str, dict[str, Callable[[], str]]] = {
    "docs/operations.md": {"settings": settings, "events": events},
    "docs/security.md": {"rights": rights},
    "docs/testing.md": {"uncovered": uncovered},
    "docs/rights.md": {"dossiers": dossiers},
}


def fresh() -> dict[pathlib.Path, str]:
    """Return what each file should hold."""
    wanted = {ROOT / "docs/errors.md": errors(), **reference(), **client_reference()}
    for name, sections in SECTIONS.items():
        text = (ROOT / name).read_text("utf-8")
        for section, write in sections.items():
            begin, end = f"<!-- begin {section} -->\n", f"<!-- end {section} -->"
            before, _, rest = text.partition(begin)
            _, marker, after = rest.partition(end)
            if not marker:
                raise ValueError(f"{name} has no section {section}")
            text = f"{before}{begin}\n{write()}\n\n{end}{after}"
        wanted[ROOT / name] = text
    return wanted


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if anything would change")
    check = parser.parse_args().check
    stale = {
        path: text for path, text in fresh().items() if not path.exists() or path.read_text("utf-8") != text
    }
    if check:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"stale, run tools/write_docs.py: {names}" if stale else 0)
    for path, text in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
