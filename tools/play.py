"""Bring a registry up on this machine and play its main job: what `make run` does.

With --once the servers stop after the play, else they serve until Ctrl-C.
A second run beside the first plays on the servers of the first.
"""

import argparse
import datetime as dt
import itertools
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_home import REPOSITORY, HomeError, RegistryHome, forget_other_settings

from kruispunt.persons import Register
from kruispunt.sandbox import EXAMPLES, SandboxPerson, national_document, population
from kruispunt.values import Purpose, Sex

if TYPE_CHECKING:
    from kruispunt import DirectoryClient, IdentityClient, Ssin, Statement

SEED = 1
PERSONS = 200
PLAYERS_SEED = 2026  # those we play with come from another population than those that are loaded
PLAYERS = 2000
WAIT_FOR_OWNER_S = 90.0
PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="income-support-2026-118")


def main() -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="leave after the play")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".run", help="where everything is kept")
    arguments = parser.parse_args()
    asked_to_end = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: _interrupt(asked_to_end))
    forget_other_settings()
    home = RegistryHome(arguments.folder.resolve(), _national_register)
    try:
        return _run(home, once=arguments.once, asked_to_end=asked_to_end)
    except KeyboardInterrupt:
        return 0
    except HomeError as error:
        print(f"\n{error}\n\nIf it stays so: make clean, and try again.", file=sys.stderr)
        return 1


def _interrupt(asked_to_end: threading.Event) -> None:
    if not asked_to_end.is_set():  # a second Ctrl-C must not disturb the stopping
        asked_to_end.set()
        raise KeyboardInterrupt


def _run(home: RegistryHome, *, once: bool, asked_to_end: threading.Event) -> int:
    latest = time.monotonic() + WAIT_FOR_OWNER_S
    while time.monotonic() < latest:
        with home.owning() as ours:
            if ours:
                return _own(home, once=once, asked_to_end=asked_to_end)
        if home.profiles.exists() and _visit(home):
            return 0
        time.sleep(0.2)
    raise HomeError(f"another run owns {home.folder} and does not serve")


def _own(home: RegistryHome, *, once: bool, asked_to_end: threading.Event) -> int:
    began = time.monotonic()
    try:
        _say("Preparing certificates, databases, participants, code tables and the national register …")
        home.prepare()
        _say("Starting the identity server and the directory server …")
        home.start()
        import kruispunt.cli.asking  # noqa: F401 - while the servers do the same

        home.await_ready()
        where = f"identity at {home.endpoint('identity')}, directory at {home.endpoint('directory')}"
        _say(f"Serving with mutual TLS: {where} ({time.monotonic() - began:.1f} s).")
        _load(home)
        _play(home)
        if once:
            return 0
        _say("Serving until Ctrl-C.")
        while not asked_to_end.wait(0.5):
            home.check()
        return 0
    finally:
        asked_to_end.set()
        _say("Stopping the servers …")
        home.stop()


def _visit(home: RegistryHome) -> bool:
    """Play on the servers of another run; tells whether it came to an end."""
    from kruispunt import CallCancelled, DeadlineExceeded, ProfileError, Unavailable

    try:
        _say("Another run serves already: playing on its servers.")
        _play(home)
    except (Unavailable, CallCancelled, DeadlineExceeded, ProfileError):
        return False  # it ended meanwhile
    _say("The servers belong to the other run; Ctrl-C there stops them.")
    return True


def _national_register() -> Iterator[dict[str, Any]]:
    """Yield whom the national register keeps: both populations, and the persons of the guide."""
    told: set[str] = set()
    people = itertools.chain(population(PERSONS, SEED), population(PLAYERS, PLAYERS_SEED))
    documents = (national_document(each) for each in people if each.register is Register.NATIONAL)
    for document in itertools.chain(EXAMPLES, documents):
        if document["ssin"] not in told:
            told.add(document["ssin"])
            yield document


