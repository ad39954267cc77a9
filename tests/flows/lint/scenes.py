"""Hosts beside a site, for tests of what lint says."""

from bellrock.flows import flows_of, parse, passages
from bellrock.flows.lint import HostAddress, Scene
from bellrock.model.listening import Conversation, Listener, Owner

SITE = """
title = "hall"
[[subnet]]
name = "pxe"
cidr = "10.20.0.0/24"
vlan = 20
[[subnet]]
name = "office"
cidr = "10.9.0.0/24"
[role.node]
subnets = ["pxe"]
[role.rack]
addresses = ["10.20.0.2"]
[role.region]
addresses = ["10.20.0.3"]
[role.libvirt-host]
addresses = ["10.20.0.7"]
[role.admin]
subnets = ["office"]
"""
RACK = (HostAddress("eth0", "10.20.0.2/24"),)


def site(*more, base=SITE):
    return parse("\n".join([*more[1:], base, *more[:1]]).encode(), "site.toml")


def listener(protocol, port, address="0.0.0.0", name="", pid=7, **more):
    owners = (Owner(pid, name, f"/usr/sbin/{name}"),) if name else ()
    return Listener(
        protocol=protocol, family=6 if ":" in address else 4, address=address, port=port, owners=owners,
        inode=more.pop("inode", port), **more,
    )  # fmt: skip


def scene(*listeners, of=None, roles=("rack",), addresses=RACK, **more):
    of = of or site()
    return Scene(
        site=of, file="site.toml", flows=flows_of(of), passages=passages(of), roles=tuple(roles), addresses=addresses,
        listeners=listeners, **more,
    )  # fmt: skip


def talk(source, source_port, destination, destination_port, protocol="udp", **more):
    return Conversation(
        protocol=protocol, source=source, source_port=source_port, destination=destination,
        destination_port=destination_port, **more,
    )  # fmt: skip
