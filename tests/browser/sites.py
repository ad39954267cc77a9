"""Generated sites in the shapes of the region's API: what the page is shown in its tests."""

import copy
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Site:
    """All that a region would say. `explain` and `evidence` are answered from the same members."""

    topology: Json = field(
        default_factory=lambda: {"revision": 1, "fabrics": [], "conflicts": [], "unknown": [], "names": {}}
    )
    hosts: list[Json] = field(default_factory=list)
    interfaces: list[Json] = field(default_factory=list)
    refusals: list[Json] = field(default_factory=list)
    mtu: Json = field(default_factory=lambda: {"pairs": [], "culprits": []})
    matrix: Json = field(default_factory=lambda: {"site": None, "agents": [], "flows": [], "cells": []})
    findings: Json = field(default_factory=lambda: {"findings": [], "looked": None})
    results: dict[tuple[str, str], Json] = field(default_factory=dict)
    """By agent and flow."""
    nodes: list[Json] = field(default_factory=list)
    enrolments: list[Json] = field(default_factory=list)
    secrets: list[Json] = field(default_factory=list)

    def changed(self) -> "Site":
        """A copy with the next revision, to change and show."""
        after = copy.deepcopy(self)
        after.topology["revision"] += 1
        return after

    def vlan(self, vlan_id: str) -> Json:
        return next(v for f in self.topology["fabrics"] for v in f["vlans"] if v["id"] == vlan_id)


def three_racks() -> Site:
    """One region, three racks with trunks, six nodes on access ports, two fabrics: ten hosts, one conflict."""
    site = Site()
    _fabric(
        site,
        "fabric-0",
        [(10, "pxe", "10.10.0.0/24"), (20, "storage", "10.20.0.0/24"), (30, "tenants", "10.30.0.0/22")],
    )
    _fabric(site, "fabric-1", [(1, "oob", "192.168.7.0/24"), (99, "", "")])
    _host(site, "region", "region")
    _join(site, "region", "eth0", "fabric-0", 10, None, "confirmed", address="10.10.0.1/24")
    _join(site, "region", "eth1", "fabric-1", 1, None, "confirmed", address="192.168.7.1/24")
    for n in range(1, 4):
        rack = f"rack-{n}"
        _host(site, rack, "rack")
        for vid in (10, 20, 30):
            _join(
                site,
                rack,
                "eth0",
                "fabric-0",
                vid,
                None if vid == 10 else vid,
                "confirmed",
                address=f"10.{vid}.0.{n + 1}/24",
            )
        _join(
            site, rack, "eth1", "fabric-1", 1, None, "confirmed" if n < 3 else "heard", address=f"192.168.7.{n + 1}/24"
        )
        if n > 1:
            _join(site, rack, "eth1", "fabric-1", 99, 99, "confirmed")
    for n in range(1, 7):
        node = f"node-{n:02}"
        _host(site, node, "node")
        _join(
            site,
            node,
            "eth0",
            "fabric-0",
            10 if n < 6 else 20,
            None,
            ("confirmed", "confirmed", "confirmed", "heard", "lldp", "confirmed")[n - 1],
        )
        if n in (1, 2):
            _join(site, node, "eth1", "fabric-0", 30, None, "inferred", address=f"10.30.0.{n + 20}/22")
        elif n < 5:
            _unknown(site, node, "eth1", "no beacon was heard here and no switch names itself", carrier=True)
        else:
            _unknown(site, node, "eth1", "no carrier", carrier=False)
    _switch(site)
    site.topology["conflicts"] = [
        {
            "kind": "subnet-split",
            "where": [_port("node-06", "eth0"), _port("rack-2", "eth0")],
            "proof": "10.10.0.0/24 is configured on node-06/eth0, which is in VLAN 20, and on rack-2/eth0, which is in VLAN 10.",
        }
    ]
    _find(site, "node-06", "eth0")["addresses"].append("10.10.0.77/24")
    site.refusals = _refusals()
    return site


def small() -> Site:
    """Three hosts, one fabric, two VLANs, no contradiction."""
    site = Site()
    _fabric(site, "fabric-0", [(10, "pxe", "10.10.0.0/24"), (20, "", "")])
    for name, role in (("alpha", "region"), ("beta", "rack"), ("gamma", "node")):
        _host(site, name, role)
        _join(site, name, "eno1", "fabric-0", 10, None, "confirmed")
    _join(site, "alpha", "eno1", "fabric-0", 20, 20, "confirmed")
    _join(site, "beta", "eno1", "fabric-0", 20, 20, "heard")
    _unknown(site, "gamma", "eno2", "no beacon was heard here and no switch names itself", carrier=True)
    return site


