"""An attacker on the segment, without the secret: what he does is refused, counted and shown, and nothing is *confirmed* by it."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from bellrock.lab.running import Lab
from bellrock.lab.settle import settle, start
from bellrock.wire.ethernet import TPID_CUSTOMER, Tag
from bellrock.wire.frame import GROUP4, GROUP4_MAC
from tests.lab.attacker import Attacker

pytestmark = pytest.mark.lab

SITE = """
[switch.sw]
[host.hub]
role = "region"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.1/24"], mac = "02:00:00:00:10:01" }
[host.near]
role = "rack"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.2/24"], mac = "02:00:00:00:10:02" }
interface.eth9 = { to = "sw", access = 90, mac = "02:00:00:00:10:92" }
[host.far]
role = "rack"
interface.eth0 = { to = "sw", access = 20, addresses = ["10.20.0.1/24"], mac = "02:00:00:00:20:01" }
[host.farther]
role = "rack"
interface.eth0 = { to = "sw", access = 20, addresses = ["10.20.0.2/24"], mac = "02:00:00:00:20:02" }
[host.mallory]
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.66/24"], mac = "02:00:00:00:66:10" }
interface.eth1 = { to = "sw", access = 20, addresses = ["10.20.0.66/24"], mac = "02:00:00:00:66:20" }
interface.eth9 = { to = "sw", access = 90 }
"""
HUB, NEAR, FAR = "02:00:00:00:10:01", "02:00:00:00:10:02", "02:00:00:00:20:01"
MALLORY10, MALLORY20 = "02:00:00:00:66:10", "02:00:00:00:66:20"
HERE = {frozenset(("hub", "near")), frozenset(("far", "farther"))}
"""Who shares a segment with whom, and may be confirmed by whom."""


class Scene:
    """A lab that runs Bellrock, and somebody in it."""

    def __init__(self, lab, mallory):
        self.lab, self.mallory = lab, mallory
        self.running = start(lab, lambda _: None)
        settle(self.running, lambda _: None)

    def evidence(self, kind):
        """Who has evidence of this kind of whom."""
        found = self.running.region.get("/api/v1/evidence")
        return {(it["port"]["host"], it["peer"]["host"]) for it in found if it["kind"] == kind and it["peer"]}

    def refused(self, reason, **of):
        """How many frames were refused for this reason, as the region shows them."""
        rows = self.running.region.get("/api/v1/refusals")
        return sum(row["count"] for row in rows if row["reason"] == reason and of.items() <= row.items())

    def until(self, holds, what, seconds=120):
        self.lab.wait_until(holds, seconds, what)

    def is_sound(self):
        """Nothing claims more than is wired: the programs live, nobody new is known, and only neighbours are confirmed."""
        assert all(code is None for code in self.lab.programs().values()), self.lab.programs()
        assert {host["name"] for host in self.running.region.get("/api/v1/hosts")} == {"hub", "near", "far", "farther"}
        assert {frozenset(pair) for pair in self.evidence("confirmed")} == HERE

    def resident(self, name):
        """MiB that a program of the lab holds, by the name that its command line carries."""
        pids = self.lab.exec(name, ["pgrep", "-f", f"bellrock rack .*--name {name} "]).stdout.split()
        status = self.lab.exec(name, ["cat", f"/proc/{pids[0]}/status"]).stdout
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


@pytest.fixture(scope="module")
def scene():
    with Lab.from_text(SITE) as lab, Attacker(lab, "mallory", "eth0", "eth1", "eth9") as mallory:
        yield Scene(lab, mallory)


def of(mac):
    """A multicast beacon of somebody that is not padded."""
    return lambda it: from_(mac)(it) and signed(it) == it.heard.payload


def from_(mac):
    return lambda captured: captured.heard.source_mac == mac and captured.heard.multicast


def signed(captured):
    """A beacon without what follows its declared end."""
    payload = captured.heard.payload
    return payload[: 4 + int.from_bytes(payload[2:4], "big")]


def provoke(scene, interface="eth0"):
    """Have everyone on a segment speak: a garbled frame does not, so a new interface comes."""
    vid = {"eth0": 10, "eth1": 20}[interface]
    scene.lab.add_interface("near" if vid == 10 else "far", "spare", to="sw", access=vid)
    scene.lab.remove_interface("near" if vid == 10 else "far", "spare")


def beacon_of(scene, mac, interface="eth0"):
    """A fresh beacon of somebody, as heard on the wire."""
    provoke(scene, interface)
    return scene.mallory.capture(interface, of(mac))


def test_what_is_replayed_on_the_same_segment_is_taken_once(scene):
    beacon = beacon_of(scene, NEAR)
    before = scene.refused("replay", host="hub")
    scene.mallory.send("eth0", beacon.frame, times=20)
    scene.mallory.send("eth0", beacon.again(source_mac=MALLORY10), times=20)
    scene.until(lambda: scene.refused("replay", host="hub") >= before + 40, "40 replays to be counted")
    assert scene.refused("replay", host="hub", source_mac=MALLORY10) >= 20, "shown by whom"
    scene.is_sound()


def test_what_is_replayed_to_its_own_sender_is_not_taken_for_a_loop(scene):
    beacon = beacon_of(scene, NEAR)
    deadline = time.time() + 10
    before = scene.refused("replay", host="near")
    while scene.refused("replay", host="near") == before and time.time() < deadline:
        scene.mallory.send("eth0", beacon.frame)  # once it is two seconds old it is a replay
        scene.lab.exec("mallory", ["true"])
    assert scene.refused("replay", host="near") > before
    scene.is_sound()


def test_what_is_replayed_on_another_segment_is_heard_and_never_confirmed(scene):
    beacon = beacon_of(scene, NEAR)
    scene.mallory.send("eth1", beacon.frame, times=3)
    scene.until(lambda: ("far", "near") in scene.evidence("heard"), "the replay to be heard")
    scene.until(lambda: scene.refused("replay", host="far", source_mac=NEAR) >= 2, "the others to be refused")
    scene.is_sound()
    explained = scene.running.region.get("/api/v1/topology/explain?a=far/eth0&b=near/eth0")
    assert [step["kind"] for step in explained["chain"]] == ["heard"], "and told to be no more"
    scene.until(
        lambda: any(it["kind"] == "one-way" for it in scene.running.topology()["conflicts"]),
        "the contradiction: near, which far is said to hear, does not hear far",
        40,
    )
    assert not {("near", "far"), ("hub", "far")} & scene.evidence("heard")


def test_what_is_carried_at_once_to_its_senders_other_port_is_heard_and_not_confirmed(scene):
    """It is fresh, and all that it shows is that a frame came from there to here; no key has answered for it."""
    beacon = beacon_of(scene, NEAR)

    def strengths() -> set[str]:
        return {
            member["strength"]
            for fabric in scene.running.topology()["fabrics"]
            for vlan in fabric["vlans"]
            for member in vlan["members"]
            if (member["host"], member["interface"]) == ("near", "eth9")
        }

    scene.mallory.send("eth9", beacon.frame)
    # Nothing keeps it: a look or two later near has asked for itself there, in vain, and it is gone.
    scene.until(
        lambda: ("near", "near") in scene.evidence("own-beacon") and strengths() == {"heard"}, "the copy to be heard"
    )
    scene.is_sound()
    assert strengths() <= {"heard"}


def test_what_is_sent_by_unicast_through_a_router_is_at_most_routable(scene):
    lab = scene.lab
    lab.exec("mallory", ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    lab.exec("hub", ["ip", "route", "replace", "10.20.0.0/24", "via", "10.10.0.66"])
    beacon = beacon_of(scene, NEAR)
    through = {"source_mac": MALLORY20, "destination_mac": FAR, "destination": "10.20.0.1"}
    scene.mallory.send("eth1", beacon.again(**through, hop_limit=63))
    scene.mallory.send("eth1", beacon.again(**through, hop_limit=1))
    scene.until(lambda: ("far", "near") in scene.evidence("routable"), "the unicast to be taken for what it is")
    scene.is_sound()


def test_multicast_with_another_hop_limit_than_it_is_sent_with_is_refused(scene):
    beacon = beacon_of(scene, NEAR)
    for hops in (0, 2, 64, 255):
        scene.mallory.send("eth0", beacon.again(hop_limit=hops))
        scene.mallory.send("eth1", beacon.again(hop_limit=hops))
    scene.until(lambda: scene.refused("off-link", host="hub") >= 4, "four refusals on the segment")
    scene.until(lambda: scene.refused("off-link", host="far") >= 4, "four refusals on the other")
    scene.is_sound()


FORGED = [
    (lambda payload: b"\x01" + payload[1:], "malformed"),  # the document is of version 2
    (lambda payload: b"\x07" + payload[1:], "unknown-version"),
    (lambda payload: payload[:2] + (len(payload) + 50).to_bytes(2, "big") + payload[4:], "truncated"),
    (lambda payload: payload[:2] + b"\0\0" + payload[4:], "empty"),
    (lambda payload: payload[:2] + (len(payload) - 20).to_bytes(2, "big") + payload[4:], "wrong-secret"),
    (lambda payload: payload[:20] + bytes([payload[20] ^ 1]) + payload[21:], "wrong-secret"),
    (lambda payload: payload[:-1] + bytes([payload[-1] ^ 1]), "wrong-secret"),
    (lambda payload: payload[:5] + (int(time.time()) + 30).to_bytes(8, "big") + payload[13:], "wrong-secret"),
    (lambda payload: payload[:4] + os.urandom(len(payload) - 4), "malformed"),
]


@pytest.mark.parametrize(("forge", "reason"), FORGED)
def test_a_forged_header_or_token_is_refused_for_what_it_is(scene, forge, reason):
    beacon = beacon_of(scene, NEAR)
    source = f"02:00:00:00:66:{os.urandom(1).hex()}"
    scene.mallory.send("eth0", beacon.again(source_mac=source, payload=forge(beacon.heard.payload)), times=5)
    reasons = {reason, "wrong-secret"} if reason == "malformed" else {reason}
    told = Counter()

    def counted():
        told.update({it: scene.refused(it, host="hub", source_mac=source) - told[it] for it in reasons})
        return sum(told.values()) >= 5

    scene.until(counted, f"five refusals: {reason}")
    scene.is_sound()


def test_the_type_in_the_header_decides_nothing(scene):
    """It is not signed: a beacon whose header says otherwise is the same beacon, and was heard before."""
    beacon = beacon_of(scene, NEAR)
    before = scene.refused("replay", host="hub", source_mac=MALLORY10)
    for kind in (0, 1, 2, 255):
        payload = beacon.heard.payload[:1] + bytes([kind]) + beacon.heard.payload[2:]
        scene.mallory.send("eth0", beacon.again(source_mac=MALLORY10, payload=payload + os.urandom(40)))
    scene.until(lambda: scene.refused("replay", host="hub", source_mac=MALLORY10) >= before + 4, "four replays")
    scene.is_sound()


def test_a_probe_of_what_passes_is_not_believed_without_its_padding(scene):
    """He copies what is signed, and leaves out what makes the packet large, so that a narrow way would look wide."""
    provoke(scene)
    probe = scene.mallory.capture(
        "eth0", lambda it: from_(NEAR)(it) and len(signed(it)) + 500 < len(it.heard.payload), 90
    )
    scene.mallory.send("eth0", probe.again(source_mac=MALLORY10, payload=signed(probe)), times=3)
    scene.until(lambda: scene.refused("truncated", host="hub", source_mac=MALLORY10) >= 3, "three refusals")
    scene.is_sound()


FAKES = [
    {"source_mac": HUB},
    {"source_mac": NEAR, "source": "10.10.0.1"},
    {"source": "224.0.0.118"},
    {"source": "255.255.255.255"},
    {"source": "127.0.0.1"},
    {"source": "0.0.0.0", "source_mac": "ff:ff:ff:ff:ff:ff"},
    {"source": "::1", "destination": "ff02::15a", "destination_mac": "33:33:00:00:01:5a"},
    {"source": "ff02::1", "destination": "ff02::15a", "destination_mac": "33:33:00:00:01:5a"},
    {"source": "2001:db8::1", "destination": "ff02::15a", "destination_mac": "33:33:00:00:01:5a"},
    {"tags": (Tag(TPID_CUSTOMER, 0),)},
    {"tags": (Tag(TPID_CUSTOMER, 0), Tag(TPID_CUSTOMER, 4095))},
    {"destination_mac": "01:00:5e:7f:ff:fa"},
    {"sport": 0},
]


@pytest.mark.parametrize("fake", FAKES, ids=str)
def test_fake_addresses_make_nobody_and_confirm_nothing(scene, fake):
    beacon = beacon_of(scene, NEAR)
    known = {pair for kind in ("heard", "routable", "own-beacon", "loop") for pair in scene.evidence(kind)}
    replies = {"destination": GROUP4, "destination_mac": GROUP4_MAC, "source": "10.10.0.66", "hop_limit": 1}
    fresh = {"source_mac": MALLORY10} | replies | fake
    if ":" in fresh["source"]:
        fresh |= {"destination": "ff02::15a"}
    scene.mallory.send("eth0", beacon.again(**fresh), times=5)
    provoke(scene)  # whoever comes after it has been heard after it
    scene.until(lambda: ("near", "hub") in scene.evidence("confirmed"), "the segment to be as it was")
    scene.is_sound()
    after = {pair for kind in ("heard", "routable", "own-beacon", "loop") for pair in scene.evidence(kind)}
    assert after <= known | {("hub", "near"), ("near", "hub")}


def test_beacons_with_another_secret_that_call_themselves_a_region_are_refused(scene, tmp_path):
    from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote, encode
    from bellrock.wire.frame import build_beacon_frame
    from bellrock.wire.keys import derive

    remote = Remote("eth0", MALLORY10, "physical")
    boot = "01M3250V7TXQRSP72K94ZGK21K"
    extension = Extension(
        agent=boot, host="hub", role="region", boot=boot, seq=1, interface="eth0", sent_us=int(time.time() * 1e6),
        regions=("https://10.10.0.66:5240",), authority="ab" * 32,
    )  # fmt: skip
    beacon = Beacon(version=2, type=BeaconType.SOLICITATION, id=boot, remote=remote, extension=extension)
    payload = encode(beacon, derive(os.urandom(16)), time.time(), os.urandom(16))
    scene.mallory.send("eth0", build_beacon_frame(payload, MALLORY10, "10.10.0.66"), times=3)
    for host in ("hub", "near"):
        scene.until(
            lambda host=host: scene.refused("wrong-secret", host=host, source_mac=MALLORY10) >= 3, "three refusals"
        )
    scene.is_sound()


def test_a_flood_from_ever_new_addresses_leaves_memory_and_neighbours_as_they_are(scene):
    beacon = beacon_of(scene, NEAR)
    before = scene.resident("near")
    flooded = time.monotonic() + 6
    sent = 0
    while time.monotonic() < flooded:
        for _ in range(200):
            mac = b"\x02" + os.urandom(5)
            payload = beacon.heard.payload[:4] + b"\x80" + os.urandom(len(beacon.heard.payload) - 5)
            scene.mallory.send("eth0", beacon.again(source_mac=mac.hex(":"), payload=payload))
            sent += 1
    assert sent > 5000
    scene.until(lambda: scene.refused("wrong-secret", host="hub") > 0, "some of it to be counted and shown")
    rows = scene.running.region.get("/api/v1/refusals")
    assert len(rows) <= 4 * 1024, "bounded, however many addresses there were"
    assert scene.resident("near") - before < 24
    scene.until(lambda: ("near", "hub") in scene.evidence("confirmed"), "the neighbours to be there still")
    scene.is_sound()


def test_whoever_relays_live_frames_between_two_segments_is_shown_as_a_relay(scene):
    """He carries challenge and answer, so both ends confirm each other; what he cannot do is to be as fast as a wire."""
    with scene.mallory.relay("eth0", "eth1", 0.015) as carried:
        scene.until(lambda: ("near", "far") in scene.evidence("confirmed"), "both segments to be one", 60)

        def shown():
            provoke(scene)  # so that beacons are acknowledged more often than once in half a minute
            return [it for it in scene.running.topology()["conflicts"] if it["kind"] == "relayed"]

        scene.until(shown, "the relay to be shown", 90)
        (conflict,) = shown()
    assert carried[0] > 10
    where = {port["host"] for port in conflict["where"]}
    assert where in ({"hub", "near"}, {"far", "farther"})
    assert "something passes frames on between two segments" in conflict["proof"]


def test_nothing_of_all_this_was_written_to_the_log(scene):
    """Per packet nothing is logged: an attacker must not fill the disk."""
    for name in ("hub", "near", "far"):
        assert Path(scene.lab.directory / f"{name}.log").stat().st_size < 64 * 1024
