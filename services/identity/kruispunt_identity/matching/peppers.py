"""The secrets of the keys, one per generation: derived from the registry's secret, or kept in a file."""

import os
import secrets
import stat
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kruispunt_server.keys import Keys

_BYTES = 32


class PepperError(Exception):
    """The peppers cannot be used: which file and why; the server does not start on it."""


class Peppers(Protocol):
    """Knows the pepper of each generation."""

    def of(self, generation: int) -> bytes:
        """Return the pepper of a generation, 32 bytes.

        Raises:
            PepperError: there is none.
        """
        ...

    @property
    def lock_key(self) -> bytes:
        """The key of the hashes that registrations lock on; the same whatever generation is active."""
        ...


class DerivedPeppers:
    """Peppers that follow from the registry's one secret: nothing more to keep.

    Who replaces the secret rebuilds the keys.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def of(self, generation: int) -> bytes:
        """Return the pepper of a generation."""
        return self._keys.derive(f"match-key-{generation}")

    @property
    def lock_key(self) -> bytes:
        """The key of the lock hashes."""
        return self._keys.derive("match-lock")


class FilePeppers:
    """Peppers kept in a file of TOML, `1 = "<64 hexadecimal digits>"` per generation.

    Args:
        path: of the file; made by `add_random` if it is not there.

    Raises:
        PepperError: somebody else can read the file, or it is not what it should be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def of(self, generation: int) -> bytes:
        """Return the pepper of a generation; a file that grew since is read again."""
        if generation not in self._known:
            self._known = _read(self._path)
        try:
            return self._known[generation]
        except KeyError:
            raise PepperError(f"the pepper file has no generation {generation}") from None

    @property
    def lock_key(self) -> bytes:
        """The key of the lock hashes: the pepper of the oldest generation in the file."""
        if not self._known:
            raise PepperError("the pepper file is empty")
        return self._known[min(self._known)]

    def add_random(self, generation: int) -> None:
        """Add a random pepper for a generation that has none; written before it returns, or nothing changes."""
        known = _read(self._path)
        known.setdefault(generation, secrets.token_bytes(_BYTES))
        text = "".join(f'{number} = "{known[number].hex()}"\n' for number in sorted(known))
        draft = self._path.with_name(f"{self._path.name}.draft")
        with suppress(FileNotFoundError):
            draft.unlink()
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._known = known


def _read(path: Path) -> dict[int, bytes]:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise PepperError(f"{path} must be readable by its owner only (chmod 600)")
            written = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PepperError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PepperError(f"{path} is not TOML") from error
    try:
        known = {int(generation): bytes.fromhex(pepper) for generation, pepper in written.items()}
    except (TypeError, ValueError) as error:
        raise PepperError(f"{path} must hold generation = hexadecimal digits") from error
    if any(len(pepper) != _BYTES for pepper in known.values()):
        raise PepperError(f"{path} must hold {_BYTES} bytes per generation")
    return known
