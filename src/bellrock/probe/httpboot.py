"""HTTP(S) boot: the boot artefacts as firmware and boot loaders fetch them (UEFI 2.10 §24.7; RFC 9110): HEAD, GET, a range of it; over
TLS also whether firmware could agree with the server on a cipher."""

from functools import partial
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.link.clock import wall
from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.proxied import signs
from bellrock.probe.url import target, without_query
from bellrock.probe.values import Ask, Found, Option, PlanError, Probe, TlsFault
from bellrock.probe.variants import Check, each
from bellrock.probe.visit import Place, Visit, named
from bellrock.probe.web import ends_soon, load, refused

OPTIONS: Final = (
    Option("path", "paths of boot files on the server, with commas between; default: none, it has only to speak HTTP"),
    Option("limit", "octets that are read of each file; default 8388608"),
    Option("least-rate", "kB/s below which a file comes too slowly; default 100"),
    Option("firmware", "https-boot: yes or no, also try what UEFI firmware offers of TLS; default yes"),
    *tls.OPTIONS,
)  # fmt: skip
MAX_FILES: Final = 16
LIMIT: Final = 8 * 1024 * 1024
MAX_LIMIT: Final = 64 * 1024 * 1024
SAMPLE: Final = 1024
"""Octets of a file that are asked for a second time, as a range."""
_PAGE: Final = 64 * 1024
_SHARE: Final = 0.6
"""Of the time of an ask that one file may take; then it is judged by what came."""
_FIRST: Final = 1
"""Where the range begins: not at 0, so that a server is found out that counts wrongly."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    place: Place
    paths: tuple[str, ...]
    limit: int
    least: float
    """Octets per second."""
    firmware: bool


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is wrong.
    """
    given = read(ask, OPTIONS)
    paths = tuple(dict.fromkeys(target(path) for path in given.several("path")))
    if len(paths) > MAX_FILES:
        raise PlanError(f"{ask.flow}: option path takes at most {MAX_FILES} paths, and not {len(paths)}")
    secure = ask.flow == "https-boot"
    return Plan(
        place=Place(
            scheme="https" if secure else "http", address=ask.address, port=ask.port, name=named(ask), strict=False, demands=tls.demands(given)
        ), paths=paths,
        limit=given.whole("limit", LIMIT, least=SAMPLE, most=MAX_LIMIT),
        least=1000 * given.number("least-rate", 100.0, most=1e9), firmware=secure and given.flag("firmware", default=True),
    )  # fmt: skip


async def run(planned: Plan, net: Net) -> tuple[Found, ...]:
    """A result for each file, and one for firmware."""
    checks: dict[str, Check] = {
        without_query(path): partial(_file, planned, path) for path in planned.paths
    } or {"": partial(_any, planned)}  # fmt: skip
    if planned.firmware:
        checks["firmware"] = partial(_firmware, planned)
    return await each(net, checks)


async def _any(planned: Plan, net: Net) -> Found:
    async with Visit(net, planned.place) as visit:
        answer, _ = await visit.followed("/", most=_PAGE, patience=_SHARE * net.ask.within)
        facts = answer.facts() | visit.facts()
        found = refused(answer, "/", facts)
        # Nobody promised anything at /: that it is missing or forbidden is no fault.
        if found is not None and (found.verdict is not Verdict.WRONG_SERVICE or "squid_error" in signs(answer)):
            return found
        if answer.cut:
            return Found(verdict=Verdict.WRONG_SERVICE, detail=f"its answer breaks off: {answer.cut}", facts=facts)
        if why := ends_soon(visit.session, wall()):
            return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts)
        detail = f"it speaks HTTP and answers / with {answer.said}; no boot file was asked for{_doubts(visit)}"
        return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)


async def _firmware(planned: Plan, net: Net) -> Found:
    """A handshake with nothing but what EDK II offers; the certificate is judged by the other results."""
    there = structs.replace(planned.place, firmware=True, name="", demands=tls.Demands())
    async with Visit(net, there) as visit:
        try:
            await visit.get("/", most=0, method="HEAD")
        except TlsFault as error:
            return Found(
                verdict=Verdict.TLS_FAULT, detail=f"UEFI firmware cannot agree with it: {error}", facts=error.facts
            )
        facts = visit.facts()
    detail = f"UEFI firmware can agree with it on {facts['tls']} and {facts['cipher']}"
    if facts["cipher"].startswith("ECDHE-"):
        detail += "; firmware that was made without elliptic curves was not tried"
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)


