"""Tokens and the posting password, from files; and the sessions of browsers that have shown one.

Nothing here keeps a secret longer than it needs to compare it: what stays in memory are SHA-256 digests.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import logging
import secrets
import time
from base64 import b64decode
from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bridge.model.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bridge.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at a file."""
LARGEST = 1 << 16
SHORT = 16
"""Characters below which a token could be guessed; it is taken, and the log says so."""
LASTS = 7 * 86_400.0
"""Seconds of a session: a wall display is not to go blind every night."""
MOST = 256
"""Sessions; the oldest goes for a new one."""


class Right(StrEnum):
    """What somebody may."""

    POST = "post"
    READ = "read"
    CONTROL = "control"


ALL = frozenset(Right)


class NoSecretError(Exception):
    """A secret's file is gone, empty or cannot be read: nobody can be told from anybody."""


class Key(NamedTuple):
    """Who showed what: the digest of the secret, and what it allows."""

    digest: bytes
    rights: frozenset[Right]


class SecretFile:
    """The lines of a file as digests; read again when it changed, looked at once a second at most.

    Several lines are several secrets, so that an old and a new one hold together while they are changed.
    """

    def __init__(self, path: Path, setting: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self.setting, self._clock = path, setting, clock
        self._looked = float("-inf")
        self._seen: tuple[int, ...] | None = None
        self._digests: tuple[bytes, ...] = ()
        self._why = ""

    def digests(self) -> tuple[bytes, ...]:
        """What is in the file now. Raises NoSecretError."""
        if self._clock() - self._looked >= LOOK_EVERY:
            self._looked = self._clock()
            self._look()
        if not self._digests:
            raise NoSecretError(self._why)
        return self._digests

    def _look(self) -> None:
        try:
            stat = self.path.stat()
            seen = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev, stat.st_size)
            if seen == self._seen:
                return
            with self.path.open("rb") as file:
                lines = [line.strip() for line in file.read(LARGEST).splitlines() if line.strip()]
            self._seen = seen
            why = "" if lines else "it is empty"
        except OSError as e:
            lines, self._seen, why = [], None, str(e.strerror)
        if why and why != self._why:
            log.error("%s: %s: %s; until it is back, nobody is let in by it", self.setting, self.path, why)
        elif not why and min(map(len, lines)) < SHORT:
            log.warning("%s: a secret in it is shorter than %d characters", self.setting, SHORT)
        self._why = why
        self._digests = tuple(map(_digest, lines))

    def holds(self, digest: bytes) -> bool:
        """Whether a secret of this digest is in the file. Takes as long whichever it is. Raises NoSecretError."""
        return any([hmac.compare_digest(digest, known) for known in self.digests()])  # noqa: C419 # every one is compared


class Keys:
    """The files of one bridge. Raises SettingError for one that cannot be used at the start."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        read, control = frozenset({Right.READ}), frozenset({Right.READ, Right.CONTROL})
        post = frozenset({Right.POST})
        given = (
            ("PAGER_CONTROL_TOKEN_FILE", settings.control_token_file, control),
            ("PAGER_READ_TOKEN_FILE", settings.read_token_file, read),
            ("PAGER_POST_TOKEN_FILE", settings.post_token_file, post),
        )
        self._tokens = [(SecretFile(path, name, clock), may) for name, path, may in given if path]
        path = settings.post_password_file
        self._passwords = [(SecretFile(path, "PAGER_POST_PASSWORD_FILE", clock), post)] if path else []
        self.takes_password = path is not None
        self._check()

    def _check(self) -> None:
        for file, _ in [*self._tokens, *self._passwords]:
            try:
                file.digests()
            except NoSecretError as e:
                raise SettingError(f"{file.setting}: {file.path}: {e}; write the secret into it") from None
        for file, _ in self._passwords:
            lines = file.path.read_bytes().splitlines()
            if not all(b":" in line for line in lines if line.strip()):
                raise SettingError(f"{file.setting}: {file.path}: write `user:password`")

    @property
    def guarded(self) -> frozenset[Right]:
        """The rights that need a secret, whether or not its file is there. Reading and control go together."""
        rights = frozenset[Right]().union(*(may for _, may in [*self._tokens, *self._passwords]))
        return rights | {Right.READ, Right.CONTROL} if rights & {Right.READ, Right.CONTROL} else rights

    def token(self, text: bytes) -> Key | None:
        """What this token allows; None where it is nobody's. Raises NoSecretError where a file cannot say."""
        return self._find(_digest(text.strip()), self._tokens)

    def password(self, encoded: bytes) -> Key | None:
        """What this base64 of `user:password` allows. Raises as `token` does."""
        try:
            text = b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return None
        return self._find(_digest(text), self._passwords)

    def _find(self, digest: bytes, files: list[tuple[SecretFile, frozenset[Right]]]) -> Key | None:
        rights: frozenset[Right] = frozenset()
        gone: NoSecretError | None = None
        for file, may in files:
            try:
                rights |= may if file.holds(digest) else frozenset()
            except NoSecretError as e:
                gone = e
        if rights:
            return Key(digest, rights)
        if gone is not None:
            raise gone
        return None

    def still(self, key: Key) -> bool:
        """Whether what was shown once is still a secret with these rights."""
        try:
            found = self._find(key.digest, [*self._tokens, *self._passwords])
        except NoSecretError:
            return False
        return found is not None and found.rights >= key.rights


class Sessions:
    """Browsers that have logged in. `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[bytes, tuple[Key, float]] = OrderedDict()

    def open(self, key: Key) -> str:
        """A new session's cookie."""
        cookie = secrets.token_urlsafe(32)
        self._open[_digest(cookie.encode())] = key, self._clock() + LASTS
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return cookie

    def key(self, cookie: str) -> Key | None:
        """What was shown when this session was opened; None where it is over."""
        at = _digest(cookie.encode())
        key, until = self._open.get(at, (None, 0.0))
        if key is not None and self._clock() >= until:
            del self._open[at]
            return None
        return key

    def close(self, cookie: str) -> None:
        """End a session, if there is such."""
        self._open.pop(_digest(cookie.encode()), None)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
