"""API keys: made once, shown once, kept as hashes.

A key is ``onoma_``, eight digits that name it, and a secret of 256 random bits. Kept is a salted BLAKE2b hash
of the secret (RFC 7693); with that many random bits nothing slower is needed, which is for passwords.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

from onoma.errors import InputError, NotFoundError
from onoma.files import whole_file
from onoma.serving.callers import Caller, Role, role_named

__all__ = ["KEY", "Key", "Keyring", "add_key", "default_path", "read_keys", "revoke_key"]

KEY = re.compile(r"onoma_([0-9a-f]{8})_([\w-]{43})", re.ASCII)
"""What a key looks like: its id and its secret."""

_LOOK = 1.0  # seconds between looks at whether the file has changed
_NAME = re.compile(r"[\w.@:-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key; times are in seconds since 1970, None for never."""

    id: str
    name: str
    role: str
    salt: str
    hash: str
    created: float
    expires: float | None = None
    revoked: float | None = None
    models: tuple[str, ...] = ()
    rate: str = ""
    quota: int | None = None

    def holds(self, now: float) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    @property
    def caller(self) -> Caller:
        """Who comes with it."""
        return Caller(self.name, Role[self.role], frozenset(self.models), self.rate, self.quota, "key")


def default_path() -> Path:
    """Where keys are kept unless said otherwise: ``$ONOMA_KEYS``, else in the user's configuration."""
    told = os.environ.get("ONOMA_KEYS")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path(told) if told else home / "onoma" / "keys.json"


def read_keys(path: Path) -> list[Key]:
    """The keys in a file, none where there is no file; raises `InputError` where it holds something else."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys = [Key(**{**row, "models": tuple(row.get("models", ()))}) for row in rows]
        for key in keys:
            role_named(key.role)
        return keys
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no file of keys: {type(error).__name__}: {error}") from error


def add_key(
    path: Path,
    name: str,
    role: str = "reader",
    *,
    expires: float | None = None,
    models: Sequence[str] = (),
    rate: str = "",
    quota: int | None = None,
) -> str:
    """Make a key, keep its hash in ``path``, and return the key itself, which nobody can tell again.

    Raises `InputError` for a name that another key which holds has, an unknown role, or an expiry that has
    passed; `OutputError` when the file cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "keys.json"
    >>> key = add_key(path, "ada", "reader")
    >>> Keyring(path).caller_of(key).name, key in path.read_text()
    ('ada', False)
    """
    now = time.time()
    role_named(role)
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a key: up to 64 of letters, digits and _ . @ : -")
    if expires is not None and expires <= now:
        raise InputError("a key that has expired already is of no use")
    secret, salt = secrets.token_urlsafe(32), secrets.token_hex(8)
    with _changing(path) as keys:
        if any(key.name == name and key.holds(now) for key in keys):
            raise InputError(
                f"there is a key called {name} that holds; revoke it first, or take another name"
            )
        ids = {key.id for key in keys}
        made = next(each for each in iter(lambda: secrets.token_hex(4), "") if each not in ids)
        keys.append(
            Key(made, name, role, salt, _hashed(secret, salt), now, expires, None, tuple(models), rate, quota)
        )
    return f"onoma_{made}_{secret}"


def revoke_key(path: Path, named: str) -> Key:
    """Let the key with that name or id hold no longer; raises `NotFoundError` where none of it holds."""
    now = time.time()
    with _changing(path) as keys:
        for place, key in enumerate(keys):
            if named in (key.name, key.id) and key.revoked is None:
                keys[place] = replace(key, revoked=now)
                return keys[place]
        raise NotFoundError(f"there is no key called {named!r} that could be revoked: onoma keys list")


def _hashed(secret: str, salt: str) -> str:
    return blake2b(secret.encode(), salt=bytes.fromhex(salt).ljust(16, b"\0"), digest_size=32).hexdigest()


@contextmanager
def _changing(path: Path) -> Iterator[list[Key]]:
    """The keys, to be changed by one process at a time and written back where the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = os.umask(0o077)  # nobody else's to read
    try:
        with open(path.with_name(f".{path.name}.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = read_keys(path)
            yield keys
            with whole_file(path) as file:
                json.dump({"format": 1, "keys": [asdict(key) for key in keys]}, file, indent=1)
    finally:
        os.umask(mask)


class Keyring:
    """The keys of a file, read again when it has changed: a key that is revoked ends within a second."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `InputError` where the file holds something else than keys."""
        self.path = path
        self._clock, self._tick = clock, tick
        self._stamp = self._stamped()
        self._keys = self._read()
        self._looked = tick()

    def caller_of(self, text: str) -> Caller | None:
        """Who comes with the key ``text``; None where it is none, or none that holds."""
        self._look()
        found = KEY.fullmatch(text)
        if not found:
            return None
        key = self._keys.get(found[1])
        wanted = key.hash if key else "0" * 64
        same = hmac.compare_digest(_hashed(found[2], key.salt if key else "00"), wanted)
        return key.caller if key and same and key.holds(self._clock()) else None

    def __len__(self) -> int:
        """How many keys hold."""
        return sum(key.holds(self._clock()) for key in self._keys.values())

    def _look(self) -> None:
        now = self._tick()
        if now - self._looked < _LOOK:
            return
        self._looked, stamp = now, self._stamped()
        if stamp != self._stamp:
            self._stamp, self._keys = stamp, self._read()

    def _read(self) -> Mapping[str, Key]:
        return {key.id: key for key in read_keys(self.path)}

    def _stamped(self) -> tuple[int, int, int]:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)
