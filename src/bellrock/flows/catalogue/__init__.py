"""The catalogue: the rows of the provisioning network's ports and protocols in their order, then what is our own."""

from typing import Final

from bellrock.flows.catalogue.beacon import BEACON
from bellrock.flows.catalogue.bmc import BMC
from bellrock.flows.catalogue.core import CORE
from bellrock.flows.catalogue.day2 import DAY_2
from bellrock.flows.catalogue.dhcp import DHCPV6
from bellrock.flows.catalogue.enterprise import ENTERPRISE
from bellrock.flows.catalogue.essential import ESSENTIAL
from bellrock.flows.catalogue.virtualization import VIRTUALIZATION
from bellrock.flows.nearest import nearest
from bellrock.flows.values import Flow

CATALOGUE: Final[tuple[Flow, ...]] = (
    *CORE, *DAY_2, *BMC, *VIRTUALIZATION, *ENTERPRISE, BEACON, DHCPV6, *ESSENTIAL,
)  # fmt: skip
"""All flows with their conventional ports."""


class UnknownFlowError(LookupError):
    """A flow id that the catalogue does not have; the message suggests the nearest."""


def find(flow_id: str, flows: tuple[Flow, ...]) -> Flow:
    """The flow with an id.

    Raises:
        UnknownFlowError: none of `flows` has it.
    """
    for one in flows:
        if one.id == flow_id:
            return one
    raise UnknownFlowError(f"no flow {flow_id!r}; {nearest(flow_id, [one.id for one in flows])}")


def flow(flow_id: str) -> Flow:
    """The flow with an id, as the profile `standard` has it.

    Raises:
        UnknownFlowError: the catalogue does not have it.
    """
    return find(flow_id, CATALOGUE)
