"""Who is told when a verdict has changed, or a finding opens or is gone: alerts wait in line, are signed, and are tried again within bounds."""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from bellrock.diagnosis.ledger import Event
from bellrock.diagnosis.standing import view
from bellrock.model import Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.post import Undelivered, context_of, parse_url, post
from bellrock.region.service.probes import Alert
from bellrock.region.service.probeshapes import WebhookView
from bellrock.region.service.wishes import check_flows
from bellrock.region.store import ProbeStore, Standing, WebhookRow

MAX_WEBHOOKS: Final = 16
MAX_WAITING: Final = 1000
"""Alerts that wait for one webhook; the oldest are lost, and counted."""
BATCH: Final = 100
"""Alerts in one delivery."""
PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0, 60.0)
"""Seconds between the tries of one delivery; after the last it is given up."""
VERDICTS: Final = "verdicts"
FINDINGS: Final = "findings"
"""Kinds of delivery."""
SIGNATURE: Final = "Bellrock-Signature"

log = logging.getLogger(__name__)


class TooManyWebhooks(ValueError):  # noqa: N818 -- says what it is
    """No more are kept: how many there are."""


class Webhook:
    """One of them, with what waits for it."""

    def __init__(self, row: WebhookRow) -> None:
        self.row = row
        self.url = parse_url(row.url)
        self.tls = context_of(row.authority) if self.url.scheme == "https" else None
        self.waiting: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MAX_WAITING)
        """Kind and content of each alert."""
        self.more = asyncio.Event()
        self.delivered = self.failed = 0
        """Alerts."""
        self.last = ""

    def push(self, kind: str, alert: dict[str, Any]) -> None:
        """One more waits."""
        self.failed += len(self.waiting) == MAX_WAITING
        self.waiting.append((kind, alert))
        self.more.set()

    def take(self) -> tuple[str, list[dict[str, Any]]]:
        """The next alerts to be delivered together: of one kind, in order."""
        kind, first = self.waiting.popleft()
        batch = [first]
        while self.waiting and self.waiting[0][0] == kind and len(batch) < BATCH:
            batch.append(self.waiting.popleft()[1])
        return kind, batch

    def view(self) -> WebhookView:
        """As the API tells it: without its secret."""
        return WebhookView(
            id=self.row.id, url=self.row.url, flows=self.row.flows, by=self.row.by, waiting=len(self.waiting),
            delivered=self.delivered, failed=self.failed, last=self.last,
        )  # fmt: skip


