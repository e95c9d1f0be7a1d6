"""A registry of one's own in a folder: certificates, databases, settings, and two servers as children.

Everything is made by the commands that an operator uses. What is there already stays; what a killed run left
behind is cleared away. One process at a time owns the folder; others are its guests.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import importlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from kruispunt.sandbox.institutions import ADMINISTRATOR, AUDITOR, INSTITUTIONS, REGISTRAR

REPOSITORY = Path(__file__).resolve().parents[1]
RIGHTS = REPOSITORY / "services/shared/kruispunt_server/data/sandbox_rights.yaml"
CODE_TABLES = REPOSITORY / "services/directory/kruispunt_directory/data/code_tables.toml"
SANDBOX = REPOSITORY / "clients/kruispunt/sandbox"
PORTS = {"identity": 8441, "directory": 8442}
OTHER = {"identity": "directory", "directory": "identity"}
WORKERS = 1  # of each server: enough to try it, and quick to start
START_S = 60.0
STOP_S = 30.0


class HomeError(Exception):
    """The registry could not be brought up; the text says why, and what was said about it."""


class RegistryHome:
    """The folder.

    Args:
        folder: usually `.run` in the repository; made if it is not there.
        national: whom the national register keeps, as documents of its stand-in; the same at every call.
    """

    def __init__(self, folder: Path, national: Callable[[], Iterable[dict[str, Any]]]) -> None:
        self.folder = folder
        self._national = national
        self._ports = dict(PORTS)
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def profiles(self) -> Path:
        """The profiles file; there as long as servers run."""
        return self.folder / "profiles.toml"

    @contextlib.contextmanager
    def owning(self) -> Iterator[bool]:
        """Try to own the folder; gives whether it succeeded. Ends with this process, however it ends."""
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def prepare(self) -> None:
        """Make what is missing: certificates, settings, databases, participants, code tables, the national register.

        Nothing of it is looked at again before a week is over or one of its sources has changed.

        Raises:
            HomeError: a command failed.
        """
        self._clear_away()
        self._choose_ports()
        stamp, state = self.folder / "prepared", self._state()
        if stamp.exists() and stamp.read_text() == state:
            for service in PORTS:
                self._write_settings(service)
            return
        stamp.unlink(missing_ok=True)
        _command("directory", "dev-pki", str(self.folder / "pki"), "--rights", str(RIGHTS))
        for service in PORTS:
            self._write_settings(service)
        shutil.copyfile(RIGHTS, self.folder / "rights.yaml")  # what is in force, to be changed and applied
        for service in PORTS:
            config = ("--config", str(self._settings(service)))
            _command(service, "migrate", *config)
            _command(service, "load-rights", str(RIGHTS), *config)
        _command("directory", "load-code-tables", "--config", str(self._settings("directory")))
        self._fill_national_register()
        stamp.write_text(state)

    def start(self) -> None:
        """Start both servers; they do not serve yet."""
        for service in PORTS:
            log = (self.folder / f"{service}.log").open("wb")
            with log:
                self._servers[service] = subprocess.Popen(
                    [*_program(service), "serve", "--config", str(self._settings(service))],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches them through us, in order
                )
            (self.folder / f"{service}.pid").write_text(str(self._servers[service].pid))

    def await_ready(self) -> None:
        """Wait until both serve, then write the profiles.

        Raises:
            HomeError: a server ended, or does not serve in time.
        """
        latest = time.monotonic() + START_S
        while not all(self._ready(service).exists() for service in PORTS):
            self.check()
            if time.monotonic() > latest:
                raise HomeError("the servers do not serve in time\n" + self._last_words("directory"))
            time.sleep(0.05)
        self._write_profiles()

    def check(self) -> None:
        """Raise `HomeError` if a server has ended."""
        for service, process in self._servers.items():
            if process.poll() is not None:
                words = self._last_words(service)
                raise HomeError(f"the {service} server ended with status {process.returncode}\n{words}")

    def stop(self) -> None:
        """Ask both servers to end, and see to it."""
        self.profiles.unlink(missing_ok=True)
        for process in self._servers.values():
            process.terminate()
        latest = time.monotonic() + STOP_S
        for service, process in self._servers.items():
            try:
                process.wait(max(latest - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            (self.folder / f"{service}.pid").unlink(missing_ok=True)

    def endpoint(self, service: str) -> str:
        """Return where a running server listens."""
        return self._ready(service).read_text().strip()

    def _state(self) -> str:
        """Return a digest of all that `prepare` rests on."""
        week = dt.datetime.now(dt.UTC).isocalendar()[:2]  # certificates end
        digest = hashlib.sha256(f"{week} {self.folder}".encode())
        sources = [*sorted((REPOSITORY / "migrations").rglob("*.py")), *sorted(SANDBOX.glob("*.*"))]
        for source in (RIGHTS, CODE_TABLES, *sources):
            digest.update(source.read_bytes())
        made_files = [self.folder / f"{name}.db" for name in (*PORTS, "national")]
        for made in (self.folder / "pki" / "secret", *made_files):
            digest.update(b"there" if made.exists() else b"gone")
        return digest.hexdigest()

    def _clear_away(self) -> None:
        """End servers that a killed run left behind, and forget what they wrote."""
        self.profiles.unlink(missing_ok=True)
        for service in PORTS:
            pid_file = self.folder / f"{service}.pid"
            with contextlib.suppress(FileNotFoundError, ValueError):
                _end_stray(int(pid_file.read_text()), str(self._settings(service)))
            pid_file.unlink(missing_ok=True)
            self._ready(service).unlink(missing_ok=True)

    def _fill_national_register(self) -> None:
        lines = self.folder / "national.jsonl"
        lines.touch(mode=0o600)
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in self._national())
        _command("identity", "load-national", str(lines), "--config", str(self._settings("identity")))

    def _choose_ports(self) -> None:
        """Take the usual ports, or free ones: each server must know where the other will be."""
        self._ports = {service: port if _is_free(port) else _free_port() for service, port in PORTS.items()}

    def _write_settings(self, service: str) -> None:
        pki, other = self.folder / "pki", OTHER[service]
        settings: dict[str, str | int | bool] = {
            "port": self._ports[service],
            "tls_certificate": str(pki / "server.crt"),
            "tls_key": str(pki / "server.key"),
            "tls_authority": str(pki / "ca.crt"),
            "secret_file": str(pki / "secret"),
            "database_url": f"sqlite:///{self.folder / service}.db",
            "workers": WORKERS,
            "rehearsal": True,
            "lame_duck_s": 0,
            "drain_s": 5,
            "ready_file": str(self._ready(service)),
            f"{other}_endpoint": f"127.0.0.1:{self._ports[other]}",
            f"{other}_certificate": str(pki / "clients" / f"{service}-service.crt"),
            f"{other}_key": str(pki / "clients" / f"{service}-service.key"),
            f"{other}_authority": str(pki / "ca.crt"),
        }
        if service == "identity":
            settings["national_register_file"] = str(self.folder / "national.db")
        # A JSON text, number or truth value is a TOML one too.
        lines = (f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        self._settings(service).write_text("".join(lines))

    def _write_profiles(self) -> None:
        names = [*(each.profile for each in INSTITUTIONS), ADMINISTRATOR, AUDITOR, REGISTRAR]
        text = "# Written by tools/play.py; gone when the servers stop.\n"
        for name in names:
            text += (
                f'\n[{name}]\nendpoint = "{self.endpoint("directory")}"\n'
                f'identity_endpoint = "{self.endpoint("identity")}"\nca = "pki/ca.crt"\n'
                f'certificate = "pki/clients/{name}.crt"\nkey = "pki/clients/{name}.key"\n'
                'legal_basis = "18/042"\nend_user = "play"\ncase = "play"\n'
            )
        for each in INSTITUTIONS:
            text = text.replace(f"[{each.profile}]\n", f'[{each.profile}]\ninstitution = "{each.ref}"\n')
        draft = self.profiles.with_suffix(f".{os.getpid()}")
        draft.write_text(text)
        draft.replace(self.profiles)

    def _last_words(self, service: str) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(
                (self.folder / f"{service}.log").read_text("utf-8", "replace").splitlines()[-15:]
            )
        return ""

    def _settings(self, service: str) -> Path:
        return self.folder / f"{service}.toml"

    def _ready(self, service: str) -> Path:
        return self.folder / f"{service}.ready"


def _command(service: str, *arguments: str) -> None:
    """Run a command of a server within this process: what it needs is imported once."""
    app = importlib.import_module(f"kruispunt_{service}.__main__").app
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = app(arguments, standalone_mode=False)
    if status:
        raise HomeError(f"kruispunt-{service} {arguments[0]} failed\n{told.getvalue()}")


def _program(service: str) -> list[str]:
    return [sys.executable, "-m", f"kruispunt_{service}"]


def forget_other_settings() -> None:
    """Take settings out of the environment that were meant for another registry."""
    for name in list(os.environ):
        if name.startswith(("KRUISPUNT_IDENTITY_", "KRUISPUNT_DIRECTORY_")):
            del os.environ[name]


def _is_free(port: int) -> bool:
    """Say whether nobody has the port, not even to share it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_stray(pid: int, mark: str) -> None:
    """End a server by its process id, if that is still the one: its command line names our settings."""
    if mark not in _command_line(pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        latest = time.monotonic() + STOP_S
        while mark in _command_line(pid) and time.monotonic() < latest:
            time.sleep(0.05)
        if mark in _command_line(pid):
            os.killpg(pid, signal.SIGKILL)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout
