"""A document as `nft -j list ruleset` prints it → its entries, each of a shape that nft could have printed."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from bellrock.firewall.verify.ruleset import RulesetError

MOST_OCTETS: Final = 64 << 20
"""The longest document that is read."""
_FAMILIES: Final = frozenset({"inet", "ip", "ip6", "arp", "bridge", "netdev"})
_KINDS: Final = frozenset({
    "table", "chain", "rule", "set", "map", "element", "flowtable", "counter", "quota", "limit", "ct helper",
    "ct timeout", "ct expectation", "secmark", "synproxy", "tunnel", "metainfo",
})  # fmt: skip
"""libnftables-json(5), and those that came after it."""
_ADDS: Final = ("add", "create")
"""As input for nft, each object stands in a command."""
_TYPES: Final = ("filter", "nat", "route")
_POLICIES: Final = ("accept", "drop")
_SHOWN: Final = 60
"""Characters of a value that a message repeats."""


def entries(raw: bytes) -> list[dict[str, Any]]:
    """The objects of a document, in its order; each has one key, the kind, and its body is an object.

    Raises:
        RulesetError: it is no such document; the entry that is not as nft prints it is named by its place, from 1 on.
    """
    found: list[dict[str, Any]] = []
    for number, entry in enumerate(_listed(raw), 1):
        kind, body = _opened(entry, number)
        if kind == "flush":
            continue
        for wrong in _mistakes(kind, body):
            raise RulesetError(f"this JSON is no ruleset: entry {number} ({kind}): {wrong}")
        found.append({kind: body})
    return found


def _listed(raw: bytes) -> list[Any]:
    if len(raw) > MOST_OCTETS:
        raise RulesetError(f"the ruleset is longer than {MOST_OCTETS >> 20} MiB")
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError) as error:
        raise RulesetError(f"the ruleset is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("nftables"), list):
        raise RulesetError('this JSON is no ruleset: nft -j writes {"nftables": […]}')
    listed: list[Any] = document["nftables"]
    return listed


def _opened(entry: Any, number: int) -> tuple[str, Any]:  # noqa: ANN401 -- JSON
    """Kind and body of an entry, out of the command that it stands in."""
    where = f"this JSON is no ruleset: entry {number}"
    if not isinstance(entry, dict) or len(entry) != 1:
        raise RulesetError(f"{where} is {_shown(entry)}; expected an object with one key, such as chain or rule")
    ((kind, body),) = entry.items()
    if kind in _ADDS:
        return _opened(body, number)
    # At the head of an input for nft, behind metainfo at most; of what is not loaded yet there is nothing to take away.
    if kind == "flush" and body == {"ruleset": None} and number <= 2:
        return kind, body
    if kind not in _KINDS:
        raise RulesetError(f"{where}: {kind} is nothing that nft -j lists; load the file and give what is listed then")
    return kind, body


def _mistakes(kind: str, body: Any) -> Iterator[str]:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        yield f"expected an object, not {_shown(body)}"
        return
    if kind == "metainfo":
        return
    yield from _unnamed(kind, body)
    if kind == "chain":
        yield from _of_chain(body)
    elif kind == "rule" and not isinstance(body.get("expr"), list):
        yield "a rule without statements: expr is no list"
    elif kind in ("set", "map", "element"):
        yield from _of_set(kind, body)


def _unnamed(kind: str, body: dict[str, Any]) -> Iterator[str]:
    own = {"table": ("family", "name"), "rule": ("family", "table", "chain")}
    for key in own.get(kind, ("family", "table", "name")):
        value = body.get(key)
        if not isinstance(value, str) or not value:
            yield f"it has no {key}"
        elif key == "family" and value not in _FAMILIES:
            yield f"family {_shown(value)} is not known"


def _of_chain(body: dict[str, Any]) -> Iterator[str]:
    hook, policy = body.get("hook"), body.get("policy")
    if hook is None:
        for key in ("type", "prio", "policy"):
            if body.get(key) is not None:
                yield f"it has a {key} and no hook"
        return
    if not isinstance(hook, str) or not hook:
        yield f"hook {_shown(hook)} is not known"
    if body.get("type") not in _TYPES:
        yield f"type {_shown(body.get('type'))} is not known: it is one of {', '.join(_TYPES)}"
    if body.get("prio") is None:
        yield "it has a hook and no prio"
    if policy is not None and policy not in _POLICIES:
        yield f"policy {_shown(policy)} is not known: it is accept or drop"
    for key in ("dev", "devices"):
        if not _is_words(body.get(key, "")):
            yield f"{key} is {_shown(body[key])}; expected names of interfaces"


def _of_set(kind: str, body: dict[str, Any]) -> Iterator[str]:
    if "elem" in body and not isinstance(body["elem"], list):
        yield f"elem is {_shown(body['elem'])}; expected a list"
    if kind != "element" and not isinstance(body.get("type"), str | list | dict):
        yield "it has no type"


def _is_words(value: Any) -> bool:  # noqa: ANN401 -- JSON
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _shown(value: Any) -> str:  # noqa: ANN401 -- JSON
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
