"""Snap stores: whether the API that snapd asks is there, and is of the right shape (api.snapcraft.io/docs), directly or by a proxy."""

import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct, structs

from bellrock.link.clock import wall
from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.proxied import PROXY_OPTIONS, Denied, no_tunnel, proxy
from bellrock.probe.url import UrlError, url
from bellrock.probe.values import Ask, Found, Option, PlanError, Probe, Unexpected
from bellrock.probe.visit import TLS_OPTION, Place, Visit, place
from bellrock.probe.web import ends_soon, load, refused
from bellrock.wire.text import printable

OPTIONS: Final = (
    Option("snap", "the snap that is asked for; default core22"),
    Option("arch", "architecture that nodes need: amd64; default: not looked at"),
    TLS_OPTION,
    *PROXY_OPTIONS,
    *tls.OPTIONS,
)  # fmt: skip
MAX_ANSWER: Final = 4 * 1024 * 1024
_NAME: Final = re.compile(r"(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
"""snapcraft.io/docs/the-snap-format: small letters, digits, dashes between; at least one letter."""
_FIELDS: Final = "architectures,revision,version,download,snap-id"
_SERIES: Final = (("Snap-Device-Series", "16"),)
"""There is no other series; without it the store refuses to answer."""


T = TypeVar("T")


class Download(Struct):
    """Where a revision comes from."""

    url: str = ""
    size: int | None = None


class Channel(Struct):
    """A track and risk for one architecture."""

    name: str = ""
    architecture: str = ""


class Revision(Struct):
    """What a channel holds."""

    channel: Channel
    revision: int
    version: str = ""
    download: Download | None = None


class Info(Struct, rename="kebab"):
    """The store's answer to `/v2/snaps/info/NAME`."""

    channel_map: list[Revision]
    name: str
    snap_id: str = ""


class Mistake(Struct):
    """One thing that the store does not like."""

    code: str = ""
    message: str = ""


class Mistakes(Struct, rename="kebab"):
    """Its answer when it has none."""

    error_list: list[Mistake]


class Plan(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    place: Place
    snap: str
    arch: str


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is wrong.
    """
    given = read(ask, OPTIONS)
    snap = given.text("snap", "core22")
    if not _NAME.fullmatch(snap) or len(snap) > 40:
        raise PlanError(f"snap: option snap takes the name of a snap, and not {snap[:64]!r}")
    there = structs.replace(place(ask, given), trust=True, proxy=proxy(given))
    return Plan(place=there, snap=snap, arch=given.text("arch"))


async def run(planned: Plan, net: Net) -> tuple[Found, ...]:
    """Asks once."""
    async with Visit(net, planned.place) as visit:
        try:
            answer, _ = await visit.followed(
                f"/v2/snaps/info/{planned.snap}?fields={_FIELDS}", most=MAX_ANSWER, headers=_SERIES
            )
        except Denied as error:
            return (no_tunnel(error),)
        facts = answer.facts() | visit.facts()
        return (_judged(planned, visit, answer, facts),)


def _judged(planned: Plan, visit: Visit, answer: Answer, facts: dict[str, Any]) -> Found:
    if (mistakes := _read(answer, Mistakes)) is not None:
        return _refusal(planned, answer, mistakes, facts)
    if (found := refused(answer, "snap API", facts)) is not None:
        return found
    info = _read(answer, Info)
    if info is None or not info.channel_map:
        raise Unexpected(
            f"it is no snap store: it answers /v2/snaps/info with {answer.header('content-type') or 'something'} of another shape"
        )
    facts |= _told(info)
    why = _unfit(planned, info) or ends_soon(visit.session, wall())
    if why:
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts)
    detail = f"it is a snap store, and has {planned.snap} for {', '.join(facts['architectures'])}"
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)


def _refusal(planned: Plan, answer: Answer, mistakes: Mistakes, facts: dict[str, Any]) -> Found:
    """It is a store; whether that is enough."""
    codes = [printable(mistake.code.encode()) for mistake in mistakes.error_list[:8]]
    facts = facts | {"errors": codes}
    said = "; ".join(
        printable(mistake.message.encode()) or code
        for mistake, code in zip(mistakes.error_list[:8], codes, strict=True)
    )
    if answer.status == 401:
        return Found(
            verdict=Verdict.AUTHENTICATION_NEEDED,
            detail=f"it is a snap store, and wants credentials: {said}",
            facts=facts,
        )
    if answer.status == 404:
        return Found(
            verdict=Verdict.DEGRADED, detail=f"it is a snap store, but has no {planned.snap}: {said}", facts=facts
        )
    why = f"{answer.said}: {said}" if said else answer.said
    return Found(verdict=Verdict.DEGRADED, detail=f"it is a snap store, but refuses: {why}", facts=facts)


def _read(answer: Answer, kind: type[T]) -> T | None:
    """The body, if it is whole and of this shape."""
    if not answer.complete:
        return None
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _told(info: Info) -> dict[str, Any]:
    hosts = {_host(one.download.url) for one in info.channel_map if one.download} - {""}
    stable = next((one for one in info.channel_map if one.channel.name.endswith("stable")), info.channel_map[0])
    return {
        "snap": printable(info.name.encode()), "snap_id": printable(info.snap_id.encode()), "channels": len(info.channel_map),
        "architectures": sorted({printable(one.channel.architecture.encode()) for one in info.channel_map} - {""})[:32],
        "revision": stable.revision, "version": printable(stable.version.encode()),
        "downloads_from": sorted(printable(host.encode()) for host in hosts)[:8],
    }  # fmt: skip


def _host(text: str) -> str:
    try:
        return url(text).host
    except UrlError:
        return ""


def _unfit(planned: Plan, info: Info) -> str:
    if info.name != planned.snap:
        return f"asked for {planned.snap}, it speaks of {printable(info.name.encode())}"
    if planned.arch and planned.arch not in {one.channel.architecture for one in info.channel_map}:
        return f"it has {planned.snap}, but not for {planned.arch}"
    return ""


PROBE: Final = Probe(
    flows=("snap",),
    plan=plan,
    run=run,
    load=load(1, MAX_ANSWER),
    options=OPTIONS,
)
