"""Asking every Alertmanager of the rule book, again and again, and telling it of silences.

Each cluster has a task of its own, so that one that hangs keeps nothing else waiting. After a failure the next question
waits longer, up to SLOWEST times the usual.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from bridge.book.alertmanager import AlertmanagerModel
from bridge.core.alertmanager import Silence
from bridge.core.digest import printable
from bridge.model.errors import SettingError
from bridge.model.events import AlertEvent, Source
from bridge.sources.alertmanager import Alertmanager, AskError
from bridge.store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from bridge.book import Book
    from bridge.core.alertmanager import Known
    from bridge.core.conductor import Conductor
    from bridge.core.matchers import Matcher
    from bridge.model.events import Event, Rejected
    from bridge.runtime.writes import Writes
    from bridge.settings import Settings
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)

SLOWEST = 4
KEPT = 5_000
"""Silenced alerts that are remembered over a restart at most; of others the first answer tells."""
LONGEST = 300
"""Characters of an error that are shown."""


@dataclass(frozen=True, slots=True)
class Made:
    """A silence that was made: its id, where a person sees it, of which Alertmanager, its end (unix seconds)."""

    id: str
    url: str
    alertmanager: str
    until: float


@dataclass(slots=True)
class _One:
    known: Known
    source: Alertmanager
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


class Asking:
    """The Alertmanagers of one bridge."""

    def __init__(
        self,
        conductor: Conductor,
        metrics: Metrics,
        writes: Writes,
        *,
        clock: Callable[[], float],
        take: Callable[[list[Event | Rejected]], Coroutine[Any, Any, bool]],
        changed: Callable[[], None],
    ) -> None:
        self._conductor, self._metrics, self._writes = conductor, metrics, writes
        self._clock, self._take, self._changed = clock, take, changed
        self.clusters = conductor.clusters
        self._ones: list[_One] = []
        self._written = (0, 0)
        self._seen = (0, 0)
        self._closing: set[asyncio.Task[None]] = set()

    def begin(self, book: Book) -> None:
        """Begin to ask those of the rule book, after `conductor` has it. One that stays as it is goes on. Raises SettingError."""
        old = {id(one.known): one for one in self._ones}
        ones = []
        for model, known in zip(book.alertmanager, self.clusters.known, strict=True):
            one = old.get(id(known))
            if one is None or one.source.model != model:
                one = _One(known, Alertmanager(model, clock=self._clock))
            ones.append(one)
        for gone in self._ones:
            if gone not in ones:
                self._end(gone)
        self._ones = ones
        for one in ones:
            if one.task is None:
                one.task = asyncio.create_task(self._forever(one), name=f"ask {one.known.cluster.name}")

    async def stop(self) -> None:
        """Ask no more."""
        for one in self._ones:
            self._end(one)
        self._ones = []
        await asyncio.gather(*self._closing, return_exceptions=True)

    def check(self, book: Book) -> None:
        """Raises SettingError where a file that the rule book names cannot be used."""
        for model in book.alertmanager:
            Alertmanager.check(model)

    def recall(self, meta: Mapping[str, str]) -> None:
        """Begin with what the store remembers."""
        with contextlib.suppress(
            ValueError, TypeError
        ):  # an older or a damaged note is no reason not to start
            silenced = [(fp, Silence(*rest)) for fp, *rest in orjson.loads(meta.get("silenced", "[]"))]
            self.clusters.restore(silenced, orjson.loads(meta.get("receivers", "{}")))
        self._written = (self.clusters.version, self.clusters.learned)

    def remember(self, batch: Batch) -> None:
        """Write down what must be known after a restart."""
        kept = list(self.clusters.silenced.items())[:KEPT]
        rows = [(fp, s.id, s.by, s.comment, s.until) for fp, s in kept]
        batch.meta("silenced", orjson.dumps(rows).decode())
        ours = {one.cluster.name: list(one.receivers) for one in self.clusters.known}
        batch.meta("receivers", orjson.dumps(ours).decode())

    def came(self, items: Iterable[Event | Rejected]) -> None:
        """A webhook came: learn of its receiver; count one of an Alertmanager that is not asked."""
        for item in items:
            if isinstance(item, AlertEvent):
                if item.source is Source.ALERTMANAGER and self.clusters.came(
                    item.cluster, item.receiver, self._clock()
                ):
                    self._metrics.foreign.inc()
                return  # one webhook comes from one Alertmanager

    def tick(self) -> None:
        """Tell of what time alone has changed."""
        seen = (self.clusters.version, len(self.clusters.stale))
        if seen != self._seen:
            self._seen = seen
            self._metrics.stale.set(len(self.clusters.stale))
            self._changed()
        if (now := (self.clusters.version, self.clusters.learned)) != self._written:
            self._written = now
            with self._writes.later() as batch:
                self.remember(batch)

    def named(self, name: str) -> Known | None:
        """The cluster of one of its URLs."""
        name = name.rstrip("/")
        return next(
            (k for k in self.clusters.known if name in (*k.cluster.urls, *k.cluster.external_urls)), None
        )

    async def silence(
        self, known: Known, matchers: Sequence[Matcher], seconds: float, *, by: str, why: str, about: str = ""
    ) -> Made:
        """Make a silence in an Alertmanager, and ask it at once what that silences. Raises AskError."""
        one = self._one(known)
        who, comment = by or "singing-pager", why or "silenced with The Singing Pager"
        ident, until = await one.source.silence(matchers, who, comment, seconds)
        await self._deed("silence", about, by, why, until, silence=ident)
        await self._ask(one)
        return Made(ident, f"{known.cluster.name}/#/silences/{ident}", known.cluster.name, until)

    async def unsilence(self, ident: str, by: str) -> list[str]:
        """End a silence, wherever it is: the names of the clusters that had it. Raises AskError where one may have it."""
        ended, errors = [], []
        for one in list(self._ones):
            try:
                if await one.source.expire(ident):
                    ended.append(one.known.cluster.name)
                    await self._deed("unsilence", "", by, "", None, silence=ident)
                    await self._ask(one)
            except AskError as e:
                errors.append(str(e))
        if errors and not ended:
            raise AskError("; ".join(errors))
        return ended

    def state(self) -> list[dict[str, Any]]:
        """Every cluster, for the status. Times are unix seconds."""
        return [
            {
                "urls": list(known.cluster.urls),
                "external_urls": list(known.cluster.external_urls),
                "ok": known.ok,
                "last": known.last,
                "error": known.error[:LONGEST],
                "failed": known.failed,
                "silences": known.silences,
                "receivers": sorted(known.asked),
            }
            for known in self.clusters.known
        ]

    def foreign(self) -> list[dict[str, Any]]:
        """Alertmanagers that send and are in no entry of `alertmanager:`."""
        return [
            {"external_url": printable(url), "count": count, "last": last}
            for url, (count, last) in self.clusters.foreign.items()
        ]

    def _one(self, known: Known) -> _One:
        one = next((one for one in self._ones if one.known is known), None)
        if one is None:
            raise AskError(f"{known.cluster.name}: the rule book has just changed; try again")
        return one

    async def _deed(
        self, what: str, fingerprint: str, by: str, why: str, until: float | None, *, silence: str
    ) -> None:
        batch = Batch()
        batch.deed(self._clock(), what, fingerprint, by, why, until, about={"silence": silence})
        await self._writes.commit(batch)

    async def _forever(self, one: _One) -> None:
        while True:
            await self._ask(one)
            every = one.source.model.seconds
            await asyncio.sleep(every * min(SLOWEST, 2 ** max(0, min(one.known.failed, 10) - 1)))

    async def _ask(self, one: _One) -> None:
        async with one.lock:
            try:
                await self._ask_once(one)
            except AskError as e:
                self._failed(one.known, str(e))
            except Exception as e:
                log.exception("the answer of %s cannot be used", one.known.cluster.name)
                self._failed(one.known, f"the answer cannot be used ({type(e).__name__})")
        self._changed()

    async def _ask_once(self, one: _One) -> None:
        known, conductor = one.known, self._conductor
        firing = list(self.clusters.mine(known, conductor.engine.active))
        answer = await one.source.ask(self.clusters.receivers(known), firing)
        if known.failed:
            log.info("%s answers again", known.cluster.name)
        now = self._clock()
        decided = conductor.asked(known, answer, now)
        self._metrics.polls.labels("ok").inc()
        with self._writes.later() as batch:
            for fingerprint, silence, begins in decided.silences:
                what, until = ("silenced", silence.until) if begins else ("unsilenced", None)
                about = {"silence": silence.id} if silence.id else None
                batch.deed(now, what, fingerprint, silence.by, silence.comment, until, about=about)
        if decided.events:
            # Shielded: a reload that comes between deciding and sounding must not cut a batch in two.
            await asyncio.shield(self._take(list(decided.events)))

    def _failed(self, known: Known, error: str) -> None:
        if not known.failed:
            log.warning("cannot ask Alertmanager: %s", error)
        self.clusters.failed(known, error, self._conductor.engine.active, self._clock())
        self._metrics.polls.labels("failed").inc()

    def _end(self, one: _One) -> None:
        if one.task is not None:
            one.task.cancel()
        self._spawn(one.source.close())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def with_setting(book: Book, settings: Settings) -> Book:
    """The rule book, with the Alertmanager of the settings where it names none itself. Raises SettingError."""
    if book.alertmanager or not settings.alertmanager_url.strip():
        return book
    urls, external = (
        [word.strip() for word in text.split(",") if word.strip()]
        for text in (settings.alertmanager_url, settings.alertmanager_external_url)
    )
    try:
        model = AlertmanagerModel(urls=urls, external_urls=external)
    except ValueError:
        raise SettingError(
            "PAGER_ALERTMANAGER_URL or PAGER_ALERTMANAGER_EXTERNAL_URL is no list of URLs; "
            "write http://alertmanager:9093, several with a comma between them"
        ) from None
    return book.model_copy(update={"alertmanager": [model]})
