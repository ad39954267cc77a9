"""A conversation with one web server: several requests, over one connection at a time, which is kept where the server keeps it.

async with Visit(net, place) as visit:
    answer = await visit.get("/version")
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Self, TypeVar

from msgspec import structs

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream
from bellrock.probe import tls
from bellrock.probe.http import Answer, Redirects, Request, basic, fetch
from bellrock.probe.net import Net
from bellrock.probe.place import IDENTITY, TLS_OPTION, Place, Scheme, identity, named, place
from bellrock.probe.proxied import tunnel
from bellrock.probe.replies import denied, pointed_elsewhere, read_json, troubled
from bellrock.probe.url import Url, authority
from bellrock.probe.values import NotChecked, TlsFault, Unexpected

MOST: Final = 256 * 1024
"""Octets of one answer's body."""
_T = TypeVar("_T")
_Read = Callable[[Net, Stream, Request], Awaitable[Answer]]


class Withheld(NotChecked):
    """A password or a token was not sent, for it is not known who would get it: why, and what would help."""


class Visit:
    """Use as `async with`. Of schemes that are to be found out, the first request finds out."""

    def __init__(self, net: Net, place: Place) -> None:
        self._net = net
        self._place = place
        self._stream: Stream | None = None
        self.session: tls.Session | None = None
        """Of the last connection with TLS."""
        self.scheme = place.scheme
        self._home: Url | None = None
        self.path: tuple[Url, ...] = ()
        """Redirects that `followed` went along, the last time."""

    async def get(self, target: str, *, most: int = MOST, credentials: bool = False, method: str = "GET", accept: str = "",
                  headers: tuple[tuple[str, str], ...] = (), keep: int | None = None, patience: float | None = None) -> Answer:  # fmt: skip
        """Ask for something there. `credentials`: send what the place knows of them. `keep`, `patience`: as of `fetch`.

        Raises:
            Unexpected, TlsFault, Obstructed: there is no answer in HTTP.
            NotChecked: credentials would be sent in plain text.
            Withheld: they would be sent to whoever made a certificate.
        """
        if credentials and self.scheme == "either":
            self.scheme = "https"
        fields = {"Authorization": self._place.credentials if credentials else "", "Accept": accept}
        headers = (*((name, value) for name, value in fields.items() if value), *headers)
        read = partial(fetch, most=most, keep=keep, patience=patience)

        async def ask() -> Answer:
            host = authority(self._place.name or self._place.address, self._place.port, self.scheme)
            by = self._place.proxy if self.scheme == "http" else None
            # RFC 9112 §3.2.2: a proxy is told the whole address.
            told, also = (f"http://{host}{target}", by.headers) if by else (target, ())
            return await self._asked(
                Request(method=method, target=told, headers=(*headers, *also), host=host), read, secret=credentials
            )

        return await self.either(ask, _wants_tls)

    async def either(self, ask: Callable[[], Awaitable[_T]], wants_tls: Callable[[_T], bool]) -> _T:
        """What `ask` comes to; where the scheme is to be found out, in plain HTTP first and then with TLS.

        `wants_tls`: whether a plain answer says that it should have been TLS.
        """
        if self.scheme != "either":
            outcome = await ask()
            if self.scheme == "http" and wants_tls(outcome):
                raise Unexpected("it answers plain HTTP only to say that it wants TLS")
            return outcome
        self.scheme = "http"
        plain: Exception = Unexpected("it answers plain HTTP by asking for TLS, and does not speak TLS")
        try:
            outcome = await ask()
            if not wants_tls(outcome):
                return outcome
        except Unexpected as error:
            plain = error
        except Obstructed as error:
            if error.obstacle is not Obstacle.CLOSED:
                raise
            plain = error
        await self.close()
        self.scheme = "https"
        try:
            return await ask()
        except (TlsFault, Unexpected) as error:
            if isinstance(error, TlsFault) and error.facts:
                raise
            raise plain from None

    async def followed(self, target: str, *, most: int = MOST, method: str = "GET", headers: tuple[tuple[str, str], ...] = (),
                       keep: int | None = None, patience: float | None = None) -> tuple[Answer, Url]:  # fmt: skip
        """`get`, and where the server points to on itself; at another server's door it stops, and that answer is a redirect.

        Raises:
            Unexpected: it points in a circle, or nowhere.
        """
        get = partial(self.get, most=most, method=method, headers=headers, keep=keep, patience=patience)
        if self._home is not None:
            await self._go(self._home)
        self.path = ()
        answer = await get(target)
        here = self._place.url(self.scheme, target)
        self._home = self._home or here
        redirects = Redirects(here)
        while (there := redirects.follow(answer)) is not None and self._is_here(there):
            await self._go(there)
            self.path = (*self.path, there)
            here, answer = there, await get(there.target)
        return answer, here

    def facts(self) -> dict[str, Any]:
        """How it was spoken to: `scheme`, and what TLS agreed on."""
        path = {"redirects": [step.shown for step in self.path]} if self.path else {}
        return {"scheme": self.scheme} | (self.session.facts() if self.session else {}) | path

    def doubts(self) -> str:
        """What there is to say of its certificate though nobody asked; empty: nothing."""
        return self.session.why if self.session else ""

    def _is_here(self, there: Url) -> bool:
        return there.host in (self._place.address, self._place.name.lower())

    async def _go(self, there: Url) -> None:
        if (there.scheme, there.port) != (self.scheme, self._place.port):
            await self.close()
            scheme: Scheme = "https" if there.scheme == "https" else "http"
            self.scheme = scheme
            self._place = structs.replace(self._place, port=there.port)

    async def connection(self, *, secret: bool = False) -> Stream:
        """The connection that stands, with TLS where that is the scheme; a new one where none does. `secret`: to send one on it.

        Raises:
            NotChecked, Withheld: a secret is not for whoever is at the other end.
        """
        stream = self._stream or await self._connect()
        if secret and (self.scheme == "https" or self._place.scheme != "http"):
            self._must_be_known()
        return stream

    def _must_be_known(self) -> None:
        if self.scheme != "https" or self.session is None:
            raise NotChecked("it answers in plain HTTP; a password is sent in plain text only where tls=no is set")
        if not self.session.vouched:
            why = self.session.why or "its certificate is of another name"
            pin = f"pin=sha256:{self.session.certificate.sha256}"
            raise Withheld(
                f"the credentials were not sent, for anybody may answer so: {why}; give {pin}, if that is its certificate, or authority=FILE"
            )

    async def _asked(self, request: Request, read: _Read, *, secret: bool) -> Answer:
        kept = self._stream is not None
        try:
            return await self._once(request, read, secret=secret)
        except Obstructed as error:
            # RFC 9112 §9.5: a server may close a kept connection at any time; the request may then be sent again.
            if not kept or error.obstacle is not Obstacle.CLOSED:
                raise
        return await self._once(request, read, secret=secret)

    async def _once(self, request: Request, read: _Read, *, secret: bool) -> Answer:
        stream = await self.connection(secret=secret)
        await self._net.turn(self._place.address)
        try:
            answer = await read(self._net, stream, request)
        except BaseException:
            await self.close()
            raise
        if not answer.reusable:
            await self.close()
        return answer

    async def _connect(self) -> Stream:
        wanted, by = self._place, self._place.proxy
        address, port = (by.address, by.port) if by else (wanted.address, wanted.port)
        self._stream = stream = await self._net.connect(port, address=address)
        if self.scheme == "https":
            try:
                await self._secure(stream, wanted, address)
            except BaseException:
                await self.close()
                raise
        return stream

    async def _secure(self, stream: Stream, wanted: Place, address: str) -> None:
        if wanted.proxy is not None:
            await tunnel(self._net, stream, wanted.url("https", "/"), wanted.proxy)
        await self._net.turn(address)
        name = wanted.name or (wanted.address if wanted.strict else "")
        own = wanted.demands.authority or wanted.demands.pin
        self.session = await tls.begin(
            self._net, stream, name, wanted.demands, trust=wanted.trust and not own, firmware=wanted.firmware, identity=wanted.identity
        )  # fmt: skip

    async def close(self) -> None:
        """End the connection, if there is one."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _wants_tls(answer: Answer) -> bool:
    """nginx and Go answer plain HTTP on a port of TLS by 400, and say why."""
    return answer.status == 400 and b"HTTPS" in answer.body


__all__ = [
    "IDENTITY", "MOST", "TLS_OPTION", "Place", "Visit", "Withheld", "basic", "denied", "identity", "named", "place", "pointed_elsewhere",
    "read_json", "troubled",
]  # fmt: skip