def fifty() -> Site:
    """Fifty hosts in three fabrics and nine VLANs, with long interface names, conflicts and unknowns."""
    site = Site()
    _fabric(
        site,
        "fabric-0",
        [
            (10, "pxe", "10.10.0.0/22"),
            (20, "storage", "10.20.0.0/22"),
            (30, "tenants", "10.30.0.0/20"),
            (40, "migration", "10.40.0.0/22"),
        ],
    )
    _fabric(site, "fabric-1", [(1, "oob", "192.168.0.0/22"), (99, "", "")])
    _fabric(
        site,
        "lab-west",
        [(100, "lab", "172.16.0.0/24"), (200, "scratch", "172.16.8.0/24"), (None, "vlan-of-cable-77", "")],
    )
    for n in range(49):
        name, role = (f"rack-{n}", "rack") if n < 5 else (f"compute-{n:02}" if n < 40 else f"west-{n}", "node")
        _host(site, name, role)
        strength = ("confirmed", "confirmed", "confirmed", "heard", "confirmed", "lldp", "confirmed", "inferred")[n % 8]
        if n < 40:
            for vid in (10, 20, 30, 40) if n % 4 != 3 else (10, 30):
                _join(site, name, "enp1s0f0", "fabric-0", vid, None if vid == 10 else vid, strength)
            if n % 3 == 0:
                _unknown(site, name, "enp1s0f1", "no carrier", carrier=False)
            else:
                _join(site, name, "enp1s0f1", "fabric-1", 1, None, strength)
            if n < 5:
                _join(site, name, "enp1s0f1", "fabric-1", 99, 99, "confirmed")
                _join(site, name, "ens4", "lab-west", 100, None, "confirmed")
        else:
            _join(site, name, "ens3", "lab-west", 100 if n % 2 else 200, None, strength)
            if n > 46:
                _join(site, name, "ens4", "lab-west", None, None, "confirmed")
    _host(site, "spare-with-a-very-long-name.example.net", "")
    for port in range(3):
        _unknown(
            site, "spare-with-a-very-long-name.example.net", f"enp2s0f{port}", "the host sends no beacons", carrier=None
        )
    site.topology["conflicts"] = [
        {
            "kind": "two-vids",
            "where": [_port("compute-11", "enp1s0f0"), _port("rack-2", "enp1s0f0", 20)],
            "proof": "compute-11/enp1s0f0 hears untagged what rack-2/enp1s0f0 sends with VID 20, and it is untagged in VLAN 10.",
        },
        {
            "kind": "one-way",
            "where": [_port("west-43", "ens3"), _port("west-41", "ens3")],
            "proof": "west-43/ens3 hears west-41/ens3, and west-41, which speaks and listens, does not hear it.",
        },
    ]
    site.refusals = _refusals()
    return site


def alone() -> Site:
    """One machine whose network says nothing."""
    site = Site()
    _host(site, "lonely", "region")
    _unknown(site, "lonely", "eno1", "no beacon of another host was heard and no switch names itself", carrier=True)
    _unknown(site, "lonely", "eno2", "no carrier", carrier=False)
    return site


def move(site: Site, host: str, interface: str, vlan_from: str, vlan_to: str) -> Site:
    """The same site after a cable or a switch port was changed."""
    after = site.changed()
    members = after.vlan(vlan_from)["members"]
    moved = next(m for m in members if (m["host"], m["interface"]) == (host, interface))
    members.remove(moved)
    after.vlan(vlan_to)["members"].append(moved)
    return after


def _fabric(site: Site, name: str, vlans: list[tuple[int | None, str, str]]) -> None:
    made = [
        {
            "id": f"{name}-{vid if vid is not None else 'x'}",
            "vid": vid,
            "name": label or f"vlan-{vid}",
            "members": [],
            "subnets": [subnet] if subnet else [],
        }
        for vid, label, subnet in vlans
    ]
    site.topology["fabrics"].append({"id": f"id-{name}", "name": name, "vlans": made})


