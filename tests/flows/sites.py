"""Sites for tests, and strategies that make them."""

from hypothesis import strategies as st

from bellrock.flows import Site, SiteError, parse

SMALL = """
[[subnet]]
name = "pxe-1"
cidr = "10.1.0.0/24"
vlan = 10
fabric = "f"
interface = "eth1"
[[subnet]]
name = "pxe-6"
cidr = "fd00:1::/64"
vlan = 10
fabric = "f"
interface = "eth1"
[[subnet]]
name = "infra"
cidr = "10.0.0.0/24"
interface = "eth0"
[role.node]
subnets = ["pxe-*"]
[role.rack]
addresses = ["10.0.0.2", "fd00::2"]
interfaces = ["ens1"]
[role.region]
addresses = ["10.0.0.3", "fd00::3"]
"""


def site(*more: str) -> Site:
    """The small site, with more TOML behind it."""
    return parse("\n".join([SMALL, *more]).encode(), "site.toml")


def complaints(text: str | bytes) -> list[str]:
    """The lines that are said of a site file `s.toml`, none where it is one."""
    try:
        parse(text if isinstance(text, bytes) else text.encode(), "s.toml")
    except SiteError as error:
        return str(error).split("\n")
    return []


ROLES = ("node", "rack", "region", "bmc", "relay", "libvirt-host", "admin", "dns", "ntp", "mirror", "snap-store")


@st.composite
def site_texts(draw: st.DrawFn) -> str:
    """Valid site files: disjoint subnets of both families, roles that fill some of them and have addresses of their own."""
    numbers = draw(st.lists(st.integers(0, 400), unique=True, max_size=8))
    lines = []
    for number in numbers:
        four = draw(st.booleans())
        cidr = f"10.{number // 256}.{number % 256}.0/24" if four else f"fd00:{number:x}::/64"
        lines.append(
            f'[[subnet]]\nname = "s{number}"\ncidr = "{cidr}"\nvlan = {number % 7 + 1}\ninterface = "eth{number % 3}"'
        )
    for role in draw(st.lists(st.sampled_from(ROLES), unique=True, min_size=1)):
        names = draw(st.lists(st.sampled_from([f"s{number}" for number in numbers]), unique=True)) if numbers else []
        own = draw(
            st.lists(
                st.sampled_from(["172.16.0.1", "172.16.0.9", "172.16.0.4-172.16.0.20", "fd01::1", "any"]), unique=True
            )
        )
        if not names and not own:
            own = ["172.16.0.1"]
        lines.append(f"[role.{role}]\nsubnets = {names}\naddresses = {own}")
    if draw(st.booleans()):
        lines.append('[ports]\napi = [5443, "6000-6010"]')
    return "\n".join([f'profile = "{draw(st.sampled_from(["standard", "maas-3"]))}"', *lines])
