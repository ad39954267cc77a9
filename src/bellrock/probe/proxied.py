"""Going by a proxy: which one, how it is asked, and what it says itself in place of the server (RFC 9110 §7.6, §9.3.6, §11.7)."""

import ipaddress
from typing import Final

from msgspec import Struct

from bellrock.link.stream import Stream
from bellrock.model import Verdict
from bellrock.probe.http import Answer, Request, basic, fetch
from bellrock.probe.net import Net
from bellrock.probe.options import Options
from bellrock.probe.url import Url, UrlError, url
from bellrock.probe.values import Found, Option, PlanError, Unexpected

PROXY_OPTIONS: Final = (
    Option("proxy", "http://ADDRESS:PORT of a proxy to go by, with an IP address; default: none, the target is asked directly"),
    Option("proxy-user", "name for the proxy; default: none"),
    Option("proxy-password", "password for the proxy", secret=True),
)  # fmt: skip
MAX_REFUSED: Final = 16 * 1024
"""Octets that are read of a proxy's explanation."""
_SIGNS: Final = {"via": "via", "squid_error": "x-squid-error", "cache": "x-cache"}


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


class Denied(Unexpected):
    """A proxy answered instead of the server; with its answer."""

    def __init__(self, answer: Answer, why: str) -> None:
        super().__init__(why)
        self.answer = answer


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
    except UrlError as error:
        raise PlanError(f"option proxy: {error}") from None
    except ValueError:
        raise PlanError(f"option proxy takes http://ADDRESS:PORT with an IP address, and not {text[:80]!r}") from None
    if at.scheme != "http" or at.target != "/":
        raise PlanError(f"option proxy takes http://ADDRESS:PORT and nothing more, and not {text[:80]!r}")
    return Proxy(address, at.port, basic(given.text("proxy-user"), given.text("proxy-password")))


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


def signs(answer: Answer) -> dict[str, str]:
    """What tells that a proxy was at work: fields that only proxies add."""
    return {name: answer.header(field) for name, field in _SIGNS.items() if answer.header(field)}


def schemes(answer: Answer) -> tuple[str, ...]:
    """By which a server or a proxy wants to know its clients (RFC 9110 §11.6.1, §11.7.1), in small letters."""
    field = "www-authenticate" if answer.status == 401 else "proxy-authenticate"
    return tuple(dict.fromkeys(text.split(" ")[0].lower() for text in answer.all(field)))


def wants_credentials(answer: Answer) -> Found | None:
    """407, on the way to something else."""
    if answer.status != 407:
        return None
    detail = f"the proxy on the way wants credentials: {', '.join(schemes(answer)) or 'no scheme that it names'}"
    return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=answer.facts() | signs(answer))


def no_tunnel(error: Denied) -> Found:
    """What a proxy's refusal of a tunnel means for whoever wanted to go through it."""
    verdict = Verdict.FILTERED if error.answer.status == 403 else Verdict.UNREACHABLE
    facts = error.answer.facts() | signs(error.answer)
    return wants_credentials(error.answer) or Found(verdict=verdict, detail=str(error), facts=facts)
