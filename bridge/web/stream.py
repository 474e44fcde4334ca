"""`WS /api/v1/stream`: how a page hears. The protocol is docs/stream.md."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from bridge.core import filters
from bridge.runtime.sounding import voices
from bridge.runtime.state import status
from bridge.sinks.browser import BrowserPlayer
from bridge.web.answers import bye

if TYPE_CHECKING:
    from bridge.model.player import Filter, Level
    from bridge.runtime import Runtime

log = logging.getLogger(__name__)
router = APIRouter()

STATE_EVERY = 0.2
"""Seconds between two states at least; changes in between are one state."""
SHOWN = 300
"""Alerts in a state: in a flood a page gets the worst of them, and how many there are."""
LEFT_OUT = frozenset({"links"})
"""What a page asks for when somebody looks at an alert: with 300 of them it would double every state."""
VOICES = 24
"""Voices in a state, the newest."""
STUCK = 20.0
"""Seconds that a page may leave its connection full; the pings of the connection are stuck behind what it does not read."""
UNSUPPORTED, TOO_SLOW = 1003, 1013
_numbers = itertools.count(1)


class BadFrameError(Exception):
    """A frame that is not of the protocol."""


@router.websocket("/api/v1/stream")
async def stream(socket: WebSocket) -> None:
    """One page."""
    runtime: Runtime = socket.app.state.runtime
    await socket.accept()
    player = BrowserPlayer(next(_numbers), runtime.room.answered, socket.app.state.sheet)
    runtime.room.join(player)
    works = (_receive(socket, runtime, player), _states(socket, runtime, player), _send(socket, player))
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        runtime.room.leave(player)
        runtime.changed()
    if bad := next((end for end in ends if isinstance(end, BadFrameError)), None):
        await _close(socket, UNSUPPORTED, str(bad))
    elif tasks[0] not in done:  # the page has not gone by itself; one that does not read may be dead
        await _close(socket, TOO_SLOW, "too slow: messages piled up; connect again")


async def _receive(socket: WebSocket, runtime: Runtime, player: BrowserPlayer) -> None:
    while True:
        frame = await socket.receive()
        if frame["type"] == "websocket.disconnect":
            return
        message = _message(frame.get("text"))
        match message:
            case {"type": "listening", "on": bool(on)}:
                player.title = str(message.get("name", ""))[:64]
                player.level = _level(message.get("level", player.level))
                player.filter = _filter(message["filter"]) if "filter" in message else player.filter
                await runtime.duty.named(player, str(message.get("page") or "")[:64])
                player.listening = on
                standing = runtime.conductor.standing()
                runtime.room.hush(standing)  # only now is it known who this is
                player.rebed(standing)
                if not on or message.get("slept"):
                    runtime.room.stopped(player)
                runtime.changed()
            case {"type": "whole"}:
                player.whole(runtime.conductor.standing())
            case {"type": "ack", "id": str(play_id), "status": "played" | "muted" | "failed" as status}:
                player.acknowledged(play_id, status)
            case {"type": "ping"}:
                player.answer({"type": "pong", "now": runtime.clock()})
            case _:
                raise BadFrameError("expected listening, whole, ack or ping; see docs/stream.md")


def _level(word: object) -> Level:
    match word:
        case "cues" | "heartbeat" | "everything":
            return word
    raise BadFrameError("listening: level is cues, heartbeat or everything; see docs/stream.md")


def _filter(told: object) -> Filter | None:
    try:
        return filters.read(told)
    except ValueError as e:
        raise BadFrameError(f"listening: {e}; see docs/stream.md") from None


def _message(text: str | None) -> Any:
    try:
        return orjson.loads(text or "")
    except orjson.JSONDecodeError:
        raise BadFrameError("a frame is one JSON object as text") from None


async def _states(socket: WebSocket, runtime: Runtime, player: BrowserPlayer) -> None:
    """The state at once, and again after changes; until the page is too slow for what is sent to it."""
    states: States = socket.app.state.states
    seen = -1
    while not player.slow:
        async with runtime.changes:
            await runtime.changes.wait_for(lambda: runtime.version != seen)  # noqa: B023 # evaluated while this turn lasts
        seen = runtime.version
        player.state(states.text(runtime))
        await asyncio.sleep(STATE_EVERY)


class States:
    """The `state` message as text, made once for every page that asks about the same change in the same second."""

    def __init__(self) -> None:
        self._of: tuple[int, int] | None = None
        self._text = ""

    def text(self, runtime: Runtime) -> str:
        """The message of now. Its `now` may be up to a second old."""
        of = runtime.version, int(runtime.clock())
        if of != self._of:
            self._of, self._text = of, orjson.dumps(state(runtime)).decode()
        return self._text


def state(runtime: Runtime) -> dict[str, Any]:
    """The `state` message."""
    found = status(runtime, SHOWN)
    keys = (
        "now",
        "firing",
        "counts",
        "hears",
        "watchdog",
        "watch",
        "who",
        "bed",
        "cadence",
        "mutes",
    )
    told = {key: found[key] for key in keys}
    told["firing"] = [{key: alert[key] for key in alert if key not in LEFT_OUT} for alert in told["firing"]]
    told["bed"] = told["bed"] | {"voices": len(runtime.voices.sounding)}
    return {"type": "state", "mqtt": found["mqtt"]["state"], "voices": voices(runtime, VOICES), **told}


async def _send(socket: WebSocket, player: BrowserPlayer) -> None:
    """What waits for the page; until it takes nothing any more."""
    while True:
        for message in await player.next():
            try:
                async with asyncio.timeout(STUCK):
                    await (
                        socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message)
                    )
            except (RuntimeError, WebSocketDisconnect):
                await asyncio.Event().wait()  # it has gone: `_receive` says so
            except TimeoutError:
                return


async def _close(socket: WebSocket, code: int, why: str) -> None:
    log.info("page cut: %s", why)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(1.0):  # a page that does not read cannot be told
            await socket.send_text(bye(why))
            await socket.close(code, why)