async def _file(planned: Plan, path: str, net: Net) -> Found:
    async with Visit(net, planned.place) as visit:
        head, _ = await visit.followed(path, method="HEAD", most=0)
        got, _ = await visit.followed(path, most=planned.limit, keep=_FIRST + SAMPLE, patience=_SHARE * net.ask.within)
        facts = (
            got.facts()
            | visit.facts()
            | {"size": got.size, "complete": got.complete, "head_length": head.length if head.status == 200 else None}
        )
        if got.rate is not None:
            facts["rate"] = round(got.rate)
        shown = without_query(path)
        if (found := refused(got, shown, facts) or _no_file(got, shown, facts)) is not None:
            return found
        ranged = await _range(visit, path, got)
        facts["range"] = ranged
        return _judged(planned, visit, head, got, shown, facts)


async def _range(visit: Visit, path: str, got: Answer) -> str | None:
    """Whether a part of the file comes when it is asked for: `yes`, `no`, `wrong`; None: the file has no parts to speak of."""
    last = min(_FIRST + SAMPLE, len(got.body)) - 1
    if last < _FIRST:
        return None
    answer, _ = await visit.followed(path, most=SAMPLE, headers=(("Range", f"bytes={_FIRST}-{last}"),))
    if answer.status != 206:
        return "no"
    return "yes" if answer.complete and answer.body == got.body[_FIRST : last + 1] else "wrong"


def _no_file(got: Answer, shown: str, facts: dict[str, Any]) -> Found | None:
    """What is wrong with a body, so that nothing can be booted of it."""
    detail = ""
    if got.cut:
        of = f" of {got.length}" if got.length is not None else ""
        detail = f"{shown} breaks off after {got.size}{of} octets: {got.cut}"
    elif got.complete and not got.size:
        detail = f"{shown} is empty"
    elif got.header("content-type").startswith("text/html") and not shown.endswith(("/", ".html", ".htm")):
        detail = f"instead of {shown} a page for people (text/html) comes: a portal, or a server that answers everything with a page"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts) if detail else None


def _judged(planned: Plan, visit: Visit, head: Answer, got: Answer, shown: str, facts: dict[str, Any]) -> Found:
    """A file that can be had: how well."""
    slow = got.rate is not None and got.rate < planned.least
    told = head.length if head.status == 200 else None
    size = got.size if got.complete else got.length
    why = ends_soon(visit.session, wall())
    if visit.path and visit.path[-1].scheme != planned.place.scheme:
        why = f"it redirects to {visit.path[-1].shown}: firmware that was told {planned.place.scheme} may not follow"
    elif told is not None and size is not None and told != size:
        why = f"HEAD tells {told} octets of {shown} and GET gives {size}: firmware reserves memory by the first"
    elif facts["range"] == "wrong":
        why = f"asked for a part of {shown} it sends another one (Range, RFC 9110 §14)"
    elif slow:
        why = f"{shown} comes at {_per_second(got.rate)}, slower than {_per_second(planned.least)}"
    if why:
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts)
    parts = ", without ranges" if facts["range"] == "no" else ""
    much = f"{got.size} octets" + ("" if got.complete else f" of {got.length if got.length is not None else 'more'}")
    return Found(
        verdict=Verdict.WORKS,
        detail=f"it gives {shown}: {much}{f' at {_per_second(got.rate)}' if got.rate else ''}{parts}{_doubts(visit)}",
        facts=facts,
    )


def _doubts(visit: Visit) -> str:
    """What firmware that checks certificates may refuse, and nobody asked here: by whom it is signed, and for whom."""
    session = visit.session
    if session is None:
        return ""
    told = [visit.doubts()] if visit.doubts() else []
    told += [] if session.of_target else ["its certificate is for another name or address than was asked"]
    return "".join(f"; {one}" for one in told)


def _per_second(rate: float | None) -> str:
    return f"{(rate or 0) / 1e6:.1f} MB/s" if rate and rate >= 1e6 else f"{(rate or 0) / 1e3:.1f} kB/s"


PROBE: Final = Probe(
    flows=("http-boot", "https-boot"),
    plan=plan,
    run=run,
    # Per file HEAD, GET and a range; one more for firmware.
    load=load(3 * MAX_FILES + 1, MAX_FILES * (MAX_LIMIT + SAMPLE)),
    options=OPTIONS,
)