def _load(home: RegistryHome) -> None:
    """Load the population into both services, the first time only."""
    from kruispunt import sandbox

    done = home.folder / f"residents-{SEED}-{PERSONS}"
    if done.exists():
        return
    _say(f"Loading a synthetic population of {PERSONS} persons …")
    with sandbox.registrar(home.profiles) as identity:
        registers = sandbox.load_registers(population(PERSONS, SEED), identity, seed=SEED)
    with sandbox.connected(home.profiles) as clients:
        report = sandbox.load(population(PERSONS, SEED), clients, seed=SEED)
    if report.refused or registers.refused:
        refused = {**registers.refused, **report.refused}
        raise HomeError(f"the registry refused a part of the population: {refused}")
    done.touch()
    _say(
        f"{registers.rows} numbers imported, {registers.replaced} replaced, {report.dossiers} dossiers registered "
        f"in {registers.elapsed_s + report.elapsed_s:.1f} s."
    )


def _play(home: RegistryHome) -> None:
    """Play who it is, then who may know what."""
    person = _somebody()
    _say(f"\nThis is {_introduce(person)}")
    former = _play_identity(home, person)
    _play_directory(home, person)
    _play_rights(home, person)
    _tell_how(home, person, former)


def _play_identity(home: RegistryHome, person: SandboxPerson) -> "Ssin":
    """Take somebody for somebody else, notice, and put it right; returns the number that leads on since then."""
    from kruispunt import DirectoryClient, IdentityClient

    as_whom: dict[str, Any] = {"purpose": PURPOSE, "path": home.profiles, "timeout_s": 15}
    with (
        IdentityClient.from_profile("institution-17-101", **as_whom) as identity,
        IdentityClient.from_profile("registry-registrar", **as_whom) as desk,
        DirectoryClient.from_profile("institution-17-101", **as_whom) as directory,
    ):
        former = _play_registration(identity, person)
        _play_telling(identity, directory, former)
        _play_replacement(desk, former, person.ssin)
        _play_memory(identity, former, person.ssin)
        _play_following(directory, former, person.ssin)
    return former


def _play_registration(identity: "IdentityClient", person: SandboxPerson) -> "Ssin":
    """Search, be told who it may be, and register all the same; returns the new number."""
    from kruispunt import DistinctDecision, DistinctReason, Grade
    from kruispunt.cli.person_words import print_candidates

    _say("\nThe welfare centre of Antwerp has somebody at its desk, with a passport, and searches:")
    found = identity.search_persons(
        person.family_name, person.birth_date, given_names=person.given_names, limit=3
    )
    print_candidates(found.candidates)
    _say(
        "\nIt takes that for another person, and asks for a number. The registry searches again, and says no:"
    )
    facts = _passport(person)
    refused = identity.register_person(facts, search_id=found.search_id)
    print_candidates(refused.candidates)
    others = [
        DistinctDecision(each.ssin, DistinctReason.HOMONYM, "another passport")
        for each in refused.candidates
        if each.grade is Grade.STRONG
    ]
    created = identity.register_person(facts, distinct=others)
    if not others or created.person is None:
        raise HomeError("the registry answered otherwise than the play has it")
    _say(f"\nWith a reason for each candidate it gives out bis number {created.person.ssin.display}.")
    return created.person.ssin


def _play_telling(identity: "IdentityClient", directory: "DirectoryClient", former: "Ssin") -> None:
    """Open a dossier, which lets the institution write of the person, and write."""
    from kruispunt import ContactAddress, Period, Statement
    from kruispunt.cli.output import print_dossiers
    from kruispunt.cli.person_words import print_facts

    _say("The welfare centre opens a dossier under it, and tells where to write to:")
    begin = dt.date(dt.datetime.now(dt.UTC).year - 1, 3, 1)
    answer = directory.register_dossier(former, capacity=2, phase=10, period=Period(begin), source="play")
    print_dossiers(f"dossier {answer.outcome.name.lower()}", [answer.dossier])
    address = ContactAddress("BE", postal_code="2000", municipality_name="Antwerpen", street="Meir")
    update = identity.update_person(former, [Statement(address)])
    print_facts("facts", [each.fact for each in update.results if each.fact])


