"""The services that machines ask for their metadata, known by what they answer: MAAS, Bellrock's region, Ironic, Hegel, EC2-style."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from bellrock.probe.http import Answer
from bellrock.probe.visit import denied
from bellrock.wire.text import printable

_LISTING: Final = re.compile(rb"[\w.-]+/?(?:\r?\n[\w.-]+/?)*\s*")
"""EC2-style: names, one a line."""
MAX_LISTED: Final = 32


class Endpoint(Struct, frozen=True):
    """Something that a service must answer besides."""

    path: str
    fits: Callable[[Answer], bool]


class Kind(Struct, frozen=True, kw_only=True):
    """A service, and how it is known."""

    id: str
    title: str
    path: str
    """What is asked for first, and again for the latency; it needs no credentials."""
    reads: Callable[[Answer], dict[str, Any] | None]
    """Facts, where the answer is this service's; else None."""
    also: tuple[Endpoint, ...] = ()


class _MaasVersion(Struct):
    version: str
    capabilities: list[str]
    subversion: str = ""


class _Health(Struct):
    status: str


class _IronicVersion(Struct):
    id: str
    status: str = ""
    version: str = ""
    min_version: str = ""


class _Ironic(Struct):
    name: str
    versions: list[_IronicVersion]
    default_version: _IronicVersion | None = None


def _maas(answer: Answer) -> dict[str, Any] | None:
    found = _json(answer, _MaasVersion)
    if found is None:
        return None
    return {"version": _short(found.version), "capabilities": [_short(one) for one in found.capabilities[:MAX_LISTED]]}


def _bellrock(answer: Answer) -> dict[str, Any] | None:
    found = _json(answer, _Health)
    return {"health": _short(found.status)} if found is not None and found.status == "ok" else None


def _ironic(answer: Answer) -> dict[str, Any] | None:
    found = _json(answer, _Ironic)
    if found is None or "ironic" not in found.name.lower():
        return None
    newest = found.default_version or (found.versions[0] if found.versions else None)
    return {"version": _short(newest.version or newest.id) if newest else "", "name": _short(found.name)}


def _listing(answer: Answer, *wanted: bytes) -> list[str] | None:
    """Names of an EC2-style listing that holds one of those wanted."""
    body = answer.body.strip()
    if answer.status != 200 or len(body) > 4096 or not _LISTING.fullmatch(body):
        return None
    lines = body.split()
    return (
        [printable(line) for line in lines[:MAX_LISTED]]
        if {line.rstrip(b"/") for line in lines} & set(wanted)
        else None
    )


def _ec2(answer: Answer) -> dict[str, Any] | None:
    found = _listing(answer, b"instance-id", b"local-hostname", b"hostname", b"local-ipv4", b"public-keys")
    return None if found is None else {"metadata": found}


def _hegel(answer: Answer) -> dict[str, Any] | None:
    found = _listing(answer, b"meta-data", b"user-data")
    return None if found is None else {"metadata": found}


def _maas_metadata(answer: Answer) -> bool:
    # Without a machine's OAuth token it lists its versions, or refuses to: either way it is there.
    return denied(answer) or _listing(answer, b"latest", b"2012-03-01") is not None


def _is_listing(answer: Answer) -> bool:
    return _ec2(answer) is not None


def _is_json_list(answer: Answer) -> bool:
    return denied(answer) or _json(answer, dict) is not None


KINDS: Final = (
    Kind(
        id="maas", title="a MAAS region", path="/MAAS/api/2.0/version/", reads=_maas,
        also=(Endpoint("/MAAS/metadata/", _maas_metadata),),
    ),
    Kind(id="bellrock", title="a Bellrock region", path="/healthz", reads=_bellrock),
    Kind(id="ironic", title="an Ironic API", path="/", reads=_ironic, also=(Endpoint("/v1/", _is_json_list),)),
    Kind(
        id="hegel", title="Tinkerbell's metadata service (Hegel)", path="/2009-04-04/", reads=_hegel,
        also=(Endpoint("/2009-04-04/meta-data/", _is_listing),),
    ),
    Kind(id="ec2", title="an EC2-style metadata service", path="/latest/meta-data/", reads=_ec2),
)  # fmt: skip
"""In the order in which they are looked for where nothing is said."""


def _json(answer: Answer, shape: type[Any]) -> Any:  # noqa: ANN401 -- of the shape, or None
    if answer.status not in (
        200,
        300,
    ):  # RFC 9110 §15.4.1: versions to choose from, as Ironic and other OpenStack services answer
        return None
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, RecursionError):
        return None


def _short(text: str) -> str:
    return printable(text.encode("utf-8", "replace"))[:80]
