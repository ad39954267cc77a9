"""Which file tries which flow. A file is imported when its flow is wanted."""

import importlib
from typing import Final

from bellrock.probe.values import Probe

PROBES: Final[dict[str, str]] = {
    "dhcp": "dhcp",
    "tftp": "tftp",
    "http-boot": "httpboot",
    "https-boot": "httpboot",
    "api": "api",
    "dns": "dns",
    "ntp": "ntp",
    "proxy": "proxy",
    "stream": "stream",
    "apt": "apt",
    "snap": "snap",
    "ssh": "ssh",
    "syslog": "syslog",
    "ipmi": "ipmi",
    "redfish": "redfish",
    "bmc-web": "bmcweb",
    "lxd": "lxd",
    "libvirt": "libvirt",
    "libvirt-dnsmasq": "dhcp",
    "ldap": "ldap",
    "proxy-auth": "proxy",
    "registry": "oci",
    "dhcpv6": "dhcp6",
}
"""Flow id → module of this room."""


class UnknownProbeError(ValueError):
    """No probe tries this flow: which there are."""


def probe_of(flow: str) -> Probe:
    """The probe that tries a flow.

    Raises:
        UnknownProbeError: there is none.
    """
    module = PROBES.get(flow)
    if module is None:
        raise UnknownProbeError(f"no probe tries {flow!r}; there are {', '.join(PROBES)}")
    found = importlib.import_module(f"bellrock.probe.{module}").PROBE
    if not isinstance(found, Probe):
        raise TypeError(f"bellrock.probe.{module}.PROBE is not a Probe")
    return found
