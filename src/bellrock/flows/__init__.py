"""The catalogue of flows: who talks to whom, over what, and why; and the sites that adjust it."""

from bellrock.flows.addresses import Addresses
from bellrock.flows.catalogue import CATALOGUE, UnknownFlowError, flow
from bellrock.flows.crossing import crossings, flows_of, gaps, heard, passages
from bellrock.flows.draw import Machine, draw, machines
from bellrock.flows.passages import AddressRange, Crossing, Hook, Party, Passage, Place
from bellrock.flows.place import parse_place
from bellrock.flows.profiles import PROFILES, Profile, UnknownProfileError
from bellrock.flows.render import ends, row
from bellrock.flows.schema import json_schema
from bellrock.flows.site import Members, Site, SiteError, Subnet, Target, Trial
from bellrock.flows.site_check import check_against
from bellrock.flows.site_file import parse
from bellrock.flows.targets import roles_at
from bellrock.flows.values import (
    ANY_PORT,
    EPHEMERAL,
    Condition,
    ConditionKind,
    Exchange,
    Family,
    Flow,
    Group,
    PortRange,
    PortsOf,
    Protocol,
    Reach,
    Role,
    Stance,
)
from bellrock.flows.wanted import BOOT, Standpoint, Untried, Wanted, untried, wanted

__all__ = [
    "ANY_PORT",
    "BOOT",
    "CATALOGUE",
    "EPHEMERAL",
    "PROFILES",
    "AddressRange",
    "Addresses",
    "Condition",
    "ConditionKind",
    "Crossing",
    "Exchange",
    "Family",
    "Flow",
    "Group",
    "Hook",
    "Machine",
    "Members",
    "Party",
    "Passage",
    "Place",
    "PortRange",
    "PortsOf",
    "Profile",
    "Protocol",
    "Reach",
    "Role",
    "Site",
    "SiteError",
    "Stance",
    "Standpoint",
    "Subnet",
    "Target",
    "Trial",
    "UnknownFlowError",
    "UnknownProfileError",
    "Untried",
    "Wanted",
    "check_against",
    "crossings",
    "draw",
    "ends",
    "flow",
    "flows_of",
    "gaps",
    "heard",
    "json_schema",
    "machines",
    "parse",
    "parse_place",
    "passages",
    "roles_at",
    "row",
    "untried",
    "wanted",
]
