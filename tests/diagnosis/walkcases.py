"""What tests of the judge of walks share: packets, what an end found out, what its rules said, and how a row is held to its words."""

from msgspec import structs

from bellrock.contract.walk import Path, Ruled, Seen, Sent, Served, Sighting, Watching
from bellrock.diagnosis.walked import judge
from bellrock.diagnosis.walkfacts import Case
from bellrock.model import DiedAt, Verdict

A, B, GATE = "10.1.0.2", "10.2.0.2", "10.1.0.1"
UDP = Path(walk="0" * 16, key="0" * 64, protocol="udp", target=B, port=53, source_port=50000)
TCP = structs.replace(UDP, protocol="tcp")
OWN, HELD = Watching(order="1", listener="own"), Watching(order="1", listener="held", why="named (pid 7)")
NONE = Watching(order="1", listener="none")


def there(*, out, what="request", **rest):
    known = {
        "interface": "eth0",
        "source": A,
        "source_port": 50000,
        "destination": B,
        "destination_port": 53,
        "hop_limit": 63,
    }
    return Sighting(at=1.0, what=what, out=out, **(known | rest))


def back(*, out, **rest):
    known = {"source": B, "source_port": 53, "destination": A, "destination_port": 50000}
    return there(out=out, what=rest.pop("what", "reply"), **(known | rest))


LEFT, ARRIVED, REPLIED, RETURNED = there(out=True), there(out=False), back(out=True), back(out=False)
EXCEEDED = there(out=False, what="error", number=1, by=GATE, kind=11, code=0)
ANSWERED = Sent(source=A, tries=1, answered=True, marked=True, answered_by=B)
QUIET = Sent(source=A, source_port=50000, interface="eth0", tries=3)
TOOK = Served(accepted=1, peer=A, peer_port=50000)


def case(near=(), far=(), path=UDP, watching=OWN, sent=None, served=None, **rest):
    sent = sent or QUIET
    return Case(
        flow="dns", path=path, source="near", target="far", watching=watching, near=Seen(order="2", sightings=tuple(near), sent=sent),
        far=Seen(order="3", sightings=tuple(far), served=served or Served()), **rest,
    )  # fmt: skip


DROP = Ruled(order="4", verdict="drop", rule="inet filter input handle 4: udp dport 53 drop")
REJECT = structs.replace(DROP, verdict="reject")
ACCEPT = Ruled(order="4", verdict="accept", rule="policy accept")
UNKNOWN = Ruled(order="4", verdict="unknown", why="nft is not installed")
PERHAPS = structs.replace(
    ACCEPT, unless="inet filter input handle 5: ct state invalid drop", when="connection tracking takes it for invalid"
)
SENT_ON = structs.replace(
    UNKNOWN, rule="ip nat p handle 9: udp dport 53 dnat to 172.30.0.2:53", sent_on="172.30.0.2:53"
)
INSIDE = "172.30.0.2"
BEHIND = there(out=True, interface="docker0", destination=INSIDE)
OTHER_CARD = "02:00:00:00:00:99"
RST = back(out=True, what="refusal")
UNMARKED = structs.replace(ANSWERED, marked=False)


def tried(number, *, out, at=1.0):
    return structs.replace(there(out=out, number=number), at=at)


def at(seen, when):
    return structs.replace(seen, at=when)


def unlooked(seen, near=0, far=0):
    return structs.replace(seen, near=structs.replace(seen.near, lost=near), far=structs.replace(seen.far, lost=far))


WAITED = Sent(source=A, interface="eth0", tries=3, waited=0.75)
DEAF = Sent(source=A, interface="eth0", tries=3)


def holds(seen, ruled, died_at, verdict, says):
    """One row of the table: where it died, what that is called, and the words that prove it."""
    found = judge(seen, ruled)
    assert (found.died_at, found.verdict) == (DiedAt(died_at), Verdict(verdict)), found.detail
    assert says in found.detail
    assert found.detail[0].islower() or found.detail[0].isdigit()
    assert "\n" not in found.detail
