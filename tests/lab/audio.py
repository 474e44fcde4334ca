"""A private JACK, the engine as a user starts it, what it answers, and a recording of what it plays."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from lab.programs import Program, free_udp_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

ROOT = Path(__file__).parents[2]
_numbers = itertools.count()
RUN = ROOT / "supercollider" / "run"


class Talk:
    """A UDP socket of a sender: sends OSC to the engine and reads what comes back."""

    def __init__(self, port: int, session: str = "test") -> None:
        self.session = session
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._seq = 0

    def send(self, address: str, *args: float | str) -> None:
        """One message. Whole numbers go as int32, others as float32."""
        builder = OscMessageBuilder(address)
        for arg in args:
            builder.add_arg(arg)
        with contextlib.suppress(ConnectionRefusedError):
            self._socket.send(builder.build().dgram)

    def read(self, deadline: float = 1.0) -> tuple[str, list[Any]] | None:
        """The next answer as (address, arguments), or None when none comes in time."""
        self._socket.settimeout(deadline)
        with contextlib.suppress(TimeoutError, ConnectionRefusedError):
            message = OscMessage(self._socket.recv(65536))
            return message.address, list(message.params)
        return None

    def ask(self, address: str, *args: float | str, deadline: float = 10.0) -> list[Any]:
        """The arguments of the answer of that address; asked again until it comes."""

        def answered() -> list[Any] | None:
            self.send(address, *args)
            while answer := self.read(0.3):
                if answer[0] == address:
                    return answer[1]
            return None

        return wait_for(answered, f"an answer to {address}", deadline)

    def order(self, address: str, *args: float | str, seq: int | None = None, deadline: float = 10.0) -> str:
        """Send with session and seq, again every 0.3 s until it is acknowledged; the status."""
        self._seq += 1
        number = self._seq if seq is None else seq

        def acknowledged() -> str | None:
            self.send(address, *args, "session", self.session, "seq", number)
            while answer := self.read(0.3):
                if answer == ("/ack", [self.session, number, answer[1][-1]]):
                    return str(answer[1][-1])
            return None

        return wait_for(acknowledged, f"an acknowledgement of {address} {args}", deadline)

    def hello(self, deadline: float = 10.0) -> dict[str, Any]:
        """What the engine says of itself."""
        return _pairs(self.ask("/hello", "session", self.session, "proto", 1, deadline=deadline))

    def stats(self) -> dict[str, Any]:
        """The engine's counters."""
        return _pairs(self.ask("/stats"))

    def close(self) -> None:
        self._socket.close()


def _pairs(args: list[Any]) -> dict[str, Any]:
    return dict(zip(args[::2], args[1::2], strict=True))


class Engine(Program):
    """`supercollider/run` on free ports. `port` is sclang's."""

    def __init__(
        self,
        folder: Path,
        *,
        driver: str = "host",
        port: int | None = None,
        scsynth_port: int | None = None,
        env: dict[str, str] | None = None,
        run: Path = RUN,
        jack: str | None = None,
    ) -> None:
        """Start it; `driver` is what it tells of itself (`dummy`: nobody can hear it).

        `jack` names a JACK that runs already; one machine holds eight of them at most.
        """
        self.port = port or free_udp_port()
        self.scsynth_port = scsynth_port or free_udp_port()
        self.mark = f"pager-test-{os.getpid()}-{next(_numbers)}"
        self.jack = jack or self.mark
        settings = {
            "OSC_PORT": str(self.port),
            "PAGER_SCSYNTH_PORT": str(self.scsynth_port),
            "PAGER_AUDIO_DRIVER": driver,
            "JACK_DEFAULT_SERVER": self.jack,
            "PAGER_TEST": self.mark,
        }
        super().__init__(
            [run] if jack else [run, "--dummy-jack"], folder, name="engine", env=settings | (env or {})
        )

    def ready(self, deadline: float = 30.0) -> None:
        """Wait until it plays."""
        self.says("READY osc=", deadline)

    def stop(self, deadline: float = 8.0) -> None:
        """End it, and remove the 8 MB of shared memory that a killed scsynth leaves."""
        super().stop(deadline)
        if "READY osc=" in self.log:
            Path(f"/dev/shm/SuperColliderServer_{self.scsynth_port}").unlink(missing_ok=True)

    @property
    def scsynth(self) -> int:
        """The pid of the scsynth that runs now."""
        return int(re.findall(r"READY.* pid=(\d+)", self.log)[-1])

    @contextlib.contextmanager
    def talk(self, session: str = "test") -> Iterator[Talk]:
        """A sender of its own."""
        talk = Talk(self.port, session)
        try:
            yield talk
        finally:
            talk.close()

    @contextlib.contextmanager
    def recording(self, path: Path) -> Iterator[Recording]:
        """Record the engine's output while the block runs; `sound()` of what is yielded gives it afterwards."""
        env = os.environ | {"JACK_DEFAULT_SERVER": self.jack, "JACK_NO_START_SERVER": "1"}
        command = ["jack_capture", "-c", "2", "-p", "SuperCollider:out_*", "-dc", "-ns", str(path)]
        with path.with_suffix(".log").open("wb") as log:
            capture = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_for(lambda: path.exists() and path.stat().st_size > 4096, "the recording has begun")
            yield Recording(path)
        finally:
            capture.terminate()
            capture.wait(10)


class Recording:
    """A float32 WAV of two channels that is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sound(self) -> tuple[np.ndarray, int]:
        """Samples (frames, 2) and the rate. Only after the block of `recording` has ended."""
        samples, rate = soundfile.read(self.path, always_2d=True)
        return samples, rate


@contextlib.contextmanager
def engine(folder: Path, **settings: Any) -> Iterator[Engine]:
    """A running engine, gone afterwards with everything it started."""
    with Engine(folder, **settings) as running:
        running.ready()
        yield running


@contextlib.contextmanager
def dummy_jack(folder: Path, name: str | None = None) -> Iterator[str]:
    """A JACK without a device; yields its name, for JACK_DEFAULT_SERVER.

    One that ended while a client was connected, or was killed, keeps its name in a register with room for eight.
    Starting and ending one of the same `name` frees it.
    """
    name = name or f"pager-test-{os.getpid()}-jack-{next(_numbers)}"
    env = {"JACK_DEFAULT_SERVER": name, "JACK_NO_AUDIO_RESERVATION": "1"}
    with Program(
        ["jackd", "-r", "-p", "64", "-d", "dummy", "-r", "48000", "-p", "256"], folder, env=env
    ) as jack:
        wait = ["jack_wait", "-w", "-t", "10"]
        subprocess.run(wait, env=os.environ | env, check=True, capture_output=True)
        assert jack.returncode() is None, jack.log
        yield name


def belongings(engine: Engine) -> list[int]:
    """The pids of an engine and of whatever it started: all that has its mark in the environment."""
    mark = f"PAGER_TEST={engine.mark}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found
