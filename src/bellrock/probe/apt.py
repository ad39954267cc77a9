"""APT repositories: InRelease, who signed it, how old it is, and whether an index is what it says; directly or by a proxy
(apt-secure(8), sources.list(5))."""

import re
from functools import partial
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.link.clock import wall
from bellrock.model import Verdict, Wall
from bellrock.probe import tls
from bellrock.probe.certificate import day, span
from bellrock.probe.files import Unusable, contents
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import Options, read
from bellrock.probe.proxied import PROXY_OPTIONS, Denied, no_tunnel, proxy
from bellrock.probe.url import target
from bellrock.probe.values import Ask, Found, NotChecked, Option, PlanError, Probe, Unexpected
from bellrock.probe.variants import each
from bellrock.probe.visit import TLS_OPTION, Place, Visit, place
from bellrock.probe.web import ends_soon, load, refused
from bellrock.wire.errors import WireError
from bellrock.wire.pgp import Key, Signed, clearsigned, is_clearsigned, keyring, signed_by
from bellrock.wire.release import MAX_FILE, Listed, Release, release

OPTIONS: Final = (
    Option("path", "where the repository is on its server, as in sources.list: /ubuntu; default: the usual places are tried"),
    Option("suite", "suites, with commas between: noble,noble-updates; one that ends with / is a directory; default: the usual ones are tried"),
    Option("arch", "architecture that nodes need: amd64; default: not looked at"),
    Option("component", "components that nodes need, with commas between: main; default: not looked at"),
    Option("max-age", "days after which a suite is too old; default: only what it says itself (Valid-Until) counts"),
    Option("keyring", "file of the OpenPGP keys of which one must have signed it; default: who signed it is told, and not proved", file=True),
    TLS_OPTION,
    *PROXY_OPTIONS,
    *tls.OPTIONS,
)  # fmt: skip
MAX_SUITES: Final = 16
MAX_KEYRING: Final = 4 * 1024 * 1024
MAX_INDEX: Final = 1024 * 1024
"""Of printable ASCII: what a server names otherwise cannot be asked for as it stands."""
"""Octets of the index that is fetched to be compared with its digest: the smallest is taken."""
PATHS: Final = ("/ubuntu", "/debian", "/ubuntu-ports", "")
SUITES: Final = ("noble", "jammy", "stable")
_INDEX: Final = re.compile(r"(?:[!-.0-~]+/binary-([!-.0-~]+)/)?(?:Packages\.(?:xz|gz)|Release)")