def _host(site: Site, name: str, role: str) -> None:
    n = len(site.hosts)
    site.topology["names"][f"01H{n:04}"] = name
    site.hosts.append(
        {
            "id": f"01H{n:04}",
            "name": name,
            "role": role,
            "connected": role != "" and n % 9 != 8,
            "seen_age": 1.5 + n % 7 if role else None,
            "clock_offset": (n % 5 - 2) * 0.0031 if role else None,
            "boot": "b",
            "interfaces": 0,
        }
    )


def _find(site: Site, host: str, name: str, carrier: bool | None = True) -> Json:
    for item in site.interfaces:
        if (item["host"], item["name"]) == (host, name):
            return item
    n = len(site.interfaces)
    made: Json = {
        "host": host,
        "name": name,
        "mac": f"52:54:00:00:{n // 256:02x}:{n % 256:02x}",
        "kind": "physical",
        "carrier": carrier,
        "up": True,
        "mtu": 9000 if n % 4 == 0 else 1500,
        "addresses": [],
        "parents": [],
        "master": None,
        "vid": None,
        "speaks": True,
        "settled": True,
        "neighbour": None,
        "vlans": [],
        "unknown": None,
    }
    site.interfaces.append(made)
    next(h for h in site.hosts if h["name"] == host)["interfaces"] += 1
    return made


def _join(
    site: Site,
    host: str,
    interface: str,
    fabric: str,
    vlan_vid: int | None,
    vid: int | None,
    strength: str,
    address: str = "",
) -> None:
    vlan_id = f"{fabric}-{vlan_vid if vlan_vid is not None else 'x'}"
    facts = _find(site, host, interface)
    if address and vid is None:
        facts["addresses"].append(address)
    facts["vlans"].append({"fabric": f"id-{fabric}", "vlan": vlan_id, "vid": vid, "strength": strength})
    port = f"{host}/{interface}" + (f".{vid}" if vid else "")
    sentence = {
        "confirmed": f"region/eth0 answered the beacon that {port} sent, after 0.31 ms.",
        "heard": f"{port} heard a beacon of region/eth0, and no answer to its own yet.",
        "lldp": f"Switch sw-1 says that {port} is on its port 7, whose VLAN is {vlan_vid}.",
        "inferred": f"{port} has an address of a subnet that lives here.",
    }[strength]
    site.vlan(vlan_id)["members"].append(
        {
            "host": host,
            "interface": interface,
            "vid": vid,
            "strength": strength,
            "age": 2.0 + len(site.interfaces) % 9,
            "evidence": [sentence],
        }
    )


def _unknown(site: Site, host: str, interface: str, why: str, carrier: bool | None) -> None:
    _find(site, host, interface, carrier)["unknown"] = why
    site.topology["unknown"].append({"host": host, "interface": interface, "why": why})


def _switch(site: Site) -> None:
    for n, facts in enumerate(i for i in site.interfaces if i["name"] == "eth0"):
        facts["neighbour"] = {"system": "sw-1", "port": f"ge-0/0/{n}", "protocol": "lldp"}


def _refusals() -> list[Json]:
    return [
        {
            "host": "rack-1",
            "interface": "eth1",
            "vid": None,
            "source_mac": "02:00:5e:10:00:01",
            "reason": "wrong-secret",
            "count": 1412,
            "detail": "no secret known here fits",
            "skew": None,
            "age": 3.0,
        },
        {
            "host": "rack-2",
            "interface": "eth0",
            "vid": 20,
            "source_mac": "02:00:5e:10:00:02",
            "reason": "skew",
            "count": 12,
            "detail": "made 312 s from now",
            "skew": 312.0,
            "age": 41.0,
        },
    ]


def _port(host: str, interface: str, vid: int | None = None) -> Json:
    return {"host": host, "interface": interface, "vid": vid}


def enrolled() -> Site:
    """Three racks with agents that joined: one waits, one uses the old secret, one was shut out."""
    site = three_racks()
    site.enrolments = [
        _enrolment("01A3", "rack-3", "approved", connected=True, old_secret=True, secret="0f3a91c2"),
        _enrolment("01A2", "rack-2", "approved", connected=True, secret="7be1d004"),
        _enrolment("01A9", "rack-9", "revoked"),
        _enrolment("01A4", "rack-4", "waiting", code="K7QP-2M", address="10.10.0.44"),
    ]
    site.secrets = [
        {"id": "7be1d004", "signs": True, "agents": [{"agent": "01A2", "name": "rack-2", "how": "join"}]},
        {"id": "0f3a91c2", "signs": False, "agents": [{"agent": "01A3", "name": "rack-3", "how": "stream"}]},
        {"id": "55aa0011", "signs": False, "agents": []},
    ]
    return site