def _play_replacement(desk: "IdentityClient", former: "Ssin", current: "Ssin") -> None:
    """Look what a replacement would do, and do it."""
    from kruispunt import NumberChangeReason
    from kruispunt.cli.person_words import print_facts

    _say("\nIt was the same person after all. The registry's desk looks what would move, and replaces it:")
    seen = desk.preview_replacement(former, current)
    print_facts("would move", seen.moving_facts)
    _say(f"would be told: {', '.join(map(str, seen.told))}")
    desk.replace_number(
        former,
        current,
        reason=NumberChangeReason.DUPLICATE,
        former_etag=seen.former_etag,
        next_etag=seen.next_etag,
    )


def _play_memory(identity: "IdentityClient", former: "Ssin", current: "Ssin") -> None:
    """Ask by the old number where it leads, and for all that is remembered."""
    from kruispunt.cli.person_history import tell_history
    from kruispunt.cli.person_words import print_resolution

    _say("\nThe old number leads to the other one from now on, for ever:")
    (leads,) = identity.resolve_numbers([former])
    print_resolution(leads)
    if leads.current != current:
        raise HomeError("the registry answered otherwise than the play has it")
    _say("\nAnd this is what the registers remember, whichever number is asked:")
    for line in tell_history(identity.list_person_versions(former)):
        _say(f"  {line}")


def _play_following(directory: "DirectoryClient", former: "Ssin", current: "Ssin") -> None:
    """See that the institution was told, and that its dossier moved along."""
    from kruispunt.cli.output import print_dossiers
    from kruispunt.feeds import UNACKNOWLEDGED

    _say("\nThe welfare centre is told that something changed, never what; and its dossier has moved along:")
    watch = directory.watch_notices(UNACKNOWLEDGED, give_up_s=15)
    notice = next(notice for item in watch for notice in item.notices if notice.ssin == former)
    _say(
        f"notice {notice.notice_no}: {notice.kind.name.lower().replace('_', ' ')}, now {notice.current.display}"
    )
    directory.acknowledge_notices(notice.notice_no)
    dossiers = [each for each in directory.list_dossiers(current) if each.institution.sector == 17]
    print_dossiers("dossiers", dossiers)
    if notice.current != current or not dossiers:
        raise HomeError("the registry answered otherwise than the play has it")


def _passport(person: SandboxPerson) -> "list[Statement]":
    from kruispunt import Birth, Evidence, EvidenceKind, Gender, Name, Place, Statement

    seen = Evidence(EvidenceKind.PASSPORT, "EH1234567", person.birth_country)
    place = Place(person.birth_country, municipality_name=person.birth_place)
    return [
        Statement(Name(person.family_name, person.given_names), evidence=seen),
        Statement(Birth(person.birth_date, place), evidence=seen),
        Statement(Gender(person.sex)),
    ]


def _play_directory(home: RegistryHome, person: SandboxPerson) -> None:
    """Register dossiers from two institutions, list them, ask two routes."""
    from kruispunt import DirectoryClient, Period
    from kruispunt.cli.asking import print_route
    from kruispunt.cli.output import print_dossiers

    begin = dt.date(dt.datetime.now(dt.UTC).year - 1, 3, 1)
    _say("\nThe National Pensions Office pays out a pension; the welfare centre has awarded income support:")
    for profile, capacity, phase in (("institution-5-1", 100, 20), ("institution-17-101", 2, 10)):
        with DirectoryClient.from_profile(
            profile, purpose=PURPOSE, path=home.profiles, timeout_s=15
        ) as client:
            client.register_dossier(
                person.ssin, capacity=capacity, phase=phase, period=Period(begin), source="play"
            )
    with DirectoryClient.from_profile("institution-17-101", purpose=PURPOSE, path=home.profiles) as antwerp:
        print_dossiers("dossiers", antwerp.list_dossiers(person.ssin))
        _say("\nMay the welfare centre of Antwerp get the pension rights, and from whom? Yes:")
        allowed = antwerp.get_route(person.ssin, "PENSION-RIGHTS")
        print_route(allowed)
    _say("\nMay the one of Liège? It is authorised as well, but it does not know this person. No:")
    with DirectoryClient.from_profile("institution-17-202", purpose=PURPOSE, path=home.profiles) as liege:
        refused = liege.get_route(person.ssin, "PENSION-RIGHTS")
        print_route(refused)
    if not allowed.allowed or refused.allowed:
        raise HomeError("the registry answered otherwise than the play has it")


