"""Random matches in nft's own language, of every kind that the verifier decides."""

import ipaddress
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.random_packets import DSCPS, ICMP, ICMPV6, MACS, MARKS, PORTS, TTLS, V4, V6, VIDS

NAMES = ["lan0", "lan1", "wan0"]
FLAG_NAMES = ["fin", "syn", "rst", "psh", "ack", "urg"]
STATES = ["new", "established", "related", "invalid", "untracked"]


@dataclass
class Matches:
    """Makes the matches of one table's rules; remembers the values it used, so that packets can come near them."""

    rng: random.Random
    family: str
    hints: dict[str, list[int]] = field(default_factory=lambda: {"v4": [], "v6": [], "port": []})
    objects: list[str] = field(default_factory=list)
    """Named sets and maps of the table."""
    tracks: bool = True
    tagged: bool = False

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    # values ------------------------------------------------------------------------------------------------------

    def v4(self) -> str:
        address = ipaddress.IPv4Address(self.rng.choice(V4))
        return self._address(address, "v4", (8, 16, 24, 25, 30))

    def v6(self) -> str:
        address = ipaddress.IPv6Address(self.rng.choice(V6))
        return self._address(address, "v6", (16, 32, 48, 64, 127))

    def _address(self, address, family: str, lengths: tuple[int, ...]) -> str:
        kind = self.rng.random()
        if kind < 0.5:
            self.hints[family].append(int(address))
            return str(address)
        if kind < 0.8:
            network = ipaddress.ip_network((address, self.rng.choice(lengths)), strict=False)
            self.hints[family] += [int(network[0]), int(network[-1])]
            return str(network)
        last = type(address)(int(address) + self.rng.choice((1, 7, 300)))
        self.hints[family] += [int(address), int(last)]
        return f"{address}-{last}"

    def port(self) -> str:
        first = self.rng.choice(PORTS)
        if self.maybe(0.6) or first > 65000:
            self.hints["port"].append(first)
            return str(first)
        last = first + self.rng.choice((1, 2, 10, 900))
        last = min(last, 65535)
        self.hints["port"] += [first, last]
        return f"{first}-{last}"

    def mark(self) -> str:
        return hex(self.rng.choice(MARKS))

    def some(self, value: Callable[[], str], most: int = 4) -> list[str]:
        """Values without overlaps, which sets of intervals refuse."""
        found: list[str] = []
        spans: list[tuple[int, int]] = []
        for _ in range(self.rng.randint(1, most)):
            text = value()
            span = _span(text)
            if all(span[1] < a or span[0] > b for a, b in spans):
                found.append(text)
                spans.append(span)
        return found

    # matches -----------------------------------------------------------------------------------------------------

    def right(self, value: Callable[[], str], kind: str) -> str:
        """Operator and right-hand side: plain, negated, ordered, an anonymous or a named set."""
        no = "!= " if self.maybe(0.25) else ""
        choice = self.rng.random()
        if choice < 0.45:
            return no + value()
        if choice < 0.7:
            return f"{no}{{ {', '.join(self.some(value))} }}"
        name = f"s{len(self.objects)}"
        elements = self.some(value)
        flags = " flags interval;" if any("-" in text or "/" in text for text in elements) or self.maybe(0.5) else ""
        self.objects.append(f"set {name} {{ type {kind};{flags} elements = {{ {', '.join(elements)} }} }}")
        return f"{no}@{name}"

    def address(self) -> str:
        side = self.one("saddr", "daddr")
        if self.family == "ip6" or (self.family != "ip" and self.maybe(0.35)):
            return f"ip6 {side} {self.right(self.v6, 'ipv6_addr')}"
        if self.maybe(0.1):
            mask = self.one("255.0.0.0", "255.255.0.0", "255.255.255.252", "255.255.3.0")
            value = ipaddress.IPv4Address(
                int(ipaddress.IPv4Address(self.rng.choice(V4))) & int(ipaddress.IPv4Address(mask))
            )
            return f"ip {side} & {mask} {self.one('==', '!=')} {value}"
        return f"ip {side} {self.right(self.v4, 'ipv4_addr')}"

    def ports(self) -> str:
        protocol, side = self.one("tcp", "udp"), self.one("sport", "dport", "dport")
        choice = self.rng.random()
        if choice < 0.15:
            bound = self.rng.choice(PORTS)
            self.hints["port"].append(bound)
            return f"{protocol} {side} {self.one('<', '>', '<=', '>=')} {min(max(bound, 2), 65534)}"
        if choice < 0.2:
            return f"{protocol} {side} & 0x{self.one('1', 'ff', 'fff0', '8001')} {self.one('==', '!=')} {self.one('0x1', '0x0', '0x50')}"
        if choice < 0.3:
            return f"meta l4proto {{ tcp, udp }} th {side} {self.right(self.port, 'inet_service')}"
        return f"{protocol} {side} {self.right(self.port, 'inet_service')}"

    def protocol(self) -> str:
        return self.one(
            "meta l4proto tcp", "meta l4proto udp", "meta l4proto { tcp, icmp }", "meta l4proto != udp",
            "meta l4proto { icmp, ipv6-icmp, gre }", "meta l4proto gre",
            *(("ip protocol tcp", "ip protocol != tcp", "ip protocol { udp, icmp }") if self.family != "ip6" else ()),
            *(("ip6 nexthdr tcp", "ip6 nexthdr != udp", "ip6 nexthdr ipv6-icmp") if self.family != "ip" else ()),
            *(("meta nfproto ipv4", "meta nfproto ipv6") if self.family == "inet" else ()),
            *(("meta protocol ip", "meta protocol ip6", "meta protocol != ip") if self.family not in {"ip", "ip6"} else ()),
        )  # fmt: skip

    def icmp(self) -> str:
        if self.family == "ip6" or (self.family != "ip" and self.maybe(0.4)):
            kind, code = self.rng.choice(ICMPV6)
            return self.one(
                f"icmpv6 type {kind}",
                f"icmpv6 type {{ 128, {kind if kind != 128 else 1} }}",
                f"icmpv6 type != {kind}",
                f"icmpv6 code {code}",
            )
        kind, code = self.rng.choice(ICMP)
        return self.one(
            f"icmp type {kind}", f"icmp type != {kind}", f"icmp type {{ 8, {kind if kind != 8 else 0} }}", f"icmp code {code}",
            f"icmp type . icmp code {{ {kind} . {code}, 8 . 0 }}" if (kind, code) != (8, 0) else "icmp type 8 icmp code 0",
        )  # fmt: skip

    def flags(self) -> str:
        some = self.rng.sample(FLAG_NAMES, self.rng.randint(1, 4))
        part = some[: self.rng.randint(1, len(some))]
        return self.one(
            f"tcp flags & ({'|'.join(some)}) {self.one('==', '!=')} {'|'.join(part)}",
            f"tcp flags {some[0]}", f"tcp flags ! {some[0]}", f"tcp flags {','.join(some)}",
            f"tcp flags == {some[0]}", "tcp flags { syn, syn|ack, ack }", "tcp flags != syn",
        )  # fmt: skip

    def header(self) -> str:
        four = [
            f"ip dscp {self.rng.choice(DSCPS)}", f"ip dscp != {{ {', '.join(map(str, DSCPS[:2]))} }}", "ip ecn ce", "ip ecn != not-ect",
            f"ip length {self.one('<', '>')} {self.one('40', '60', '120')}", "ip frag-off & 0x4000 == 0x4000",
            "ip frag-off & 0x1fff == 0", "ip version 4", *[f"ip ttl {self.ttl()}"] * 3,
        ]  # fmt: skip
        six = [
            f"ip6 dscp {self.rng.choice(DSCPS)}",
            f"ip6 dscp {{ {', '.join(map(str, DSCPS))} }}",
            "ip6 version 6",
            *[f"ip6 hoplimit {self.ttl()}"] * 3,
        ]
        return self.one(
            *(four if self.family != "ip6" else ()), *(six if self.family != "ip" else ()),
            *(("meta length 20-60", "meta length != 40-48") if self.family not in {"bridge", "netdev"} else ()),
        )  # fmt: skip

    def ttl(self) -> str:
        some = sorted({near for one in self.rng.sample(TTLS, 2) for near in (one, one - 1)})
        return self.one(f"{some[0]}", f"!= {some[0]}", f"< {some[-1]}", f"{{ {', '.join(map(str, some))} }}")

    def mark_match(self) -> str:
        return self.one(
            f"meta mark {self.mark()}", f"meta mark != {self.mark()}", f"meta mark & 0xff == {self.mark()}",
            "meta mark & 0x5 != 0", f"meta mark {{ 0-4, {self.one('0x10', '0xff')} }}", f"meta mark > {self.mark()}",
            *((f"ct mark {self.mark()}", f"ct mark != {self.mark()}", "ct mark & 0xff == 0x5") if self.tracks else ()),
        )  # fmt: skip

    def state(self) -> str:
        if not self.tracks:
            return self.protocol()
        some = self.rng.sample(STATES, self.rng.randint(1, 3))
        return self.one(
            f"ct state {','.join(some)}", f"ct state {{ {', '.join(some)} }}", f"ct state != {some[0]}", f"ct state ! {some[0]}",
            f"ct direction {self.one('original', 'reply')}", f"ct direction != {self.one('original', 'reply')}", "ct status dnat", "ct status ! dnat",
        )  # fmt: skip

    def interface(self) -> str:
        side = self.one("iifname", "oifname") if self.family != "netdev" else "iifname"
        names = ["port0", "port1"] if self.family == "bridge" else NAMES
        prefix = "port*" if self.family == "bridge" else "lan*"
        name = self.rng.choice(names)
        return self.one(
            f'{side} "{name}"', f'{side} != "{name}"', f'{side} "{prefix}"', f'{side} != "{prefix}"', f'{side} {{ "{names[0]}", "{names[1]}" }}',
            f'{side} {{ "{prefix}", "wan0" }}', f'{side[:3]} "{name}"', f'{side[:3]} != "{name}"', f'{side} > "{name}"', f'{side} {{ "nowhere" }}',
        )  # fmt: skip

    def concat(self) -> str:
        no = "!= " if self.maybe(0.2) else ""
        left, parts, kinds = self.keys()
        rows = sorted({" . ".join(part() for part in parts) for _ in range(self.rng.randint(1, 4))})
        if self.maybe(0.5):
            return f"{left} {no}{{ {', '.join(rows)} }}"
        name = f"s{len(self.objects)}"
        self.objects.append(f"set {name} {{ type {kinds}; flags interval; elements = {{ {', '.join(rows)} }} }}")
        return f"{left} {no}@{name}"

    def keys(self) -> tuple[str, list[Callable[[], str]], str]:
        """Keys side by side. Only the last may be a range here, so that rows differ and never overlap."""
        protocol = self.one("tcp", "udp")
        four = self.family != "ip6" and (self.family == "ip" or self.maybe(0.6))
        address, kind, pool = ("ip", "ipv4_addr", V4) if four else ("ip6", "ipv6_addr", V6)
        exact = lambda: self._noted(self.rng.choice(pool), "v4" if four else "v6")  # noqa: E731
        port = lambda: self._noted(str(self.rng.choice(PORTS)), "port")  # noqa: E731
        name = lambda: self.rng.choice(["port0", "port1"] if self.family == "bridge" else NAMES)  # noqa: E731
        choices: list[tuple[str, list[Callable[[], str]], str]] = [
            (f"{address} saddr . {protocol} dport", [exact, port], f"{kind} . inet_service"),
            (f"{address} saddr . {address} daddr", [exact, exact], f"{kind} . {kind}"),
            (f"iifname . {protocol} dport", [name, port], "ifname . inet_service"),
            (
                f"{address} daddr . meta l4proto . th dport",
                [exact, lambda: protocol, port],
                f"{kind} . inet_proto . inet_service",
            ),
        ]
        if self.tracks:
            choices.append(
                (
                    f"ct state . {protocol} dport",
                    [lambda: self.one("new", "established"), port],
                    "ct_state . inet_service",
                )
            )
        left, parts, kinds = self.rng.choice(choices)
        if "meta l4proto" in left:
            return left, [exact, lambda: self.one("tcp", "udp"), port], kinds
        return left, parts, kinds

    def _noted(self, text: str, kind: str) -> str:
        self.hints[kind].append(int(text) if kind == "port" else int(ipaddress.ip_address(text)))
        return text

    def ether(self) -> str:
        mac = self.rng.choice(MACS)
        mask = "ff:ff:ff:ff:00:00"
        tag = f"vlan id {self.rng.choice(VIDS)}"
        return self.one(
            f"ether saddr & {mask} {self.one('==', '!=')} {mac}:00:00", f"ether saddr {mac}:00:00-{mac}:00:20", f"ether saddr > {mac}:00:09",
            "ether type arp", "ether type ip", "ether type != ip", "ether type { ip6, arp }", "ether type 8021q", "ether type 0x88cc",
            "meta protocol arp", "meta protocol { ip, arp }", "ether daddr 02:00:00:00:00:99", "ether daddr != ff:ff:ff:ff:ff:ff",
            tag, f"vlan id != {self.rng.choice(VIDS)}", "vlan id { 1-5, 20 }", f"{tag} ip saddr {self.v4()}", f"{tag} tcp dport {self.port()}",
            f"vlan id {self.rng.choice(VIDS)} vlan type ip6", "meta pkttype broadcast", "meta pkttype != host",
        )  # fmt: skip

    def match(self) -> str:
        kinds = (
            [self.address] * 4
            + [self.ports] * 4
            + [self.protocol, self.icmp, self.icmp, self.flags, self.header, *[self.mark_match] * 4]
        )
        kinds += [self.state] * 3 + [self.interface] * 2 + [self.concat] * 2
        if self.family in {"bridge", "netdev"}:
            kinds += [self.ether] * 6 + [self.protocol] * 3
        return self.rng.choice(kinds)()


def _span(text: str) -> tuple[int, int]:
    """First and last value of an element, for those that are ordered."""
    try:
        if "/" in text:
            network = ipaddress.ip_network(text)
            return int(network[0]), int(network[-1])
        first, _, last = text.partition("-")
        read = (lambda one: int(one)) if first.isdecimal() else (lambda one: int(ipaddress.ip_address(one)))
        return read(first), read(last or first)
    except ValueError:
        return hash(text), hash(text)
