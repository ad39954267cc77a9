"""Makes fuzz/corpus from the beacon vectors: `python -m fuzz.seeds`. The same every time, a few octets to a few hundred each."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bellrock.contract import Delivered, NodeAnswer, NodeReport, Placed, Rejected
from bellrock.contract.join import JoinAnswer, JoinOffer, JoinProof, JoinRequest, encode_join
from bellrock.contract.pake import Half
from bellrock.model import Host, HostSeen, Interface, InterfaceSeen, Wall
from bellrock.wire import cdp, dhcp, ethernet, ip, udp
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.frame import CDP_MAC, GROUP4, GROUP6, LLDP_MAC, build_beacon_frame
from fuzz import HARNESSES, lldp
from fuzz import cdp as cdp_harness
from fuzz.beacon import IDS, REMOTE, TYPE, document, text
from fuzz.capture import seeds as capture_seeds  # noqa: F401 -- found by its name
from fuzz.datagrams import seeds as datagrams_seeds  # noqa: F401 -- found by its name
from fuzz.management import seeds as management_seeds  # noqa: F401 -- found by its name
from fuzz.passing import seeds as passing_seeds  # noqa: F401 -- the same
from fuzz.repository import seeds as repository_seeds  # noqa: F401 -- the same

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
VECTORS = HERE.parent / "tests" / "data" / "beacon-vectors.json"
MAC, V4 = "52:54:00:12:34:56", "10.20.30.41"
V6 = ip.link_local_from_mac(MAC)
HOST = Host("01M7TV4A008RGG4V5HV8R13R8B", "node7", "node")
PAYLOAD = b"\x02\x01\x00\x03abc"


def vectors() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(VECTORS.read_text())["vectors"]
    return found


def beacon_seeds() -> Iterator[tuple[str, bytes]]:
    for number, vector in enumerate(vectors()):
        frame, packed, content = (bytes.fromhex(str(vector[key])) for key in ("frame_hex", "gzip_hex", "bson_hex"))
        one = 0x80 if vector["version"] == 1 else 0
        yield f"frame-{number}", b"\x00" + frame
        yield f"signed-{number}", bytes((one | 1,)) + frame[29:-32]
        yield f"gzip-{number}", bytes((one | 2,)) + packed
        yield f"bson-{number}", bytes((one | 3,)) + content
        yield f"elements-{number}", bytes((one | 4,)) + content[4:-1]
    yield "elements-small", b"\x04" + REMOTE + IDS[2] + TYPE
    yield "acks", b"\x05" + text(b"acks", b"01M7TV4A008RGG4V5HV8R13R8B")
    yield "unknown-values", b"\x05" + b"\x01f\0" + bytes(8) + b"\x08b\0\x01" + b"\x0an\0" + b"\x12l\0" + bytes(8)
    yield "values-refused", b"\x05" + b"\x09d\0" + bytes(8)
    yield "nested", b"\x05" + b"\x04a\0" + document(b"\x030\0" + document(b"\x10x\0\x01\0\0\0"))
    yield "extension", b"\x06" + extension_elements()
    yield "extension-v1", b"\x86" + extension_elements()


def extension_elements() -> bytes:
    received = document(text(b"interface", b"eth0") + b"\x10vid\0\x0a\0\0\0" + b"\x10hops\0\x01\0\0\0")
    return b"".join(
        (
            text(b"role", b"rack"),
            b"\x10seq\0\x11\0\0\0",
            b"\x12sent_us\0" + (1_790_000_000_250_000).to_bytes(8, "little"),
            b"\x04acks\0" + document(text(b"0", b"01M7TV4A008RGG4V5HV8R13R8B")),
            b"\x03received\0" + received,
            b"\x08urgent\0\x01",
            b"\x04regions\0" + document(text(b"0", b"ws://10.0.0.1:5240")),
        )
    )


def frames() -> Iterator[tuple[str, bytes]]:
    stack = (Tag(0x88A8, 0, 5), Tag(0x8100, 10))
    for name, source in (("ipv4", V4), ("ipv6", V6)):
        yield name, build_beacon_frame(PAYLOAD, MAC, source)
        yield f"{name}-tagged", build_beacon_frame(PAYLOAD, MAC, source, stack[1:])
        yield f"{name}-stacked", build_beacon_frame(PAYLOAD, MAC, source, stack)
    headers = bytes.fromhex("3c00050200000100 2b00000000000000 1100010400000000")
    segment = build_beacon_frame(PAYLOAD, MAC, V6)[54:]
    yield "ipv6-extensions", wrapped(ip.build(V6, GROUP6, 1, 0, headers + segment), 0x86DD)
    yield "ipv6-fragment", wrapped(ip.build(V6, GROUP6, 1, 44, bytes.fromhex("1100000100000001") + segment), 0x86DD)
    options = bytearray(ip.build(V4, GROUP4, 1, 17, b"\x01" * 4 + build_beacon_frame(PAYLOAD, MAC, V4)[34:]))
    options[0] = 0x46
    yield "ipv4-options", wrapped(bytes(options), 0x0800)


def wrapped(packet: bytes, ethertype: int) -> bytes:
    return ethernet.build(EthernetFrame("01:00:5e:00:00:76", MAC, (), ethertype, packet))


def frame_seeds() -> Iterator[tuple[str, bytes]]:
    for name, data in frames():
        yield name, b"\x09" + data
    yield "ipv4-kernel-tag", b"\x05" + build_beacon_frame(PAYLOAD, MAC, V4)
    yield "ipv6-not-filled-in", b"\x00" + build_beacon_frame(PAYLOAD, MAC, V6)


def ethernet_seeds() -> Iterator[tuple[str, bytes]]:
    yield from frames()
    yield "lldp", ethernet.build(EthernetFrame(LLDP_MAC, MAC, (), 0x88CC, lldp.MANDATORY))
    payload = cdp.LLC_SNAP + cdp_harness.packet(3, b"")
    yield "cdp", ethernet.build(EthernetFrame(CDP_MAC, MAC, (), len(payload), payload))


def ip_seeds() -> Iterator[tuple[str, bytes]]:
    for name, data in frames():
        yield name, b"\x01" + bytes(ethernet.parse(data).payload)


def udp_seeds() -> Iterator[tuple[str, bytes]]:
    yield "ipv4", b"\x02" + build_beacon_frame(PAYLOAD, MAC, V4)[34:]
    yield "ipv6", b"\x03" + build_beacon_frame(PAYLOAD, MAC, V6)[54:]
    yield "repaired", b"\x07" + build_beacon_frame(PAYLOAD + b"x", MAC, V4)[34:]


def lldp_seeds() -> Iterator[tuple[str, bytes]]:
    yield "mandatory", b"\x00" + lldp.MANDATORY
    yield "shutdown", b"\x00" + lldp.MANDATORY[:-2] + bytes(4)
    yield (
        "optional",
        b"\x01" + bytes.fromhex("0806 75706c696e6b 0a03 737731 fe06 0080c201 000a fe06 00120f04 2400 0000"),
    )
    yield (
        "addresses",
        b"\x00" + bytes.fromhex("0206 05 01 0a000001 0412 04 02 fe800000000000000000000000000001 0602 0001"),
    )


def cdp_seeds() -> Iterator[tuple[str, bytes]]:
    yield "least", b"\x01\x02\xb4\0\0" + cdp_harness.IDS
    yield "known", b"\x07" + bytes.fromhex("000a 0006 000a 0011 0008 000005dc 0014 0007 737731")
    yield "unknown", b"\x03" + bytes.fromhex("0005 0007 494f53 0004 0008 00000028")


def site_seeds() -> Iterator[tuple[str, bytes]]:
    subnet = b'[[subnet]]\nname = "a"\ncidr = "10.1.0.0/24"\nvlan = 10\nfabric = "f"\ninterface = "eth1"\ngateway = "10.1.0.1"\n'
    roles = (
        b'[role.node]\nsubnets = ["a*"]\nvlans = ["f/10"]\n[role.rack]\naddresses = ["10.0.0.2-10.0.0.9", "fd00::2"]\n'
    )
    yield "head", b'title = "x"\nprofile = "maas-3"\n[flows]\ndisable = ["lxd", "rpc"]\n'
    yield "roles", subnet + roles
    yield (
        "six",
        b'[[subnet]]\nname = "b"\ncidr = "fd00:1::/64"\n[role.node]\nsubnets = ["b"]\n[role.region]\naddresses = ["any"]\n',
    )
    yield "ports", b'[ports]\napi = [5443, "6000-6010"]\nsyslog = { udp = [1514] }\ndhcp = [1067, 1068]\n'
    yield (
        "forbidden",
        b'[role.node]\naddresses = ["10.1.0.0/24"]\n[role.libvirt-host]\naddresses = ["10.1.0.9"]\n[role.relay]\naddresses = ["10.1.0.9"]\n',
    )
    yield "mistakes", b'[role.nod]\n[role.rack]\naddresses = ["10.0.0.1/24", "fe80::1"]\n[ports]\ntfpt = [0]\n'


def ruleset_seeds() -> Iterator[tuple[str, bytes]]:
    def match(left: str, right: str, op: str = "==") -> str:
        return f'{{"match": {{"op": "{op}", "left": {left}, "right": {right}}}}}'

    port, address = (
        '{"payload": {"protocol": "tcp", "field": "dport"}}',
        '{"payload": {"protocol": "ip", "field": "saddr"}}',
    )
    mark, state = '{"meta": {"key": "mark"}}', '{"ct": {"key": "state"}}'
    prefix = '{"prefix": {"addr": "10.0.0.0", "len": 8}}'
    rules = {
        "port": match(port, '{"set": [80, {"range": [1, 9]}]}'),
        "prefix": match(address, prefix, "!="),
        "concat": match(f'{{"concat": [{address}, {port}]}}', f'{{"set": [{{"concat": [{prefix}, 80]}}]}}'),
        "mask": match(f'{{"&": [{mark}, 255]}}', "5") + ', {"drop": null}',
        "state": match(state, '["established", "related"]', "in"),
        "flags": match('{"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["syn", "ack"]]}', '"syn"'),
        "vmap": f'{{"vmap": {{"key": {port}, "data": {{"set": [[22, {{"accept": null}}], ["*", {{"drop": null}}]]}}}}}}',
        "mangle": f'{{"mangle": {{"key": {mark}, "value": {{"|": [{mark}, 5]}}}}}}',
        "nat": '{"dnat": {"family": "ip", "addr": "10.0.0.1", "port": 80}}, {"masquerade": null}',
        "may": '{"limit": {"rate": 5, "per": "second"}}, {"ct count": {"val": 9}}, {"queue": {}}, {"xt": null}',
        "fill": f'{{"set": {{"op": "add", "elem": {address}, "set": "@s"}}}}, {{"notrack": null}}',
        "name": match('{"meta": {"key": "iifname"}}', '"lan*"'),
    }
    for name, statements in rules.items():
        yield name, b"\x01[" + statements.encode() + b"]"
    chain = '{"chain": {"family": "inet", "table": "t", "name": "f", "hook": "input", "prio": "filter - 5"}}'
    named = '{"set": {"family": "inet", "table": "t", "name": "s", "type": "mark", "elem": [1]}}'
    helper = '{"ct helper": {"family": "inet", "table": "t", "name": "h", "type": "tftp", "protocol": "udp"}}'
    yield "document", f'\x00{{"nftables": [{chain}, {named}, {helper}]}}'.encode()
    yield "refused", b'\x00{"nftables": 5}'


def scan_seeds() -> Iterator[tuple[str, bytes]]:
    yield "runs", b"\x001-20,30,40-42>50,7>0"
    yield "stacked", b"\x015,7>7,8-9>200.8"
    yield "bitmap", b"\x00=/w8=;5>0"
    yield "mistakes", b"\x005-3,x"


def switch_seeds() -> Iterator[tuple[str, bytes]]:
    party = "8000 001b210a0b0c 000f 00ff 0003 45 000000"
    yield "lacp", b"\x03" + bytes.fromhex(f"{party} 0214 {party} 0310 8000")
    yield "lacp-whole", b"\x01" + bytes.fromhex(f"0102 0114 {party} 0214 {party}")
    body = "8001001b210a0b0c 00000004 8001525400123456 8003 0100 1400 0200 0f00"
    yield "rapid", b"\x02" + bytes.fromhex(f"7c {body} 00")
    yield "configuration", b"\x00" + bytes.fromhex(f"424203 0000 00 00 00 {body}")
    yield "per-vlan", b"\x00" + bytes.fromhex(f"aaaa03 00000c 010b 0000 02 02 18 {body} 00 0000 0002 000a")
    yield "notice", b"\x00" + bytes.fromhex("424203 0000 00 80")


def joining_seeds() -> Iterator[tuple[str, bytes]]:
    for agent in (True, False):
        half = Half(bytes(range(32)), lambda size: bytes(size - 1) + b"\3", agent=agent).message.hex()
        request = JoinRequest(version=1, host=HOST, boot="b", message=half, sent=Wall(1.5), software="x")
        offer = JoinOffer(version=1, region="north", authority="ab" * 32, messages=(half, "00" * 33), sent=Wall(2.5))
        yield f"request-{agent}", b"\x00" + encode_join(request).encode()
        yield f"offer-{agent}", b"\x01" + encode_join(offer).encode()
    yield "proof", b"\x00" + encode_join(JoinProof(proofs=("ab" * 32, ""), request="-----BEGIN")).encode()
    answer = JoinAnswer(
        state="joined", proof="cd" * 32, certificate="c", authority="a", regions=("https://10.0.0.1:1",)
    )
    yield "answer", b"\x01" + encode_join(answer).encode()
    yield "rejected", b"\x01" + encode_join(Rejected("no")).encode()
    yield "half-an-octet", b"\x00" + encode_join(JoinProof(proofs=("abc",), request="")).encode()
    observations = (HostSeen(HOST, Wall(1.0)), InterfaceSeen(HOST.id, Interface(name="eth0", index=2, mac=MAC)))
    report = NodeReport(host=HOST, boot="b", sent=Wall(1.0), observations=observations, expected=(("eth0", "10"),))
    yield "report", b"\x02" + msgspec.json.encode(report)
    placed = NodeAnswer(region="north", placed=(Placed("eth0", "fabric-1", ("pxe",), (10,)),))
    yield "delivered", b"\x03" + msgspec.json.encode(Delivered("letter", placed))


def dhcp_seeds() -> Iterator[tuple[str, bytes]]:
    yield "offer", b"\x02" + bytes.fromhex("350102 3604c0a80001 330400000e10 2b03 0601 03 ff")
    yield "overload", b"\x02" + bytes.fromhex("340103 2b0161 ff")
    yield "long-option", b"\x02" + bytes.fromhex("2b0161 00 2b0162 0104ffffff00 ff")
    discover = dhcp.Message(
        op=1, xid=7, kind=1, chaddr=b"RT\0\x124V", broadcast=True, options={93: b"\0\7", 82: b"\1\1a"}
    )
    yield "discover", b"\x00" + dhcp.encode(discover)
    yield "advertise", b"\x01" + bytes.fromhex("02a1b2c3 0002000a 00030001525400123456 000d0004 0002 6e6f")
    yield "relayed", b"\x01\x0c\x01" + bytes(32) + bytes.fromhex("00090004 01a1b2c3")
    yield "lease", b"\x04" + bytes(12) + bytes.fromhex("00050018") + bytes(24) + bytes.fromhex("000d0002 0002")


def walk_seeds() -> Iterator[tuple[str, bytes]]:
    asked = udp.build("10.1.0.2", "10.2.0.2", udp.Segment(50000, 53, PAYLOAD))
    packet = ip.build("10.1.0.2", "10.2.0.2", 1, 17, asked)
    six = ip.build("fd01::2", "fd02::2", 1, 17, udp.build("fd01::2", "fd02::2", udp.Segment(50000, 53, PAYLOAD)))
    syn = ip.build("10.1.0.2", "10.2.0.2", 64, 6, bytes.fromhex("c350 0050 00000007 00000000 5002 0400 0000 0000"))
    ethernets = {"udp": packet, "udp6": six, "syn": syn}
    for name, quoted, by, to in (
        ("exceeded", packet, "10.1.0.1", "10.1.0.2"),
        ("exceeded6", six, "fd01::1", "fd01::2"),
    ):
        kind, protocol = (11, 1) if quoted is packet else (3, 58)
        ethernets[name] = ip.build(by, to, 64, protocol, bytes((kind, 0, 0, 0, 0, 0, 0, 0)) + quoted)
    for name, whole in ethernets.items():
        kind = ethernet.ETHERTYPE_IPV6 if name.endswith("6") else ethernet.ETHERTYPE_IPV4
        yield name, b"\x00" + ethernet.build(EthernetFrame(MAC, MAC, (), kind, whole))
    yield "mark", b"\x01bw1-aaaqeayeaudaoaau2kd3plapp36wecypnnx3bnwd"
    yield "signed", b"\x02\x01\x05"


def main() -> None:
    for harness in HARNESSES:
        folder = CORPUS / harness
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in globals()[f"{harness}_seeds"]():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