def _play_rights(home: RegistryHome, person: SandboxPerson) -> None:
    """Read the same person as two institutions, and as one that has no dossier; each sees what its grant says."""
    from kruispunt import IdentityClient, NoDossier
    from kruispunt.cli.person_words import print_facts

    _say(
        "\nBoth read the same person, each under its own legal basis; what comes back is what its grant says:"
    )
    shown = []
    for profile, legal_basis in (("institution-5-1", "12/013"), ("institution-17-101", "17/101")):
        purpose = replace(PURPOSE, legal_basis=legal_basis)
        with IdentityClient.from_profile(
            profile, purpose=purpose, path=home.profiles, timeout_s=15
        ) as client:
            found = client.get_person(person.ssin)
        print_facts(f"{profile}, legal basis {legal_basis}", found.facts)
        shown.append({fact.group for fact in found.facts})
    _say(
        "\nThe welfare centre of Liège has the same grant, and no dossier; nor is it told whether there is such a person:"
    )
    purpose = replace(PURPOSE, legal_basis="17/101")
    with IdentityClient.from_profile("institution-17-202", purpose=purpose, path=home.profiles) as liege:
        try:
            liege.get_person(person.ssin)
        except NoDossier as refusal:
            _say(f"refused: {refusal}")
        else:
            raise HomeError("the registry answered otherwise than the play has it")
    if shown[0] == shown[1]:
        raise HomeError("the registry answered otherwise than the play has it")


def _somebody() -> SandboxPerson:
    """Return an old-age pensioner whom the national register keeps, usually another one at each play."""
    fit = [
        person
        for person in population(PLAYERS, PLAYERS_SEED)
        if person.register is Register.NATIONAL
        and 1926 <= person.birth_date.year <= 1955
        and person.birth_date.day
        and not person.pair
    ]
    return secrets.choice(fit)


def _introduce(person: SandboxPerson) -> str:
    name = f"{' '.join(person.given_names)} {person.family_name}"
    sex = {Sex.FEMALE: "a woman", Sex.MALE: "a man"}.get(person.sex, "a person")
    number = f"{person.ssin.kind.value} number {person.ssin.display}"
    return f"{name}, {sex} born in {person.birth_date.year}, {number}. Nobody of this name and number exists."


def _tell_how(home: RegistryHome, person: SandboxPerson, former: "Ssin") -> None:
    command = Path(sys.executable).with_name("kruispunt")
    _say(f"""
While the servers run, try for yourself:

  export KRUISPUNT_PROFILES={home.profiles} KRUISPUNT_PROFILE=institution-17-101
  {command} person show {former}
  {command} person history {former}
  {command} dossier list {person.ssin}
  {command} route {person.ssin} INSURABILITY
  {command} knowledge authorisations --sector 17
  {command} watch notices --from beginning
  {command} access explain --method IdentityService/GetPerson --legal-basis 17/101
  {command} access who-can residential_address --profile registry-administrator
  {command} audit verify --service directory --config {home.folder / "directory.toml"}
  {command} sandbox numbers --persons {PERSONS} --seed {SEED} | {command} resolve -
""")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
