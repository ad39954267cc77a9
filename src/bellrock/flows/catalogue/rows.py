"""All rows in their order: those of the provisioning network's ports and protocols, then what is our own."""

from typing import Final

from bellrock.flows.catalogue.beacon import BEACON
from bellrock.flows.catalogue.bmc import BMC
from bellrock.flows.catalogue.core import CORE
from bellrock.flows.catalogue.day2 import DAY_2
from bellrock.flows.catalogue.dhcp import DHCPV6
from bellrock.flows.catalogue.enterprise import ENTERPRISE
from bellrock.flows.catalogue.essential import ESSENTIAL
from bellrock.flows.catalogue.virtualization import VIRTUALIZATION
from bellrock.flows.values import Flow

CATALOGUE: Final[tuple[Flow, ...]] = (
    *CORE, *DAY_2, *BMC, *VIRTUALIZATION, *ENTERPRISE, BEACON, DHCPV6, *ESSENTIAL,
)  # fmt: skip
"""All flows with their conventional ports."""
