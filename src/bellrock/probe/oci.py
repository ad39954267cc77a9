"""Registries of container images and other artifacts: the API's root, who may use it, an image that is needed (OCI Distribution 1.1)."""

import re
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.probe.visit import (
    TLS_OPTION,
    Place,
    Visit,
    Withheld,
    basic,
    denied,
    place,
    pointed_elsewhere,
    read_json,
    troubled,
)

_OPTIONS: Final = (
    Option("image", "NAME or NAME:TAG of an image that must be there; default: none is looked for"),
    Option("user", "user name, for registries that want one"),
    Option("password", "its password, or a token", secret=True),
    TLS_OPTION,
    *tls.OPTIONS,
)
_IMAGE: Final = re.compile(r"([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?")
"""OCI Distribution §2 (names, tags), a little narrower in where separators may stand."""
_MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)


class Plan(Struct, frozen=True):
    """What will be asked."""

    place: Place
    manifest: str
    """Path of the image's manifest; empty: none is looked for."""
    plain_is_meant: bool


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    given = read(ask, _OPTIONS)
    image = _IMAGE.fullmatch(given.text("image"))
    if "image" in given and (image is None or len(given.text("image")) > 255):
        raise PlanError(f"registry: option image takes NAME or NAME:TAG, and not {given.text('image')[:64]!r}")
    if "password" in given and "user" not in given:
        raise PlanError("registry: option password needs option user")
    where = structs.replace(place(ask, given), credentials=basic(given.text("user"), given.text("password")))
    manifest = f"/v2/{image[1]}/manifests/{image[2] or 'latest'}" if image else ""
    return Plan(where, manifest, given.text("tls") == "no")


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask for the root, with credentials where it wants them, then for the image."""
    async with Visit(net, plan.place) as visit:
        answer = await visit.get("/v2/")
        challenge = _challenge(answer)
        withheld = ""
        if answer.status == 401 and challenge.get("auth") and plan.place.credentials:
            try:
                answer = await visit.get("/v2/", credentials=True)
            except Withheld as error:
                withheld = str(error)
        facts = visit.facts() | answer.facts() | challenge
        if found := _root(plan, answer, facts, withheld):
            return (found,)
        facts["api_version"] = answer.header("docker-distribution-api-version") or "registry/2.0"
        return (await _image(plan, visit, facts),)


def _challenge(answer: Answer) -> dict[str, Any]:
    """RFC 9110 §11.6.1: schemes, and who hands out tokens."""
    offered = answer.all("www-authenticate")
    realm = re.search(r'realm="([^"]{1,200})"', offered[0]) if offered else None
    told = {"auth": sorted({one.split(" ")[0].lower() for one in offered})} if offered else {}
    return told | ({"realm": realm[1]} if realm else {})


def _root(plan: Plan, answer: Answer, facts: dict[str, Any], withheld: str) -> Found | None:
    """What is wrong with the root's answer, if anything is."""
    if found := pointed_elsewhere(answer, facts):
        return found
    is_registry = "docker-distribution-api-version" in {name.decode("latin-1") for name, _ in answer.headers}
    if denied(answer):
        # Whoever wants a password at any path is not yet a registry.
        if not is_registry and "bearer" not in facts.get("auth", ()):
            raise Unexpected(f"it wants credentials at /v2/ ({answer.said}), but does not say that it is a registry")
        taken = "does not take the credentials that were given" if plan.place.credentials else "wants credentials"
        taken = f"wants credentials: {withheld}" if withheld else taken
        by = f" ({', '.join(facts['auth'])})" if facts.get("auth") else ""
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=f"a registry answers and {taken}{by}", facts=facts)
    if found := troubled(answer, "/v2/", facts):
        return found
    if answer.status != 200 or not is_registry:
        if answer.status != 200:
            raise Unexpected(f"it speaks HTTP, but is no registry: /v2/ answers {answer.said}")
        read_json(answer, dict[str, Any], "registry")
    return None


async def _image(plan: Plan, visit: Visit, facts: dict[str, Any]) -> Found:
    if plan.manifest:
        try:
            found = await visit.get(
                plan.manifest, method="HEAD", credentials=bool(plan.place.credentials), accept=_MANIFESTS
            )
        except Withheld as error:
            detail = f"a registry answers, but {plan.manifest} was not asked for: {error}"
            return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
        facts |= {"image_status": found.status}
        if found.status != 200:
            why = "is not there" if found.status == 404 else f"is answered {found.said}"
            verdict = Verdict.AUTHENTICATION_NEEDED if denied(found) else Verdict.DEGRADED
            return Found(verdict=verdict, detail=f"a registry answers, but {plan.manifest} {why}", facts=facts)
        facts |= {"digest": found.header("docker-content-digest")}
    if visit.scheme == "http" and not plan.plain_is_meant:
        detail = "a registry answers in plain HTTP: clients take it only where it is listed as insecure (tls=no says that this is meant)"
        return Found(verdict=Verdict.DEGRADED, detail=detail, facts=facts)
    doubts = visit.doubts()
    has = f", and has {plan.manifest}" if plan.manifest else ""
    return Found(verdict=Verdict.WORKS, detail=f"a registry answers{has}{f'; {doubts}' if doubts else ''}", facts=facts)


PROBE: Final = Probe(
    flows=("registry",), plan=plan, run=run, options=_OPTIONS, load=Load(packets=5, connections=5, octets=1024 * 1024)
)
