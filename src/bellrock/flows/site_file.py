"""From a site file to a `Site`, or to one line for each mistake: file, line, key, what is wrong, what is allowed."""

from typing import Any, Final

from msgspec import structs

from bellrock.flows.nearest import nearest
from bellrock.flows.opened import opened
from bellrock.flows.profiles import PROFILES, catalogue
from bellrock.flows.site import Site, SiteError
from bellrock.flows.site_ports import overrides
from bellrock.flows.site_probes import trials
from bellrock.flows.site_roles import Plan, role_members
from bellrock.flows.site_spec import WORDS, Document, RoleSpec, SiteHead, SubnetSpec, SwitchportSpec
from bellrock.flows.site_subnets import subnets
from bellrock.flows.site_switchports import switchports
from bellrock.flows.values import Flow, Group
from bellrock.wire.toml.tables import Tables
from bellrock.wire.toml.text import Problem, TomlError, read, told

MAX_FILE: Final = 8 << 20
"""Octets of a site file."""

TABLES: Final = ("subnet", "switchport", "role", "ports", "probe")
"""What is read table by table; everything else is the head."""

MAX_UNKNOWN: Final = 100
"""Unknown keys that are told one by one, each with the known one that is nearest."""


def parse(raw: bytes, file: str) -> Site:
    """The site that the text of a file describes; `file` is its name for messages.

    Raises:
        SiteError: something in it is wrong; one line for each mistake.
    """
    try:
        text, document = read(raw, file, kind="site file", most=MAX_FILE, levels="five")
    except TomlError as error:
        raise SiteError(str(error)) from None
    problems: list[Problem] = []
    site = _site(document, problems)
    if problems:
        raise SiteError(told(file, text, problems), problems)
    return structs.replace(site, notices=(*site.notices, *(one.sentence for one in opened(site))))


def _site(document: Document, problems: list[Problem]) -> Site:
    tables = Tables(words=WORDS)
    head = _head(tables, document)
    declared = tables.places(document, "subnet", SubnetSpec)
    ports = tables.places(document, "switchport", SwitchportSpec)
    roles = tables.mapping(document, "role", RoleSpec, ())
    problems += tables.problems
    found = subnets(declared, problems, document.get("subnet", []) if declared else [])
    flows = _flows(head, problems)
    return Site(
        name=head.title or "",
        profile=head.profile,
        subnets=found,
        switchports=switchports(ports, problems),
        roles=role_members(roles, Plan.of(found, _called(document)), problems),
        ports=overrides(document.get("ports", {}), flows, problems),
        disabled=_disabled(head, flows, problems),
        trials=trials(document.get("probe", {}), problems),
        notices=_notices(head, flows),
    )


def _called(document: Document) -> frozenset[str]:
    """Names and VLANs of all subnets, right or wrong: whoever names a subnet that is wrong made no second mistake."""
    subnets = document.get("subnet", [])
    given = [one for one in subnets if isinstance(one, dict)] if isinstance(subnets, list) else []
    vlans = {f"{one.get('fabric')}/{one.get('vlan')}" for one in given}
    return frozenset({str(one.get(key)) for one in given for key in ("name", "vlan") if key in one} | vlans)


def _head(tables: Tables, document: dict[str, Any]) -> SiteHead:
    unknown = [key for key in document if key not in TABLES and key not in SiteHead.__struct_fields__]
    known = (*SiteHead.__struct_fields__, *TABLES)
    tables.problems += [((key,), f"unknown key; {nearest(key, known)}") for key in unknown[:MAX_UNKNOWN]]
    if len(unknown) > MAX_UNKNOWN:
        tables.problems.append(((unknown[MAX_UNKNOWN],), f"unknown key, as are {len(unknown) - MAX_UNKNOWN - 1} more"))
    return tables.head(document, SiteHead, (*TABLES, *unknown), ()) or SiteHead()


def _flows(head: SiteHead, problems: list[Problem]) -> tuple[Flow, ...]:
    if head.profile in PROFILES:
        return catalogue(head.profile)
    problems.append((("profile",), f"no profile {head.profile!r}; {nearest(head.profile, PROFILES)}"))
    return catalogue()


def _disabled(head: SiteHead, flows: tuple[Flow, ...], problems: list[Problem]) -> frozenset[str]:
    known = [flow.id for flow in flows]
    for position, one in enumerate(head.flows.disable):
        if one not in known:
            problems.append((("flows", "disable", position), f"no flow {one!r}; {nearest(one, known)}"))
    return frozenset(head.flows.disable)


def _notices(head: SiteHead, flows: tuple[Flow, ...]) -> tuple[str, ...]:
    return tuple(
        f"flow {flow.id} is disabled, though networks need it ({flow.note})"
        for flow in flows
        if flow.id in head.flows.disable and flow.group is Group.ESSENTIAL
    )
