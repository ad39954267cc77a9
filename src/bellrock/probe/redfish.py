"""A management controller's Redfish service: its root, version and certificate, and whether credentials are taken (DSP0266).

Controllers are slow and easily drowned: one connection at a time, one request in 200 ms, over all asks.
"""

from typing import Any, Final

from msgspec import Struct, field

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.url import is_origin_form
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.probe.visit import Place, Visit, Withheld, basic, denied, named, pointed_elsewhere, read_json, troubled
from bellrock.wire.text import printable

SPACING: Final = 0.2
_OPTIONS: Final = (
    Option("user", "user name, to see whether it is taken; default: none, the root needs none"),
    Option("password", "its password", secret=True),
    Option("tls", "yes (default) or no"),
    *tls.OPTIONS,
)


class _Link(Struct):
    path: str = field(name="@odata.id", default="")


class _Root(Struct, rename="pascal"):
    """DSP0268, ServiceRoot: what probes look at."""

    redfish_version: str
    id: str = ""
    name: str = ""
    product: str | None = None
    vendor: str | None = None
    uuid: str | None = field(name="UUID", default=None)
    systems: _Link | None = None
    oem: dict[str, Any] | None = None


class Plan(Struct, frozen=True):
    """Whom to ask."""

    place: Place


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    given = read(ask, _OPTIONS)
    word = given.choice("tls", ("yes", "no"), "yes")
    if "password" in given and "user" not in given:
        raise PlanError("redfish: option password needs option user")
    # Controllers are known by address, and their certificates by whoever made them: a name is asked for only where one is given.
    where = Place(
        scheme="https" if word == "yes" else "http", address=ask.address, port=ask.port, name=named(ask), strict=False,
        demands=tls.demands(given), credentials=basic(given.text("user"), given.text("password")),
    )  # fmt: skip
    return Plan(where)


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask for the root, and with credentials for the systems."""
    async with net.alone(), Visit(net, plan.place) as visit:
        answer, _ = await visit.followed("/redfish/v1/")
        facts = visit.facts() | answer.facts()
        if found := pointed_elsewhere(answer, facts) or _troubled(answer, facts):
            return (found,)
        root = read_json(answer, _Root, "Redfish service")
        if not root.redfish_version:
            raise Unexpected("it speaks HTTP, but is no Redfish service: its root tells no RedfishVersion")
        facts |= _told(root)
        if plan.place.credentials and (found := await _refused(visit, root, facts)):
            return (found,)
    return (_judged(visit, facts),)


def _troubled(answer: Answer, facts: dict[str, Any]) -> Found | None:
    """DSP0266 §13.3.2: the root needs no credentials; a service that wants some there is none, or is not for this client."""
    if answer.status == 404:
        raise Unexpected(f"it speaks HTTP, but is no Redfish service: /redfish/v1/ answers {answer.said}")
    return troubled(answer, "/redfish/v1/", facts)


def _told(root: _Root) -> dict[str, Any]:
    # DSP0268: Vendor and Product came with version 1.5 and 1.3; before, the Oem member's name tells.
    vendor = root.vendor or next(iter(root.oem or ()), None)
    told = {
        "redfish_version": root.redfish_version,
        "vendor": vendor,
        "product": root.product,
        "name": root.name,
        "uuid": root.uuid,
    }
    return {key: printable(value.encode("utf-8", "replace"))[:80] for key, value in told.items() if value}


async def _refused(visit: Visit, root: _Root, facts: dict[str, Any]) -> Found | None:
    path = root.systems.path if root.systems and root.systems.path.startswith("/redfish/") else "/redfish/v1/Systems"
    if not is_origin_form(path):
        raise Unexpected(f"its root names a path that is none: {printable(path.encode('utf-8', 'replace'))[:80]}")
    try:
        answer = await visit.get(path, credentials=True)
    except Withheld as error:
        detail = f"a Redfish service answers, but {error}"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    facts |= {"credentials_taken": answer.status == 200}
    if denied(answer):
        detail = f"a Redfish service answers, but does not take the credentials that were given ({answer.said})"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    return troubled(answer, path, facts)


def _judged(visit: Visit, facts: dict[str, Any]) -> Found:
    who = " ".join(dict.fromkeys(facts[key] for key in ("vendor", "product") if key in facts))
    doubts = visit.doubts()
    detail = f"Redfish {facts['redfish_version']}{f' ({who})' if who else ''}{f'; {doubts}' if doubts else ''}"
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts)


PROBE: Final = Probe(
    flows=("redfish",), plan=plan, run=run, options=_OPTIONS,
    load=Load(packets=8, connections=8, octets=2 * 1024 * 1024, spacing=SPACING),
)  # fmt: skip