class Plan(Struct, frozen=True, kw_only=True):
    """What is fetched from where."""

    place: Place
    suites: dict[str, tuple[str, ...]]
    """Suite → the directories in which it may be; the first that has it counts. Empty name: whichever there is."""
    arch: str
    components: tuple[str, ...]
    max_age: float | None
    """Seconds."""
    keyring: str


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is wrong.
    """
    given = read(ask, OPTIONS)
    there = structs.replace(place(ask, given), trust=True, proxy=proxy(given))
    return Plan(
        place=there, suites=_suites(given), arch=given.text("arch"), components=given.several("component"),
        max_age=86_400 * given.number("max-age", 0.0, most=36_500) if "max-age" in given else None, keyring=given.text("keyring"),
    )  # fmt: skip


async def run(planned: Plan, net: Net) -> tuple[Found, ...]:
    """A result for each suite."""
    keys = _keys(planned.keyring) if planned.keyring else ()
    return await each(net, {suite: partial(_suite, planned, suite, keys) for suite in planned.suites})


def _suites(given: Options) -> dict[str, tuple[str, ...]]:
    paths = (given.text("path").strip().rstrip("/"),) if "path" in given else PATHS
    suites = given.several("suite")
    if len(suites) > MAX_SUITES:
        raise PlanError(f"apt: option suite takes at most {MAX_SUITES} suites, and not {len(suites)}")
    if not suites:
        return {"": tuple(_directory(path, suite) for path in paths for suite in SUITES)}
    return {suite: tuple(_directory(path, suite) for path in paths) for suite in suites}


def _directory(path: str, suite: str) -> str:
    """sources.list(5): a suite that ends with a slash is a directory itself."""
    return target(f"{path}/{suite.lstrip('/')}" if suite.endswith("/") else f"{path}/dists/{suite}/")


def _keys(path: str) -> tuple[Key, ...]:
    try:
        return keyring(contents(path, MAX_KEYRING))
    except Unusable as error:
        raise NotChecked(f"keyring {path}: {error}") from None
    except WireError as error:
        raise NotChecked(f"keyring {path}: {error.detail}") from None


async def _suite(planned: Plan, suite: str, keys: tuple[Key, ...], net: Net) -> Found:
    async with Visit(net, planned.place) as visit:
        try:
            where, answer = await _found(visit, planned.suites[suite])
            facts = answer.facts() | visit.facts() | {"path": where + "InRelease"}
            if answer.status == 404:
                return await _without(visit, planned, suite, facts)
            if (found := refused(answer, where + "InRelease", facts) or _no_file(answer, where, facts)) is not None:
                return found
            signed = _read(answer)
            said = release(signed.text)
            facts |= _told(signed, said, wall())
            why = _signature(signed, keys, planned, facts) or _age(said, planned, wall()) or _fit(said, planned, suite)
            why = why or await _index(visit, where, said, planned, facts) or ends_soon(visit.session, wall())
        except Denied as error:
            return no_tunnel(error)
        except WireError as error:
            raise Unexpected(f"its InRelease cannot be read: {error.detail}") from None
    if why:
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts)
    return Found(verdict=Verdict.WORKS, detail=_well(said, facts), facts=facts)


async def _found(visit: Visit, directories: tuple[str, ...]) -> tuple[str, Answer]:
    """The first directory that has an InRelease, and the answer; where none has, the last."""
    for directory in directories[:-1]:
        answer, _ = await visit.followed(directory + "InRelease", most=MAX_FILE)
        if answer.status != 404:
            return directory, answer
    answer, _ = await visit.followed(directories[-1] + "InRelease", most=MAX_FILE)
    return directories[-1], answer


async def _without(visit: Visit, planned: Plan, suite: str, facts: dict[str, Any]) -> Found:
    """No InRelease: repositories of old have Release, with its signature beside it."""
    directories = planned.suites[suite]
    for directory in directories if suite else ():
        answer, _ = await visit.followed(directory + "Release", most=MAX_FILE)
        if answer.status == 200 and answer.complete:
            said = release(answer.body)
            beside = (await visit.get(directory + "Release.gpg", method="HEAD", most=0)).status == 200
            how = (
                "with a signature beside it (Release.gpg), as apt reads it too"
                if beside
                else "unsigned: apt refuses it"
            )
            facts = facts | {"path": directory + "Release", "suite": said.suite, "codename": said.codename}
            return Found(
                verdict=Verdict.DEGRADED, detail=f"it has no InRelease of {suite}, only Release, {how}", facts=facts
            )
    tried = ", ".join(directories[:4]) + (" and others" if len(directories) > 4 else "")
    what = (
        f"no InRelease of {suite}" if suite else "no suite that is tried by itself (options path and suite say which)"
    )
    return Found(verdict=Verdict.WRONG_SERVICE, detail=f"it has {what}: nothing in {tried}", facts=facts)


def _no_file(answer: Answer, where: str, facts: dict[str, Any]) -> Found | None:
    detail = ""
    if answer.cut:
        detail = f"{where}InRelease breaks off after {answer.size} octets: {answer.cut}"
    elif not answer.complete:
        detail = f"{where}InRelease is larger than {MAX_FILE // 1024 // 1024} MiB"
    elif answer.body.lstrip()[:1] == b"<":
        detail = f"instead of {where}InRelease a page for people comes: a portal, or a proxy that wants something"
    elif not is_clearsigned(answer.body):
        detail = f"{where}InRelease is not signed: apt refuses it"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=detail, facts=facts) if detail else None


def _read(answer: Answer) -> Signed:
    signed = clearsigned(answer.body)
    if not signed.signatures:
        raise Unexpected("its InRelease holds no signature: apt refuses it")
    return signed


def _told(signed: Signed, said: Release, now: Wall) -> dict[str, Any]:
    return {
        "origin": said.origin, "label": said.label, "suite": said.suite, "codename": said.codename, "date": said.date,
        "age_s": None if said.date is None else round(now - said.date), "valid_until": said.valid_until,
        "architectures": list(said.architectures), "components": list(said.components), "indexes": len(said.listed),
        "signed_by": [signature.issuer for signature in signed.signatures], "signed_at": signed.signatures[0].created, "verified": None,
    }  # fmt: skip


def _signature(signed: Signed, keys: tuple[Key, ...], planned: Plan, facts: dict[str, Any]) -> str:
    """Raises Unexpected where a keyring is given and none of its keys has signed: somebody else's repository."""
    if not keys:
        return ""
    by = signed_by(signed, keys)
    facts["verified"] = bool(by)
    if by:
        facts["verified_by"] = list(by)
        return ""
    names = ", ".join(signature.issuer or "an unnamed key" for signature in signed.signatures[:4])
    known = any(
        key.fingerprint.endswith(signature.issuer)
        for key in keys
        for signature in signed.signatures
        if signature.issuer
    )
    if known:
        raise Unexpected(
            f"its InRelease is not what the key signed ({names}): it was changed, on the server or on the way"
        )
    raise Unexpected(
        f"its InRelease is signed by {names}, which {planned.keyring} does not hold: apt refuses it (NO_PUBKEY)"
    )


