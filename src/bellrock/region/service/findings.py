"""What is wrong by all that the region knows: judged at calm intervals, remembered, and told when it opens or is gone."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from bellrock.diagnosis.absorption import place
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.findings import Judged, judge_all
from bellrock.diagnosis.findings_document import key, key_at
from bellrock.diagnosis.ledger import Entry, Event, Ledger, Looked
from bellrock.diagnosis.standing import DiagnosisView, FindingsView, FindingView, view
from bellrock.model import Finding, Monotonic, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.diagnoses import HANDED_IN, HOLDS, Diagnoses
from bellrock.region.service.findingviews import Wanted
from bellrock.region.store import FindingStore, LoadedFindings, NotStored

CALM: Final = 2.0
"""Seconds between two looks, however much changes, and as long as something is new or missing."""
REST: Final = 9.0
"""Times the CPU seconds that judging took: the pause after it, so that a large site in which something always changes costs a tenth of a core."""
MAX_REST: Final = 60.0
"""Seconds of that pause at most: on a site that takes longer than this allows for, findings that are old are worse than a busy core."""
EVERY: Final = 10.0
"""Seconds between two looks where nothing changes: time itself makes some findings."""
SETTLE: Final = 60.0
"""Seconds after the start, at most, in which agents come back: until all have, what is not seen yet is not gone."""
NODE: Final = "node "
"""How the origin of what a node told of itself begins."""

log = logging.getLogger(__name__)


class Findings:
    """Looks, remembers and tells."""

    def __init__(
        self, store: FindingStore, loaded: LoadedFindings, case: Callable[[], Awaitable[Case]], nodes: Callable[[], Mapping[str, tuple[Finding, ...]]],
        away: Callable[[], Collection[str]], clock: Callable[[], Wall], mono: Callable[[], Monotonic], changed: Callable[[], None],
        gathered: Callable[[], float] = lambda: 0.0,
    ) -> None:  # fmt: skip
        """`nodes`: what nodes told of themselves lately, by name; `away`: names of agents that are known and not connected; `changed`: there is news.

        `gathered`: CPU seconds that the last case took to be made.
        """
        self._store = store
        self._case = case
        self._gathered = gathered
        self._nodes = nodes
        self._away = away
        self._clock = clock
        self._mono = mono
        self._changed = changed
        self._began = mono()
        self._ledger = Ledger(loaded.entries)
        self._diagnoses = Diagnoses(store, loaded.diagnoses, clock)
        self._awaited: frozenset[str] = frozenset()
        """Agents that were away when it began."""
        self._more = asyncio.Event()
        self._more.set()  # the first look is at once
        self._unwritten: dict[str, Entry] = {}
        self._forgotten: dict[str, None] = {}
        self._complaints = Limited(30.0)
        self.listeners: list[Callable[[Sequence[Event]], None]] = []
        """Told of what opened, is gone, or comes and goes."""
        self.looked: Wall | None = None
        """When the last look began."""
        self.took = 0.0
        """Seconds that it took to judge."""
        self._spent = 0.0
        """CPU seconds of that, and of what came before it and after: a process that was stopped and a database that hung cost none, and are no reason to rest."""
        self.missed = 0
        """Looks that failed since the last one that did not."""
        self.failed = 0
        """Looks that failed since the start."""
        self.events: Counter[str] = Counter()
        """Since the start, by kind."""
        self.faults: Counter[str] = Counter()
        """Rules and parts of the case that failed, by id."""
        self.turned: set[str] = set()
        """Keys of those that are told otherwise since somebody emptied this; "": what is said beside them is."""
        self._failed: set[str] = set()
        """Rules that failed in this look: what they found before may be there."""

    async def run(self) -> None:
        """Look, until cancelled; never twice at once."""
        while True:
            try:
                async with asyncio.timeout(CALM if self._ledger.unsettled else EVERY):
                    await self._more.wait()
            except TimeoutError:
                pass
            self._more.clear()
            try:
                await self.look()
            except Exception as error:  # what goes wrong here is no reason to serve nobody
                self.missed += 1
                self.failed += 1
                self.turned.add("")
                self._changed()
                if self._complaints.may():
                    # A database that is away is no fault of ours, and needs no traceback.
                    ours = None if isinstance(error, NotStored) else error
                    said = line("look-failed", error=str(error), effect="findings stay as they were")
                    log.log(logging.ERROR, said, exc_info=ours)
            await asyncio.sleep(self.rest)

    @property
    def rest(self) -> float:
        """Seconds of pause before the next look, whatever is new."""
        return min(max(CALM, REST * self._spent), MAX_REST)

    def stir(self) -> None:
        """Something is known that was not: look soon."""
        self._more.set()

    async def hand_in(self, source: str, findings: tuple[Finding, ...], by: str) -> DiagnosisView:
        """Take in what somebody found in a capture.

        Raises:
            NotStored: the disk does not take it.
        """
        row = await self._diagnoses.put(source, findings, by)
        self.stir()
        return DiagnosisView(source, len(findings), row.at, Wall(row.at + HOLDS))

    def view(self, wanted: Wanted | None = None) -> FindingsView:
        """What is wrong; unless asked otherwise, what stands."""
        takes = (wanted or Wanted()).takes
        return FindingsView(tuple(view(one) for one in self._ledger.entries if takes(one)), self.looked, self.missed)

    def some(self, keys: Collection[str]) -> list[FindingView]:
        """Those of these keys that stand."""
        takes = Wanted().takes
        return [view(one) for one in self._ledger.entries if one.key in keys and takes(one)]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that are remembered."""
        return self._ledger.entries

    def told(self) -> Iterator[Finding]:
        """All that are remembered, and those that nodes and others have told of and nobody has judged yet."""
        yield from (one.finding for one in self.entries)
        yield from (one for one, _ in self._diagnoses.found())
        yield from (one for found in self._nodes().values() for one in found)

    async def look(self) -> None:
        """Judge what is known now. `run` does; one look at a time."""
        at = self._clock()
        if self.looked is None:
            self._awaited = frozenset(self._away())
        case, nodes = await self._case(), {f"{NODE}{name}": found for name, found in self._nodes().items()}
        more = [*self._diagnoses.found(), *((one, origin) for origin, found in nodes.items() for one in found)]
        began = time.monotonic()
        self._failed.clear()
        judged, spent = await asyncio.to_thread(self._judge, case, more)
        self.took = time.monotonic() - began
        began = time.thread_time()
        looked = self._take(judged, nodes)
        self.looked = at
        self.missed = 0
        self._tell(looked)
        self._spent = self._gathered() + spent + time.thread_time() - began
        await self.flush()

    def _judge(self, case: Case, more: Sequence[tuple[Finding, str]]) -> tuple[Judged, float]:
        """What is found, and the CPU seconds of the thread that this runs in."""
        began = time.thread_time()
        return judge_all(case, (), self.fault, more), time.thread_time() - began

    async def flush(self) -> None:
        """Write what is worth keeping; what the disk does not take waits."""
        pending, self._unwritten = self._unwritten, {}
        forgotten, self._forgotten = self._forgotten, {}
        try:
            await self._store.keep(pending.values(), forgotten)
            await self._diagnoses.sweep()
        except NotStored as error:
            self._unwritten = pending | self._unwritten
            self._forgotten = forgotten | self._forgotten
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="findings are kept in memory"))  # noqa: TRY400

    def _take(self, judged: Judged, nodes: Collection[str]) -> Looked:
        into = {key_at(symptom): key_at(cause) for symptom, cause in judged.into.items()}
        found = [(one, judged.origins.get(place(one), "")) for one in judged.findings]
        return self._ledger.look(found, into, self._blind(nodes), self._clock())

    def _blind(self, nodes: Collection[str]) -> Callable[[Entry], bool]:
        away, held = self._away(), self._diagnoses.held
        settling = bool(self._awaited & set(away)) and self._mono() - self._began < SETTLE

        def blind(one: Entry) -> bool:
            if one.origin.startswith(HANDED_IN):
                return one.origin not in held
            if one.origin.startswith(NODE):
                return one.origin not in nodes
            return settling or one.finding.host in away or one.finding.id in self._failed

        return blind

    def _tell(self, looked: Looked) -> None:
        self._unwritten |= {one.key: one for one in looked.changed}
        self._forgotten |= dict.fromkeys(looked.forgotten)
        for identity in looked.forgotten:
            self._unwritten.pop(identity, None)
        for event in looked.events:
            self.events[event.kind] += 1
            one = event.entry.finding
            log.info(line(f"finding-{event.kind}", key=key(one), severity=one.severity.value, what=one.what))
        if looked.events:
            for listener in self.listeners:
                listener(looked.events)
        if looked.changed or looked.forgotten:
            self.turned |= {one.key for one in looked.changed} | set(looked.forgotten)
            self._changed()

    def fault(self, rule: str, error: Exception) -> None:
        """A rule failed, or a part of what is judged cannot be had. Called in the thread that judges as well."""
        self.faults[rule] += 1
        self._failed.add(rule)
        if self.faults[rule] == 1:
            log.error(line("rule-fault", rule=rule, effect="it finds nothing new"), exc_info=error)