def _enrolment(agent: str, name: str, state: str, **more: Any) -> Json:
    return {
        "agent": agent,
        "name": name,
        "role": "rack",
        "state": state,
        "code": "",
        "address": "10.10.0.2",
        "requested": 1_795_000_000.0,
        "expires": 1_795_086_400.0 if state == "approved" else None,
        "connected": False,
        "secret": "",
        "old_secret": False,
        **more,
    }


def squeezed() -> Site:
    """Three racks and a region on jumbo frames, where all that goes through rack-2/eth0 stops at 1500, and one way at 1400."""
    site = three_racks()
    hosts = ["region", "rack-1", "rack-2", "rack-3"]
    for a in hosts:
        for b in hosts:
            if a == b:
                continue
            worse = "rack-2" in (a, b)
            size = 1500 if worse else 9000
            pair = {"from": {"host": a, "interface": "eth0"}, "to": {"host": b, "interface": "eth0"}, "vid": None}
            site.mtu["pairs"].append(
                {**pair, "mtu": size, "expected": 9000, "limited_by": "link" if worse else "interface"}
            )
    site.mtu["pairs"].append({
        "from": {"host": "rack-3", "interface": "eth0"}, "to": {"host": "rack-1", "interface": "eth0"}, "vid": 20,
        "mtu": 0,
            "expected": 9000, "limited_by": "fragments",
    })  # fmt: skip
    site.mtu["culprits"] = [
        {
            "what": "All pairs through rack-2/eth0 stop at 1500 while the rest pass 9000: its switch port or its own MTU.",
            "where": [_port("rack-2", "eth0")],
            "proof": ["6 measured directions between neighbours show it.", "Larger ones vanish without a word."],
        }
    ]
    return site


def reaching() -> Site:
    """Two racks that try flows: DNS is dropped from one of them, a BMC is closed as it should be, the clock was not checked."""
    site = three_racks()
    site.matrix = {
        "site": "one.toml",
        "agents": [_agent("01R1", "rack-1", connected=True), _agent("01R2", "rack-2", connected=False)],
        "flows": [{"id": one, "title": one.upper()} for one in ("dhcp", "dns", "ntp", "redfish", "lxd")],
        "cells": [
            _cell("01R1", "dns", {"works": 2}),
            _cell("01R1", "redfish", {"works": 1}, blocked=1),
            _cell("01R1", "ntp", {"not-checked": 1}, detail="no address of a clock is known"),
            _cell("01R2", "dns", {"works": 1, "filtered": 1}, faults=1, detail="nothing came back within 5 s"),
            _cell("01R2", "lxd", {"degraded": 1}, faults=1, detail="its certificate ends in 3 days"),
        ],
    }
    site.results["01R2", "dns"] = {
        "agent": "01R2",
        "flow": "dns",
        "results": [
            _result("10.10.0.1:53", "works", "it resolves what nodes need", "udp", ("sent", "query 1"), ("received", "answer 1")),
            _result("10.10.0.1:53", "filtered", "nothing came back within 5 s", "tcp", ("sent", "TCP SYN to 10.10.0.1:53")),
        ],
        "findings": [
            {
                "id": "flow-filtered",
                "severity": "error",
                "what": "rack-2 gets no answer from 10.10.0.1:53 by TCP.",
                "proof": ["TCP SYN to 10.10.0.1:53 was sent, and nothing came back."],
                "fix": ["Let tcp/53 through."],
            }
        ],
    }  # fmt: skip
    return site


