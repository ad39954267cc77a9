"""A web server that is asked several things: over TLS or not, by a proxy or not, over one connection as long as that lasts."""

import ipaddress
from base64 import b64encode
from typing import Any, Final, Self

from msgspec import Struct, structs

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream
from bellrock.model import Verdict, Wall
from bellrock.probe import tls
from bellrock.probe.certificate import day, span
from bellrock.probe.http import Answer, Redirects, Request, fetch
from bellrock.probe.net import Net
from bellrock.probe.options import Options
from bellrock.probe.url import Url, UrlError, authority, target, url
from bellrock.probe.values import Ask, Found, Option, PlanError, TlsFault, Unexpected

PROXY_OPTIONS: Final = (
    Option("proxy", "http://ADDRESS:PORT of a proxy to go by, with an IP address; default: none, the target is asked directly"),
    Option("proxy-user", "name for the proxy; default: none"),
    Option("proxy-password", "password for the proxy", secret=True),
)  # fmt: skip
MAX_REFUSED: Final = 16 * 1024
"""Octets that are read of a proxy's explanation."""

SOON: Final = 14 * 86_400
"""Seconds before its end in which a certificate is told to be renewed."""


class Proxy(Struct, frozen=True):
    """A proxy, and what it is told about us."""

    address: str
    port: int
    authorization: str = ""
    """For Proxy-Authorization; a secret."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What each request to it carries."""
        return (("Proxy-Authorization", self.authorization),) if self.authorization else ()


class Place(Struct, frozen=True, kw_only=True):
    """Where to ask, and what is expected there."""

    at: Url
    address: str
    """Where its connections go to; not used by a proxy, which looks the name up itself."""
    name: str
    """That the certificate must be of; empty: whatever it says."""
    demands: tls.Demands = tls.Demands()
    trust: bool = False
    """Authorities of this system must vouch for the certificate, unless an option says who else."""
    firmware: bool = False
    proxy: Proxy | None = None

    @property
    def secure(self) -> bool:
        """Whether by TLS."""
        return self.at.scheme == "https"


def place(
    ask: Ask, *, secure: bool, demands: tls.Demands | None = None, trust: bool = False, by: Proxy | None = None
) -> Place:
    """Of an ask's target; pure.

    Raises:
        PlanError: its name is none that can be asked for.
    """
    scheme = "https" if secure else "http"
    try:
        at = url(f"{scheme}://{authority(ask.name or ask.address, ask.port, scheme)}")
    except UrlError:
        raise PlanError(f"{ask.flow}: {ask.name[:80]!r} is no name of a host") from None
    if at.host != (ask.name or ask.address.partition("%")[0]).lower():
        raise PlanError(f"{ask.flow}: {ask.name[:80]!r} is no name of a host")
    demands = demands or tls.Demands()
    own = demands.authority or demands.pin
    return Place(at=at, address=ask.address, name=ask.name, demands=demands, trust=trust and not own, proxy=by)


def proxy(given: Options) -> Proxy | None:
    """Of the options in PROXY_OPTIONS; pure.

    Raises:
        PlanError: it is no address of a proxy.
    """
    text = given.text("proxy")
    if not text:
        return None
    try:
        at = url(text)
        address = str(ipaddress.ip_address(at.host))
    except ValueError:
        raise PlanError(f"option proxy takes http://ADDRESS:PORT with an IP address, and not {text[:80]!r}") from None
    if at.scheme != "http" or at.target != "/":
        raise PlanError(f"option proxy takes http://ADDRESS:PORT and nothing more, and not {text[:80]!r}")
    return Proxy(address, at.port, basic(given.text("proxy-user"), given.text("proxy-password")))


def basic(user: str, password: str) -> str:
    """RFC 7617 §2; empty without a name.

    Raises:
        PlanError: the name holds a colon.
    """
    if ":" in user:
        raise PlanError("a user name with a colon cannot be sent by the Basic scheme (RFC 7617 §2)")
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if user else ""