def _age(said: Release, planned: Plan, now: Wall) -> str:
    """What apt holds against its dates, and what the operator does."""
    if said.valid_until is not None and now > said.valid_until:
        return f"it is stale: valid until {day(said.valid_until)}, {span(now - said.valid_until)} ago; apt refuses it. The mirror does not follow its source, or this host's clock is ahead"
    if said.date is not None and said.date > now:
        return f"it was made {span(said.date - now)} in the future ({day(said.date)}); apt refuses it. This host's clock is behind, or the server's ahead"
    if planned.max_age is not None and said.date is not None and now - said.date > planned.max_age:
        return f"it is stale: made {day(said.date)}, {span(now - said.date)} ago; at most {span(planned.max_age)} are wanted"
    return ""


def _fit(said: Release, planned: Plan, suite: str) -> str:
    """Whether it is what was asked for, and what nodes need."""
    wanted = suite.split("/")[0]
    if suite and not suite.endswith("/") and wanted not in (said.suite, said.codename):
        return f"where {suite} should be, there is suite {said.suite or '-'}, codename {said.codename or '-'}"
    if planned.arch and planned.arch not in said.architectures and said.architectures:
        return f"it has nothing for {planned.arch}, only for {', '.join(said.architectures[:12])}"
    if missing := [one for one in planned.components if one not in said.components]:
        return f"it has no component {', '.join(missing)}, only {', '.join(said.components[:12]) or 'none'}"
    return ""


async def _index(visit: Visit, where: str, said: Release, planned: Plan, facts: dict[str, Any]) -> str:
    """Fetches the smallest index, and compares it with what InRelease says of it."""
    listed = _smallest(said, planned.arch)
    facts["index"] = listed.path if listed else None
    if listed is None:
        return ""
    directory, _, _ = listed.path.rpartition("/")
    answer = None
    if said.by_hash:
        answer, _ = await visit.followed(f"{where}{directory}/by-hash/SHA256/{listed.sha256}", most=MAX_INDEX)
    if answer is None or answer.status == 404:
        answer, _ = await visit.followed(where + listed.path, most=MAX_INDEX)
    if answer.status != 200:
        return f"it lists {listed.path}, and does not give it: {answer.said}"
    if answer.cut or answer.size != listed.size or sha256(answer.body).hexdigest() != listed.sha256:
        return f"{listed.path} is not what InRelease says it is (Hash Sum mismatch): {answer.size} octets of {listed.size}; the mirror is half way through, or something on the way keeps old files"
    return ""


def _smallest(said: Release, arch: str) -> Listed | None:
    found = [
        one for one in said.listed
        if 0 < one.size <= MAX_INDEX and (match := _INDEX.fullmatch(one.path)) and arch in ("", match[1])
    ]  # fmt: skip
    return min(found, key=lambda one: (one.size, one.path), default=None)


def _well(said: Release, facts: dict[str, Any]) -> str:
    made = f"made {span(facts['age_s'])} ago" if facts["age_s"] is not None else "without a date"
    until = f", valid until {day(said.valid_until)}" if said.valid_until is not None else ""
    proved = "signed" if facts["verified"] is None else "rightly signed"
    return f"it has {said.suite or said.codename or 'a repository'}, {made}{until}, {proved} by {facts['signed_by'][0] or 'an unnamed key'}"


PROBE: Final = Probe(
    flows=("apt",),
    plan=plan,
    run=run,
    # Per suite InRelease and Release at each place, a signature, an index by its digest and by its name.
    load=load(MAX_SUITES * (2 * len(PATHS) + 3), MAX_SUITES * (2 * MAX_FILE + MAX_INDEX)),
    options=OPTIONS,
)
