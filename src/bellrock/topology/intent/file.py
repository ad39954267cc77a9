"""Intent files: what a network is meant to be, as TOML that a person can write and compare."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bellrock.topology.intent.values import Intent, IntentError, MeantPort, MeantVlan
from bellrock.wire.toml.tables import Tables
from bellrock.wire.toml.text import Problem, TomlError, read, told

MAX_FILE: Final = 64 << 20
"""Octets of an intent file: 100,000 ports have some 15 MB."""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_MAC: Final = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_TABLES: Final = ("title", "vlan", "port")


def parse(raw: bytes, file: str) -> Intent:
    """What the text of a file says; `file` is its name for messages.

    Raises:
        IntentError: something in it is wrong; one line for each mistake.
    """
    try:
        text, document = read(raw, file, kind="intent file", most=MAX_FILE, levels="three")
    except TomlError as error:
        raise IntentError(str(error)) from None
    tables = Tables()
    vlans = tables.mapping(document, "vlan", MeantVlan, ())
    ports = tables.mapping(document, "port", MeantPort, ())
    problems = [*tables.problems, *_strangers(document), *_wrong(document.get("title", ""), vlans, ports)]
    if problems:
        raise IntentError(told(file, text, problems))
    return Intent(title=document.get("title", ""), vlans=vlans, ports=ports)


def _strangers(document: Mapping[str, object]) -> Iterator[Problem]:
    for key in document.keys() - set(_TABLES):
        yield (key,), f"unknown; there are {', '.join(_TABLES)}"


def _wrong(title: object, vlans: Mapping[str, MeantVlan], ports: Mapping[str, MeantPort]) -> Iterator[Problem]:
    if not isinstance(title, str):
        yield ("title",), "expected a string"
    for name, vlan in vlans.items():
        if vlan.vid is not None and not 1 <= vlan.vid <= 4094:
            yield ("vlan", name, "vid"), f"{vlan.vid} is no VID; there are 1 to 4094 (IEEE 802.1Q)"
    for name, port in ports.items():
        host, slash, interface = name.partition("/")
        if not (host and slash and interface):
            yield ("port", name), "a port is HOST/INTERFACE"
        if port.mac and not _MAC.fullmatch(port.mac):
            yield ("port", name, "mac"), f"{port.mac!r} is no MAC address in lower case with colons"
        for vlan_name in (port.untagged, *port.tagged):
            if vlan_name and vlan_name not in vlans:
                yield ("port", name), f"there is no [vlan.{_key(vlan_name)}]"


def write(intent: Intent) -> str:
    """The text of a file that `parse` reads."""
    lines = [f"title = {_text(intent.title)}"] if intent.title else []
    lines += [f"# left out: {_one_line(note)}" for note in intent.notes]
    for name, vlan in intent.vlans.items():
        lines += ["", f"[vlan.{_key(name)}]", *_vlan(vlan)]
    for name, port in intent.ports.items():
        lines += ["", f"[port.{_key(name)}]", *_port(port)]
    return "\n".join(lines) + "\n"


def _vlan(vlan: MeantVlan) -> Iterator[str]:
    if vlan.vid is not None:
        yield f"vid = {vlan.vid}"
    if vlan.fabric:
        yield f"fabric = {_text(vlan.fabric)}"
    if vlan.subnets:
        yield f"subnets = [{', '.join(map(_text, vlan.subnets))}]"


def _port(port: MeantPort) -> Iterator[str]:
    for key in ("mac", "untagged", "cable"):
        if value := getattr(port, key):
            yield f"{key} = {_text(value)}"
    if port.tagged:
        yield f"tagged = [{', '.join(map(_text, port.tagged))}]"
    if port.mtu is not None:
        yield f"mtu = {port.mtu}"
    if port.connected is not None:
        yield f"connected = {str(port.connected).lower()}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    # JSON's escapes are TOML's (TOML 1.0, "String"), but DEL must be escaped too, and surrogates are no text at all.
    return json.dumps(value.encode(errors="replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