class Webhooks:
    """All of them, each with a worker of its own, so that one that does not answer holds up no other."""

    def __init__(
        self, store: ProbeStore, rows: Iterable[WebhookRow], region: str, clock: Callable[[], Wall],
        names: Callable[[], Mapping[str, str]],
    ) -> None:  # fmt: skip
        """`region`: its name; `names`: of agents, by id."""
        self._store = store
        self._region = region
        self._clock = clock
        self._names = names
        self._hooks = {row.id: Webhook(row) for row in rows}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._complaints = Limited(30.0)

    async def run(self) -> None:
        """Deliver, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for hook in self._hooks.values():
                self._start(hook)
            await asyncio.get_running_loop().create_future()

    @property
    def all(self) -> Sequence[Webhook]:
        """In the order in which they were made."""
        return sorted(self._hooks.values(), key=lambda hook: (hook.row.created, hook.row.id))

    def views(self) -> list[WebhookView]:
        """As the API tells them."""
        return [hook.view() for hook in self.all]

    async def add(self, url: str, flows: Sequence[str], authority: str, by: str) -> WebhookRow:
        """A new one, with the secret that signs what is sent to it; it is shown this once.

        Raises:
            BadUrl, Unaskable, TooManyWebhooks: it cannot be kept.
            NotStored: the disk does not take it.
        """
        check_flows(flows)
        if len(self._hooks) >= MAX_WEBHOOKS:
            raise TooManyWebhooks(f"there are {MAX_WEBHOOKS} webhooks already; remove one")
        row = WebhookRow(
            id=f"w-{secrets.token_hex(4)}", url=url, secret=secrets.token_urlsafe(32), flows=tuple(flows),
            authority=authority, created=self._clock(), by=by,
        )  # fmt: skip
        hook = Webhook(row)
        await self._store.save_webhook(row)
        self._hooks[row.id] = hook
        self._start(hook)
        return row

    async def remove(self, identity: str) -> bool:
        """Tell it no more; False: there is none.

        Raises:
            NotStored: the disk does not take it.
        """
        if identity not in self._hooks:
            return False
        await self._store.remove_webhook(identity)
        del self._hooks[identity]
        if worker := self._workers.pop(identity, None):
            worker.cancel()
        return True

    async def test(self, identity: str) -> str | None:
        """Deliver a test at once, once; what became of it, None where there is no such webhook."""
        hook = self._hooks.get(identity)
        if hook is None:
            return None
        try:
            return f"delivered: status {await self._post(hook, [], kind='test')}"
        except Undelivered as error:
            return f"not delivered: {error}"

    def tell(self, alerts: Sequence[Alert]) -> None:
        """These verdicts changed, and stayed so."""
        names, now = self._names(), self._clock()
        for hook in self._hooks.values():
            for one, before in alerts:
                if not hook.row.flows or one.flow in hook.row.flows:
                    hook.push(VERDICTS, _alert(one, before, names, now))

    def tell_findings(self, events: Sequence[Event]) -> None:
        """These findings opened, are gone, or come and go. Who wants to know of some flows only is told of findings about those."""
        now = self._clock()
        for hook in self._hooks.values():
            for event in events:
                if not hook.row.flows or event.entry.finding.flow in hook.row.flows:
                    hook.push(FINDINGS, _of_finding(event, now))

    def _start(self, hook: Webhook) -> None:
        if self._tasks is not None:
            self._workers[hook.row.id] = self._tasks.create_task(self._work(hook), name=f"webhook {hook.row.id}")

    async def _work(self, hook: Webhook) -> None:
        while True:
            hook.more.clear()
            while hook.waiting:
                await self._deliver(hook, *hook.take())
            await hook.more.wait()

    async def _deliver(self, hook: Webhook, kind: str, batch: list[dict[str, Any]]) -> None:
        for pause in (*PAUSES, None):
            try:
                hook.last = str(await self._post(hook, batch, kind))
            except Undelivered as error:
                hook.last = str(error)
                if pause is None or not error.again:
                    break
                await asyncio.sleep(pause)
            else:
                hook.delivered += len(batch)
                return
        hook.failed += len(batch)
        if self._complaints.may():
            log.warning(line("webhook-failed", webhook=hook.row.id, why=hook.last, lost=len(batch)))

    async def _post(self, hook: Webhook, batch: list[dict[str, Any]], kind: str) -> int:
        body = msgspec.json.encode(
            {"type": kind, "region": self._region, "sent": self._clock(), "webhook": hook.row.id, "alerts": batch}
        )
        headers = {
            "Content-Type": "application/json", "User-Agent": "bellrock",
            SIGNATURE: signature(hook.row.secret, int(self._clock()), body),
        }  # fmt: skip
        return await post(hook.url, hook.tls, body, headers)


def signature(secret: str, now: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 under the secret's characters over `SECONDS.BODY`, so that neither can be changed or sent again later."""
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


def _alert(one: Standing, before: str, names: Mapping[str, str], now: Wall) -> dict[str, Any]:
    return {
        "agent": names.get(one.agent, one.agent), "flow": one.flow, "target": one.target, "protocol": one.protocol,
        "variant": one.variant, "expected": one.expected, "before": before, "verdict": one.verdict.value,
        "detail": one.detail, "since": one.since, "at": now,
    }  # fmt: skip


def _of_finding(event: Event, now: Wall) -> dict[str, Any]:
    return {"event": event.kind, "finding": msgspec.to_builtins(view(event.entry)), "at": now}