def ailing() -> Site:
    """Two DHCP servers that explain a client without a lease, a name server that comes and goes, and five notices."""
    site = three_racks()
    where = {"host": "rack-1", "interface": "eth1", "vlan": 20, "flow": "dhcp", "client": "", "address": "10.20.0.66"}
    site.findings = {
        "looked": 10_060.0,
        "findings": [
            _finding("dns-unanswered", "warning", "rack-2 gets no answer from 10.10.0.1", opened=10_000.0, state="flapping"),
            _finding(
                "dhcp-two-servers", "error", "VLAN 20 on rack-1/eth1 has two DHCP servers", where=where, opened=9_940.0,
                cause="The second is libvirt's dnsmasq on host-7.", fix=["`virsh net-destroy default` on host-7"],
                recheck="bellrock check --only dhcp", symptoms=["52:54:00:00:00:07 got no lease"], confidence="likely",
            ),
            *(_finding("interfaces-without-evidence", "notice", f"rack-{one}/eth9 heard nobody") for one in range(1, 6)),
        ],
    }  # fmt: skip
    return site


def _finding(rule: str, severity: str, what: str, **more: object) -> Json:
    known = {
        "opened": 10_000.0,
        "seen": 10_060.0,
        "gone": None,
        "proof": ["packet 7: an offer of 10.20.0.66"],
        "state": "open",
    }
    return {"id": rule, "key": f"{rule}-{what}", "severity": severity, "what": what, **known, **more}


def _agent(identity: str, name: str, *, connected: bool) -> Json:
    return {"id": identity, "name": name, "role": "rack", "roles": ["rack", "dns"], "connected": connected}


def _cell(agent: str, flow: str, counts: dict[str, int], faults: int = 0, detail: str = "", blocked: int = 0) -> Json:
    worst = next(one for one in ("filtered", "degraded", "not-checked", "works") if one in counts)
    return {
        "agent": agent, "flow": flow, "verdict": worst, "checks": sum(counts.values()), "faults": faults, "counts": counts,
        "detail": detail, "age": 4.0, "stale": False, "blocked": blocked,
    }  # fmt: skip


def _result(target: str, verdict: str, detail: str, protocol: str, *steps: tuple[str, str]) -> Json:
    return {
        "agent": "rack-2", "flow": "dns", "target": target, "verdict": verdict, "detail": detail, "protocol": protocol, "expected": "pass",
        "rtt_ms": 0.412 if verdict == "works" else None, "age": 4.0, "since_age": 60.0,
        "evidence": [
            {"at": 1_795_000_000.0 + at / 1000, "direction": direction, "what": what, "octets": 40 * at}
            for at, (direction, what) in enumerate(steps)
        ],
    }  # fmt: skip


def commissioning(count: int = 3) -> Site:
    """Nodes that reported once: one well, one in a wrong VLAN on a slow link, the others without a carrier."""
    site = three_racks()
    site.nodes = [_node("node-7", (_wrong_vlan(), _half_duplex())), _node("node-8", ())]
    site.nodes += [_node(f"node-{n}", (_no_carrier(f"node-{n}"),)) for n in range(9, 7 + count)]
    return site


def _node(name: str, findings: tuple[Json, ...]) -> Json:
    placed = {"mac": "52:54:00:07:00:01", "carrier": True, "speed": 25000, "duplex": "full", "mtu": 1500}
    return {
        "agent": f"01N{name}",
        "name": name,
        "age": 12.0,
        "via": "rack-1/eth0",
        "interfaces": [
            {**placed, "name": "eth0", "vlans": ["VLAN 10 pxe"], "fabric": "fabric-0", "switch": "sw-1 ge-0/0/17"},
            {"name": "eth1", "mac": "52:54:00:07:00:02", "carrier": False, "mtu": 1500, "vlans": [], "fabric": ""},
        ],
        "findings": list(findings),
    }


def _wrong_vlan() -> Json:
    return {
        "id": "wrong-vlan",
        "severity": "error",
        "what": "node-7/eth0 is in VLAN 20 storage, and the site wants it in VLAN 10 pxe.",
        "proof": ["rack-1/eth0.20 acknowledged a fresh beacon of node-7/eth0 within 0.4 ms."],
        "fix": ["On sw-1, port ge-0/0/17: `switchport access vlan 10`"],
    }


def _half_duplex() -> Json:
    proof = ["ethtool says 100 Mbit/s, half duplex."]
    return {"id": "half-duplex", "severity": "warning", "what": "node-7/eth1 runs at half duplex.", "proof": proof}


def _no_carrier(name: str) -> Json:
    return {"id": "no-carrier", "severity": "error", "what": f"{name}/eth1 has no carrier.", "proof": ["carrier is 0"]}
