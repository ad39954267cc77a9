"""LXD's API over TLS: which version, whether it trusts this client, and its certificate."""

from typing import Any, Final

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.values import Ask, Found, Load, Probe, Unexpected
from bellrock.probe.visit import IDENTITY, Place, Visit, identity, named, read_json, troubled

_OPTIONS: Final = (
    *IDENTITY,
    *tls.OPTIONS,
)


class _About(Struct):
    """`/1.0` to whoever asks; whom it trusts is told more."""

    api_version: str
    auth: str
    api_status: str = ""
    auth_methods: list[str] = []
    environment: dict[str, Any] = {}


class _Answer(Struct):
    """LXD's `response` envelope."""

    type: str
    metadata: _About
    status: str = ""


class Plan(Struct, frozen=True):
    """Whom to ask."""

    place: Place


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    given = read(ask, _OPTIONS)
    # LXD's clients remember the certificate that they saw first, and ask nothing of its names.
    return Plan(
        Place(
            scheme="https", address=ask.address, port=ask.port, name=named(ask), strict=False, demands=tls.demands(given),
            identity=identity(given),
        )
    )  # fmt: skip


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask for /1.0."""
    async with Visit(net, plan.place) as visit:
        answer = await visit.get("/1.0")
        facts = visit.facts() | answer.facts()
        if found := troubled(answer, "/1.0", facts):
            return (found,)
        about = read_json(answer, _Answer, "LXD").metadata
        if not about.api_version:
            raise Unexpected("it speaks HTTP, but is no LXD: /1.0 tells no API version")
    return (_judged(plan, about, facts),)


def _judged(plan: Plan, about: _About, facts: dict[str, Any]) -> Found:
    facts = facts | {
        "api_version": about.api_version[:40], "trusted": about.auth == "trusted", "auth_methods": [one[:40] for one in about.auth_methods[:8]],
    }  # fmt: skip
    if server := about.environment.get("server_version"):
        facts["server_version"] = str(server)[:40]
    speaks = f"LXD API {facts['api_version']}"
    if facts["trusted"]:
        return Found(verdict=Verdict.WORKS, detail=f"{speaks}; this client is trusted", facts=facts)
    if plan.place.identity:
        detail = f"{speaks} does not trust the client certificate that was shown (`lxc config trust add`)"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    return Found(
        verdict=Verdict.WORKS,
        detail=f"{speaks} answers; no client certificate was shown, so it trusts nobody here",
        facts=facts,
    )


PROBE: Final = Probe(
    flows=("lxd",), plan=plan, run=run, options=_OPTIONS, load=Load(packets=1, connections=1, octets=512 * 1024)
)
