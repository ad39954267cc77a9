"""A large site, as a file: every role of the catalogue, 5,000 subnets of nodes, 200 racks, both address families.

No two subnets touch, so that no range of addresses can be joined to the next.
"""

SUBNETS, RACKS = 5_000, 200


def large(subnets: int = SUBNETS, racks: int = RACKS) -> str:
    """The text of the site file. Nodes are in 10.0.0.0/8 and 2001:db8::/32, racks in 172.16.0.0/16 and fd00:1::/32."""
    lines = ['title = "A large site"', ""]
    for number in range(subnets):
        for name, cidr in ((f"node-{number}", node4(number)), (f"node6-{number}", f"2001:db8:{2 * number:x}::/64")):
            lines += ["[[subnet]]", f'name = "{name}"', f'cidr = "{cidr}"']
    gateways = [f"10.{number // 250}.{number % 250}.1" for number in range(subnets)]
    roles = {
        "rack": [rack4(n) for n in range(racks)] + [f"fd00:1:{n:x}::2" for n in range(racks)],
        "relay": gateways,
        "bmc": [f"172.20.{n % 250}.0/25" for n in range(min(racks, 250))],
        "region": ["172.17.0.2", "172.17.0.4", "172.17.0.6", "fd00:2::2"],
        "lxd-host": [f"172.18.{n}.2" for n in range(50)],
        "libvirt-host": [f"172.19.{n}.2" for n in range(50)],
        "mirror": ["172.17.1.2"],
        "proxy": ["172.17.1.4", "fd00:2::4"],
        "dns": ["172.17.1.6", "172.17.1.8", "fd00:2::6"],
        "ntp": ["172.17.1.10", "fd00:2::8"],
        "log": ["172.17.1.12"],
        "directory": ["172.17.1.14"],
        "registry": ["172.17.1.16"],
        "admin": ["192.168.7.0/24", "fd00:3::/64"],
        "snap-store": ["internet"],
    }
    lines += ["[role.node]", 'subnets = ["node-*", "node6-*"]']
    for role, addresses in roles.items():
        listed = ", ".join(f'"{address}"' for address in addresses)
        lines += [f"[role.{role}]", f"addresses = [{listed}]"]
    return "\n".join(lines) + "\n"


def node4(number: int) -> str:
    """The IPv4 prefix of a node subnet."""
    return f"10.{number // 250}.{number % 250}.0/25"


def rack4(number: int) -> str:
    """The IPv4 address of a rack."""
    return f"172.16.{number}.2"