def secure_port(given: Options, ask: Ask, name: str = "tls") -> bool:
    """Whether TLS is meant: as the option says, else by the port's number."""
    return given.flag(name, default=ask.port in (443, 8443))


class Visit:
    """Use as an async context manager. Follows redirects on the same host only: probes look up no names."""

    def __init__(self, net: Net, there: Place) -> None:
        self._net = net
        self._there, self._start = there, there.at
        self._stream: Stream | None = None
        self.session: tls.Session | None = None
        """Of the last handshake; None: there was none."""
        self.elsewhere: Url | None = None
        """Where the last answer points to, on another host; not followed."""
        self.path: tuple[Url, ...] = ()
        """Redirects that were followed for the last answer."""

    async def ask(self, path: str, *, most: int, method: str = "GET", headers: tuple[tuple[str, str], ...] = (), body: bytes = b"",
                  keep: int | None = None, patience: float | None = None) -> Answer:  # fmt: skip
        """One answer, with redirects followed.

        Raises:
            Unexpected, Obstructed, TlsFault, NotChecked: as `fetch` and `tls.start` do; Unexpected also for what a proxy says instead.
        """
        here = structs.replace(self._start, target=target(path))
        redirects, self.path, self.elsewhere = Redirects(here), (), None
        while True:
            request = self._request(here, method, headers, body)
            answer = await self._once(here, request, most, keep, patience)
            there = redirects.follow(answer)
            if there is None:
                return answer
            if there.host not in (here.host, self._there.address):
                self.elsewhere = there
                return answer
            here, self.path = there, (*self.path, there)

    def facts(self) -> dict[str, Any]:
        """Of TLS, of redirects."""
        told = self.session.facts() if self.session else {}
        if self.path:
            told["redirects"] = [step.shown for step in self.path]
        if self.elsewhere:
            told["elsewhere"] = self.elsewhere.shown
        return told

    async def close(self) -> None:
        """The connection, if there is one."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _request(self, here: Url, method: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Request:
        by = self._there.proxy if here.scheme == "http" else None
        if by is not None:
            # RFC 9112 §3.2.2: a proxy is told the whole of it.
            headers = (*headers, *by.headers)
        return Request(
            method=method, target=str(here) if by else here.target, host=here.authority, headers=headers, body=body
        )

    async def _once(self, here: Url, request: Request, most: int, keep: int | None, patience: float | None) -> Answer:
        if (here.scheme, here.port) != (self._there.at.scheme, self._there.at.port):
            await self.close()
            self._there = structs.replace(self._there, at=here)
        kept = self._stream is not None
        try:
            answer = await fetch(self._net, await self._connected(), request, most=most, keep=keep, patience=patience)
        except Obstructed as error:
            await self.close()
            if not kept or error.obstacle is not Obstacle.CLOSED:
                raise
            # RFC 9112 §9.3.1: a server may close a kept connection at any time; what it did not answer is asked again.
            answer = await fetch(self._net, await self._connected(), request, most=most, keep=keep, patience=patience)
        if not answer.reusable:
            await self.close()
        return answer

    async def _connected(self) -> Stream:
        if self._stream is None:
            there, by = self._there, self._there.proxy
            if by is None:
                self._stream = await self._net.connect(there.at.port, address=there.address)
            else:
                self._stream = await self._net.connect(by.port, address=by.address)
                if there.secure:
                    await tunnel(self._net, self._stream, there.at, by)
            if there.secure:
                self.session = await secured(self._net, self._stream, there)
        return self._stream


async def tunnel(net: Net, stream: Stream, to: Url, by: Proxy) -> Answer:
    """RFC 9110 §9.3.6: from here on the stream leads to the other end.

    Raises:
        Denied: the proxy did not let it.
    """
    wanted = f"[{to.host}]:{to.port}" if ":" in to.host else f"{to.host}:{to.port}"
    request = Request(method="CONNECT", target=wanted, host=wanted, headers=by.headers)
    answer = await fetch(net, stream, request, most=MAX_REFUSED)
    if not 200 <= answer.status < 300:
        raise Denied(answer, f"the proxy does not connect to {wanted}: {answer.said}")
    return answer


class Denied(Unexpected):
    """A proxy answered instead of the server; with its answer."""

    def __init__(self, answer: Answer, why: str) -> None:
        super().__init__(why)
        self.answer = answer


def refused(answer: Answer, what: str, facts: dict[str, Any]) -> Found | None:
    """Why an answer is not what was asked for; None: it is. Redirects that were not followed are no answer."""
    if answer.status in (401, 407):
        who = "it" if answer.status == 401 else "the proxy on the way"
        detail = f"{who} wants credentials for {what}: {', '.join(schemes(answer)) or 'no scheme that it names'}"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    if 200 <= answer.status < 300:
        return None
    error = signs(answer).get("squid_error", "")
    if error and answer.status == 400:
        detail = f"it is a proxy, and no web server: {answer.said} ({error})"
        return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)
    if error:
        verdict = Verdict.FILTERED if answer.status == 403 else Verdict.UNREACHABLE
        return Found(
            verdict=verdict, detail=f"the proxy on the way does not give {what}: {answer.said} ({error})", facts=facts
        )
    detail = f"it does not give {what}: {answer.said}"
    if answer.status in (404, 410):
        detail = f"it has no {what}: {answer.said}"
    elif answer.status >= 500:
        detail = f"it fails to give {what}: {answer.said}"
    elif 300 <= answer.status < 400:
        detail = f"it points elsewhere for {what}, which was not followed: {facts.get('elsewhere', answer.said)}"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts)


def schemes(answer: Answer) -> tuple[str, ...]:
    """By which a server or a proxy wants to know its clients (RFC 9110 §11.6.1, §11.7.1), in small letters."""
    field = "www-authenticate" if answer.status == 401 else "proxy-authenticate"
    return tuple(dict.fromkeys(text.split(" ")[0].lower() for text in answer.all(field)))


def signs(answer: Answer) -> dict[str, str]:
    """What tells that a proxy was at work: fields that only proxies add."""
    fields = {"via": "via", "squid_error": "x-squid-error", "cache": "x-cache"}
    return {name: answer.header(field) for name, field in fields.items() if answer.header(field)}


def denied(error: "Denied") -> Found:
    """What a proxy's refusal of a tunnel means for whoever wanted to go through it."""
    facts = error.answer.facts() | signs(error.answer)
    if error.answer.status == 407:
        detail = (
            f"the proxy on the way wants credentials: {', '.join(schemes(error.answer)) or 'no scheme that it names'}"
        )
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    verdict = Verdict.FILTERED if error.answer.status == 403 else Verdict.UNREACHABLE
    return Found(verdict=verdict, detail=str(error), facts=facts)


def ends_soon(session: tls.Session | None, now: Wall) -> str:
    """That a certificate is not for much longer; empty where it is, or where there is none."""
    left = session.certificate.not_after - now if session else SOON
    if session is None or left >= SOON:
        return ""
    return f"its certificate ends on {day(session.certificate.not_after)}, in {span(left)}"


async def secured(net: Net, stream: Stream, there: Place) -> tls.Session:
    """TLS from here on, noted.

    Raises:
        TlsFault, Unexpected, NotChecked, Obstructed: as `tls.start` does.
    """
    net.record.sent(f"TLS ClientHello{f' for {there.name}' if there.name else ''}")
    try:
        session = await tls.start(
            stream, there.name, authority=there.demands.authority, pin=there.demands.pin, trust=there.trust, firmware=there.firmware
        )  # fmt: skip
    except TlsFault as error:
        net.record.received(f"TLS: {error}")
        raise
    net.record.received(
        f"{session.version}, {session.cipher}, certificate of {session.certificate.subject or 'nobody'} by {session.certificate.issuer or 'nobody'}"
    )
    return session
