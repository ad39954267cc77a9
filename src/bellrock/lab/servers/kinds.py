"""Kinds of servers by name, and a server from its settings."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from bellrock.lab.schema import LabError
from bellrock.lab.servers import boot, common, dhcp
from bellrock.lab.servers.values import Place, Server

KINDS: Final[dict[str, tuple[type[msgspec.Struct], Callable[[Place, Any], Server]]]] = {
    "dhcpd": (dhcp.Dhcp, dhcp.dhcpd),
    "kea": (dhcp.Dhcp, dhcp.kea),
    "dnsmasq": (dhcp.Dhcp, dhcp.dnsmasq),
    "relay": (dhcp.Relay, dhcp.relay),
    "tftpd": (boot.Tftp, boot.tftpd),
    "web": (boot.Web, boot.web),
    "named": (common.Dns, common.named),
    "chronyd": (common.Ntp, common.chronyd),
    "squid": (common.Proxy, common.squid),
    "rsyslogd": (common.Syslog, common.rsyslogd),
    "ipmi": (common.Ipmi, common.ipmi_sim),
}
"""Settings, and the function that makes it."""


def trouble(kind: str, settings: dict[str, Any]) -> str:
    """What is wrong with a service's settings; empty: nothing."""
    if kind not in KINDS:
        return f"expected a kind of {', '.join(KINDS)}, got {kind!r}"
    try:
        msgspec.convert(settings, KINDS[kind][0])
    except msgspec.ValidationError as error:
        return str(error).replace("`$.", "`")
    return ""


def make(kind: str, place: Place, settings: dict[str, Any]) -> Server:
    """Write a server's files, and say how it is started.

    Raises:
        LabError: the settings are not of this kind.
    """
    if wrong := trouble(kind, settings):
        raise LabError(f"service {place.name}: {wrong}")
    settings_type, maker = KINDS[kind]
    place.directory.mkdir(parents=True, exist_ok=True)
    place.directory.chmod(0o755)
    return maker(place, msgspec.convert(settings, settings_type))
