"""Who plays the roles of a site file: names of subnets and VLANs, and addresses, as sets of addresses."""

import re
from collections import defaultdict
from fnmatch import translate
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bellrock.flows.addresses import EVERYTHING, FAMILIES, Addresses, collected, global_less, merged, range_of
from bellrock.flows.nearest import nearest
from bellrock.flows.passages import AddressRange
from bellrock.flows.site import Members, Subnet
from bellrock.flows.site_spec import RoleSpec
from bellrock.flows.values import Role
from bellrock.flows.written import WrittenError, family_of, spans
from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.text import Problem

INTERNET: Final = "internet"
"""In a list of addresses: everybody who is not of this site."""
ROLES: Final = tuple(role for role in Role if role is not Role.ANYONE)
"""Those that a site may fill."""
MAX_PATTERNS: Final = 100
"""Patterns of names in one list: each is held against every name."""
_WILD: Final = re.compile(r"[*?\[]")


class Plan(Struct, frozen=True):
    """A site's subnets by what roles call them."""

    by_name: dict[str, Subnet]
    by_vlan: dict[str, dict[str, list[Subnet]]]
    """VLAN as text, then fabric as text (empty where none is told)."""
    called: frozenset[str] = frozenset()
    """What the file's subnets are called and what VLANs they are on, also those with mistakes."""

    @classmethod
    def of(cls, subnets: tuple[Subnet, ...], called: frozenset[str] = frozenset()) -> "Plan":
        """Of a site's subnets."""
        by_vlan: dict[str, dict[str, list[Subnet]]] = defaultdict(lambda: defaultdict(list))
        for one in subnets:
            if one.vlan is not None:
                by_vlan[str(one.vlan)][one.fabric or ""].append(one)
        return cls(
            {one.name: one for one in subnets}, {vlan: dict(fabrics) for vlan, fabrics in by_vlan.items()}, called
        )


def role_members(declared: dict[str, RoleSpec], plan: Plan, problems: list[Problem]) -> dict[Role, Members]:
    """Members by role; what is wrong goes to `problems`."""
    found: dict[Role, Members] = {}
    for name, spec in declared.items():
        if name not in ROLES:
            problems.append((("role", name), f"no role {name!r}; {nearest(name, ROLES)}"))
            continue
        found[Role(name)] = _members(spec, plan, ("role", name), problems)
    return _with_the_internet(found, plan)


def _with_the_internet(roles: dict[Role, Members], plan: Plan) -> dict[Role, Members]:
    """Who is on the Internet is known once all who are of the site are: no rule for it may open the site's own machines."""
    outside = [role for role, members in roles.items() if INTERNET in members.hosts]
    if not outside:
        return roles
    planned = collected(one.network for one in plan.by_name.values())
    own = [planned, *(members.addresses for members in roles.values())]
    internet = global_less(
        Addresses(*(merged(span for one in own for span in one.of(f) if span != EVERYTHING[f]) for f in FAMILIES))
    )
    joined = {role: _joined(roles[role].addresses, internet) for role in outside}
    return roles | {role: replace(roles[role], addresses=joined[role]) for role in outside}


def _joined(one: Addresses, other: Addresses) -> Addresses:
    return Addresses(*(merged((*one.of(family), *other.of(family))) for family in FAMILIES))


def _members(spec: RoleSpec, plan: Plan, path: Path, problems: list[Problem]) -> Members:
    filled = {one.name: one for one in (*_named(spec, plan, path, problems), *_on_vlans(spec, plan, path, problems))}
    ranges: dict[int, list[AddressRange]] = {4: [], 6: []}
    for subnet in filled.values():
        ranges[family_of(subnet.network)].append(range_of(subnet.network))
    for position, text in enumerate(spec.addresses):
        if text == INTERNET:
            continue
        try:
            for family, span in spans(text):
                ranges[family].append(span)
        except WrittenError as error:
            problems.append(((*path, "addresses", position), str(error)))
    if not (spec.addresses or spec.subnets or spec.vlans):
        problems.append((path, "no addresses; give addresses, subnets or vlans, or leave the role out"))
    return Members(
        addresses=Addresses(merged(ranges[4]), merged(ranges[6])),
        subnets=tuple(filled),
        hosts=spec.addresses,
        interfaces=spec.interfaces,
    )


def _named(spec: RoleSpec, plan: Plan, path: Path, problems: list[Problem]) -> list[Subnet]:
    found: list[Subnet] = []
    patterns = 0
    for position, name in enumerate(spec.subnets):
        where = (*path, "subnets", position)
        if name in plan.by_name:
            found.append(plan.by_name[name])
        elif name in plan.called:
            continue
        elif not _WILD.search(name):
            problems.append((where, f"no subnet {name!r} is declared; {_near(name, plan.by_name)}"))
        elif (patterns := patterns + 1) > MAX_PATTERNS:
            problems.append((where, f"more than {MAX_PATTERNS} patterns; name the subnets, or use wider patterns"))
            break
        elif matching := _matching(name, plan):
            found += matching
        else:
            problems.append((where, f"no subnet is called like {name!r}; {_near(name, plan.by_name)}"))
    return found


def _matching(pattern: str, plan: Plan) -> list[Subnet]:
    # A name has at most 256 characters, and `translate` writes atomic groups: no pattern takes long.
    fits = re.compile(translate(pattern)).match
    return [one for name, one in plan.by_name.items() if fits(name)]


def _on_vlans(spec: RoleSpec, plan: Plan, path: Path, problems: list[Problem]) -> list[Subnet]:
    found: list[Subnet] = []
    for position, asked in enumerate(spec.vlans):
        try:
            found += _on_vlan(str(asked), plan)
        except WrittenError as error:
            problems.append(((*path, "vlans", position), str(error)))
    return found


def _on_vlan(asked: str, plan: Plan) -> list[Subnet]:
    if asked in plan.by_vlan:
        fabrics = plan.by_vlan[asked]
        if len(fabrics) > 1:
            spelled = ", ".join(f"'{fabric}/{asked}'" for fabric in sorted(fabrics) if fabric)
            raise WrittenError(f"VLAN {asked} is in more than one fabric; write {spelled}")
        return next(iter(fabrics.values()))
    fabric, slash, vlan = asked.rpartition("/")
    if slash and fabric in plan.by_vlan.get(vlan, {}):
        return plan.by_vlan[vlan][fabric]
    if asked in plan.called:
        return []
    raise WrittenError(f"no subnet is on VLAN {asked!r}; {_near(asked, plan.by_vlan)}")


def _near(asked: str, known: dict[str, Subnet] | dict[str, dict[str, list[Subnet]]]) -> str:
    """`nearest`, where there may be thousands of names or none."""
    if not known:
        return "none is declared; add a [[subnet]] with it"
    hint = nearest(asked, known)
    if len(known) <= 20 or hint.startswith("did"):
        return hint
    return f"expected one of the {len(known)} that are declared: {', '.join(list(known)[:5])} …"
