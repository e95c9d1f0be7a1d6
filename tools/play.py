"""Bring a registry up on this machine and play its main job: what `make run` does.

With --once the servers stop after the play, else they serve until Ctrl-C.
A second run beside the first plays on the servers of the first.
"""

import argparse
import datetime as dt
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

from registry_home import REPOSITORY, HomeError, RegistryHome, forget_other_settings

from kruispunt.sandbox import SandboxPerson, population
from kruispunt.values import Sex

SEED = 1
PERSONS = 200
PLAYERS_SEED = 2026  # those we play with come from another population than those that are loaded
WAIT_FOR_OWNER_S = 90.0


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
    home = RegistryHome(arguments.folder.resolve())
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
        _say("Preparing certificates, databases, participants and code tables …")
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


def _load(home: RegistryHome) -> None:
    """Load the population, the first time only."""
    from kruispunt import sandbox

    done = home.folder / f"population-{SEED}-{PERSONS}"
    if done.exists():
        return
    _say(f"Loading a synthetic population of {PERSONS} persons …")
    with sandbox.connected(home.profiles) as clients:
        report = sandbox.load(population(PERSONS, SEED), clients, seed=SEED)
    if report.refused:
        raise HomeError(f"the registry refused dossiers of the population: {dict(report.refused)}")
    done.touch()
    _say(f"{report.dossiers} dossiers registered in {report.elapsed_s:.1f} s.")


def _play(home: RegistryHome) -> None:
    """Register dossiers from three institutions, list them, ask two routes."""
    from kruispunt import DirectoryClient, Period, Purpose
    from kruispunt.cli.asking import print_route
    from kruispunt.cli.output import print_dossiers

    person = _somebody()
    purpose = Purpose(legal_basis="18/042", end_user="clerk-7", case="income-support-2026-118")
    begin = dt.date(dt.datetime.now(dt.UTC).year - 1, 3, 1)
    _say(f"\nThis is {_introduce(person)}")
    stories = (
        ("institution-5-1", 100, 20, "The National Pensions Office pays out a pension, and says so:"),
        ("institution-11-200", 1, 0, "The person's health insurance fund says that it knows them:"),
        ("institution-17-101", 2, 10, "The welfare centre of Antwerp has awarded income support:"),
    )
    for profile, capacity, phase, sentence in stories:
        _say(f"\n{sentence}")
        with DirectoryClient.from_profile(
            profile, purpose=purpose, path=home.profiles, timeout_s=15
        ) as client:
            answer = client.register_dossier(
                person.ssin, capacity=capacity, phase=phase, period=Period(begin), source="play"
            )
        print_dossiers(f"{profile}: {answer.outcome.name.lower()}", [answer.dossier])

    _say("\nWho holds a dossier on this person? The welfare centre asks; the registry records that it did:")
    with DirectoryClient.from_profile("institution-17-101", purpose=purpose, path=home.profiles) as antwerp:
        print_dossiers("dossiers", antwerp.list_dossiers(person.ssin))
        _say("\nMay the welfare centre of Antwerp get the pension rights, and from whom? Yes:")
        allowed = antwerp.get_route(person.ssin, "PENSION-RIGHTS")
        print_route(allowed)
    _say("\nMay the one of Liège? It is authorised as well, but it does not know this person. No:")
    with DirectoryClient.from_profile("institution-17-202", purpose=purpose, path=home.profiles) as liege:
        refused = liege.get_route(person.ssin, "PENSION-RIGHTS")
        print_route(refused)
    if not allowed.allowed or refused.allowed:
        raise HomeError("the registry answered otherwise than the play has it")
    _tell_how(home, person)


def _somebody() -> SandboxPerson:
    """Return an old-age pensioner of a population of their own, another one at each play."""
    skipped = secrets.randbelow(5000)
    return next(
        person
        for place, person in enumerate(population(10_000, PLAYERS_SEED))
        if place >= skipped and 1926 <= person.birth_date.year <= 1955 and person.birth_date.day
    )


def _introduce(person: SandboxPerson) -> str:
    name = f"{' '.join(person.given_names)} {person.family_name}"
    sex = {Sex.FEMALE: "a woman", Sex.MALE: "a man"}.get(person.sex, "a person")
    number = f"{person.ssin.kind.value} number {person.ssin.display}"
    return f"{name}, {sex} born in {person.birth_date.year}, {number}. Nobody of this name and number exists."


def _tell_how(home: RegistryHome, person: SandboxPerson) -> None:
    command = Path(sys.executable).with_name("kruispunt")
    _say(f"""
While the servers run, try for yourself:

  export KRUISPUNT_PROFILES={home.profiles} KRUISPUNT_PROFILE=institution-17-101
  {command} dossier list {person.ssin}
  {command} route {person.ssin} INSURABILITY
  {command} knowledge authorisations --sector 17
  {command} sandbox numbers --persons {PERSONS} --seed {SEED} | {command} resolve -
""")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
