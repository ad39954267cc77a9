"""Proxies: a plain GET and a tunnel (CONNECT), without credentials and with them, and whether somebody opens TLS on the way
(RFC 9110 §7.6, §9.3.6, §11.7)."""

import asyncio
from functools import partial
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.link.obstacle import Obstructed
from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer, Request, basic, fetch
from bellrock.probe.net import Net
from bellrock.probe.options import Options, read
from bellrock.probe.proxied import Denied, Proxy, schemes, signs, tunnel
from bellrock.probe.url import Url, UrlError, url
from bellrock.probe.values import Ask, Found, Load, NotChecked, Option, PlanError, Probe, TlsFault, Unexpected
from bellrock.probe.variants import Check, each

OPTIONS: Final = (
    Option("url", "what to fetch through it, http:// or https://, with commas between; default: a name that does not exist, as only a proxy can say"),
    Option("user", "name for the proxy; default: none"),
    Option("password", "password for the proxy", secret=True),
    Option("direct", "IP address of an https URL's host, which is then asked without the proxy as well: is TLS opened on the way? default: none"),
    *tls.OPTIONS,
)  # fmt: skip
NOBODY: Final = "proxy-check.invalid"
"""RFC 6761 §6.4: a name that never exists, so that nobody beyond the proxy hears more than a question for it."""
NOWHERE: Final = (Url("http", NOBODY, 80), Url("https", NOBODY, 443))
MAX_URLS: Final = 16
_BODY: Final = 64 * 1024
_PATIENCE: Final = 0.9
_SHARE: Final = 0.4
"""Of the time of an ask that the way without the proxy may take: often there is none, and nothing comes back."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is fetched through which proxy."""

    proxy: Proxy
    """With its credentials, where they are given."""
    urls: tuple[Url, ...]
    direct: str
    """Empty: hosts are not asked directly."""
    demands: tls.Demands
    must: bool
    """It is a proxy that must ask for credentials."""


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is wrong.
    """
    given = read(ask, OPTIONS)
    urls = _urls(given)
    direct = given.address("direct")
    if direct and all(to.scheme != "https" for to in urls):
        raise PlanError("option direct compares certificates: it needs an https:// address in option url")
    by = Proxy(ask.address, ask.port, basic(given.text("user"), given.text("password")))
    return Plan(proxy=by, urls=urls, direct=direct, demands=tls.demands(given), must=ask.flow == "proxy-auth")


async def run(planned: Plan, net: Net) -> tuple[Found, ...]:
    """A result for each address, and one for what passes without credentials where they are needed."""
    checks: dict[str, Check] = {}
    if planned.must:
        anybody = structs.replace(planned, proxy=structs.replace(planned.proxy, authorization=""))
        checks["without-credentials"] = partial(_closed, anybody, given=bool(planned.proxy.authorization))
    if planned.proxy.authorization or not planned.must:
        checks |= {_variant(to): partial(_through, planned, to) for to in planned.urls}
    return await each(net, checks)


def _urls(given: Options) -> tuple[Url, ...]:
    try:
        found = tuple(dict.fromkeys(url(text) for text in given.several("url"))) or NOWHERE
    except UrlError as error:
        raise PlanError(f"option url: {error}") from None
    if len(found) > MAX_URLS:
        raise PlanError(f"option url takes at most {MAX_URLS} addresses, and not {len(found)}")
    return found


def _variant(to: Url) -> str:
    if to in NOWHERE:
        return "connect" if to.scheme == "https" else "get"
    return to.shown


async def _closed(planned: Plan, net: Net, *, given: bool) -> Found:
    """A proxy that must want credentials is asked without them."""
    found = await _through(planned, planned.urls[0], net)
    if found.verdict is Verdict.AUTHENTICATION_NEEDED and given:
        detail = f"without credentials nothing passes: {found.detail}"
        return Found(verdict=Verdict.WORKS, detail=detail, facts=found.facts)
    if found.verdict is Verdict.WORKS and found.facts.get("denied"):
        detail = "it denies a name that does not exist and asks for no credentials; option url says what they are to be needed for"
        return structs.replace(found, verdict=Verdict.NOT_CHECKED, detail=detail)
    if found.verdict is Verdict.WORKS:
        return Found(verdict=Verdict.DEGRADED, detail="it lets everybody pass, without credentials", facts=found.facts)
    return found


async def _through(planned: Plan, to: Url, net: Net) -> Found:
    try:
        async with asyncio.timeout(_PATIENCE * net.ask.within):
            return await _tried(planned, to, net)
    except TimeoutError:
        if not net.record.answered:
            raise
        how = f"has not answered it, with {net.record.heard} octets," if net.record.heard else "says nothing"
        what = f"it takes the request for {to.shown} and {how} for {_PATIENCE * net.ask.within:.1f} s"
        why = "its own resolvers are silent" if to.host == NOBODY else "the host, or the proxy's resolvers, are silent"
        return Found(verdict=Verdict.DEGRADED, detail=f"{what}: {why}, or it is no proxy")


async def _tried(planned: Plan, to: Url, net: Net) -> Found:
    if to.scheme == "https":
        return await _tunnelled(planned, to, net)
    answer = await _got(planned, to, net)
    facts = answer.facts() | signs(answer)
    if (found := _stopped(answer, planned, to, facts)) is not None:
        return found
    if to.host == NOBODY:
        return _no_proxy(answer, facts)
    if not signs(answer):
        # A web server takes an absolute address as well (RFC 9112 §3.2.2) and answers with its own page.
        nobody = await _got(planned, NOWHERE[0], net)
        if _stopped(nobody, planned, NOWHERE[0], facts) is None:
            return _no_proxy(nobody, facts)
    return Found(verdict=Verdict.WORKS, detail=f"it fetches {to.shown}: {answer.said}", facts=facts)


async def _got(planned: Plan, to: Url, net: Net) -> Answer:
    async with await net.connect(planned.proxy.port, address=planned.proxy.address) as stream:
        request = Request(target=str(to), host=to.authority, headers=planned.proxy.headers)
        return await fetch(net, stream, request, most=_BODY)


def _stopped(answer: Answer, planned: Plan, to: Url, facts: dict[str, Any]) -> Found | None:
    """What a proxy says itself, in place of the host; None: this is not said by a proxy."""
    said = _said(answer)
    own = "squid_error" in signs(answer) or (to.host == NOBODY and (signs(answer) or NOBODY.encode() in answer.body))
    if answer.status == 407:
        return _wants_credentials(answer, planned, facts)
    if answer.status in (401, 403) and own and to.host == NOBODY:
        # An allow-list: whoever is not on it is denied before it is looked up.
        detail = f"it speaks as a proxy, and does not let a name pass that does not exist: {said}; what it lets pass is seen with option url"
        return Found(verdict=Verdict.WORKS, detail=detail, facts=facts | {"denied": True})
    if answer.status in (401, 403) and own:
        return Found(verdict=Verdict.FILTERED, detail=f"the proxy does not let {to.shown} pass: {said}", facts=facts)
    if answer.status >= 500 and own and to.host == NOBODY:
        detail = f"it speaks as a proxy, and says of a name that does not exist: {said}"
        return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)
    if answer.status >= 500 and (own or answer.status in (502, 503, 504)):
        return Found(verdict=Verdict.DEGRADED, detail=f"the proxy cannot fetch {to.shown}: {said}", facts=facts)
    return None


def _wants_credentials(answer: Answer, planned: Plan, facts: dict[str, Any]) -> Found:
    facts = facts | {"schemes": list(schemes(answer)), "realms": list(answer.all("proxy-authenticate"))}
    offered = ", ".join(schemes(answer)) or "no scheme that it names"
    detail = f"it wants credentials: {offered}"
    if planned.proxy.authorization:
        detail = f"it does not take these credentials, given by the scheme basic; it offers {offered}"
    return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)


def _no_proxy(answer: Answer, facts: dict[str, Any]) -> Found:
    server = f" ({answer.header('server')})" if answer.header("server") else ""
    detail = f"for a host that cannot exist it answers {answer.said}: a web server{server}, and no proxy"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)


async def _tunnelled(planned: Plan, to: Url, net: Net) -> Found:
    async with await net.connect(planned.proxy.port, address=planned.proxy.address) as stream:
        try:
            answer = await tunnel(net, stream, to, planned.proxy)
        except Denied as error:
            facts = error.answer.facts() | signs(error.answer)
            return _stopped(error.answer, planned, to, facts) or _no_tunnel(error.answer, to, facts)
        facts = answer.facts() | signs(answer)
        if to.host == NOBODY:
            detail = f"it says that it is connected to a host that cannot exist: {answer.said}"
            return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)
        session, fault = None, None
        try:
            own = planned.demands.authority or planned.demands.pin
            session = await tls.begin(net, stream, to.host, planned.demands, trust=not own)
            answer = await fetch(net, stream, Request(target=to.target, host=to.authority), most=_BODY)
        except TlsFault as error:
            fault = error
    seen = session.facts() if session else fault.facts if fault else {}
    return _compared(to, facts | seen, fault, await _direct(planned, to, net), answer)


async def _direct(planned: Plan, to: Url, net: Net) -> tls.Session | None:
    """The certificate that is seen without the proxy; None: it is not to be asked for, or cannot be had."""
    if not planned.direct:
        return None
    try:
        async with (
            asyncio.timeout(_SHARE * net.ask.within),
            await net.connect(to.port, address=planned.direct) as stream,
        ):
            return await tls.begin(net, stream, "", tls.Demands())
    except (TimeoutError, Obstructed, TlsFault, Unexpected, NotChecked) as error:
        net.record.noticed(f"directly, {planned.direct} cannot be compared with: {str(error) or 'nothing came back'}")
        return None


def _compared(
    to: Url, facts: dict[str, Any], fault: TlsFault | None, directly: tls.Session | None, answer: Answer
) -> Found:
    """What the certificate that came through the proxy tells, beside the one that was seen without it."""
    issuer = facts.get("certificate", {}).get("issuer", "")
    if directly is not None:
        facts = facts | {"direct_issuer": directly.certificate.issuer, "direct_sha256": directly.certificate.sha256}
        facts["intercepted"] = bool(issuer) and issuer != directly.certificate.issuer
    if facts.get("intercepted"):
        detail = f"TLS is opened on the way: the certificate of {to.host} is by {issuer} through the proxy, and by {facts['direct_issuer']} directly"
        return Found(verdict=Verdict.TLS_FAULT if fault else Verdict.DEGRADED, detail=detail, facts=facts)
    if fault is not None:
        return Found(verdict=Verdict.TLS_FAULT, detail=f"through the proxy, {to.host}: {fault}", facts=facts)
    return Found(
        verdict=Verdict.WORKS,
        detail=f"it connects to {to.host}, whose certificate is by {issuer}: {answer.said}",
        facts=facts,
    )


def _no_tunnel(answer: Answer, to: Url, facts: dict[str, Any]) -> Found:
    if answer.status == 403 and to.host != NOBODY:
        detail = f"it does not let tunnels to {to.host} port {to.port} pass: {_said(answer)}"
        return Found(verdict=Verdict.FILTERED, detail=detail, facts=facts)
    detail = f"it answers CONNECT with {answer.said}: it opens no tunnels, or is no proxy"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)


def _said(answer: Answer) -> str:
    error = signs(answer).get("squid_error", "")
    return f"{answer.said} ({error})" if error else answer.said


PROBE: Final = Probe(
    flows=("proxy", "proxy-auth"),
    plan=plan,
    run=run,
    # Per address a CONNECT, a handshake and a GET, and a handshake without the proxy; one address more without credentials.
    load=Load(packets=4 * (MAX_URLS + 1), connections=2 * (MAX_URLS + 1), octets=2 * _BODY * (MAX_URLS + 1)),
    options=OPTIONS,
)
