"""The table of what two ends saw and what follows: every row, and every sentence in it."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.contract.walk import Path, Ruled, Seen, Sent, Served, Sighting, Watching
from bellrock.diagnosis.walked import _TABLE, judge, question
from bellrock.diagnosis.walkfacts import Case
from bellrock.diagnosis.walktrace import MAX_EVIDENCE
from bellrock.model import DiedAt, Verdict, Walked

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

ROWS = [
    ("no-route", case(sent=Sent(obstacle="no route")), None, "not-sent", "unreachable", "no route to 10.2.0.2"),
    ("own-rule", case(sent=structs.replace(QUIET, obstacle="own firewall")), DROP, "not-sent", "filtered", "does not let it out: inet filter input handle 4"),
    ("own-firewall-unruled", case(sent=Sent(source=A, obstacle="own firewall", why="its own rules")), ACCEPT, "not-sent", "filtered",
     "its own rules (no rule of its nftables does that)"),
    ("silent-gateway", case(sent=Sent(source=A, gateway=GATE, neighbour="silent", interface="eth0")), ACCEPT, "not-sent", "unreachable",
     "its gateway 10.1.0.1 does not answer ARP on eth0"),
    ("silent-target", case(sent=Sent(source=A, obstacle="no neighbour")), UNKNOWN, "not-sent", "unreachable",
     "10.2.0.2, which should be on its link, does not answer ARP"),
    ("silent-target6", case(path=structs.replace(UDP, target="fd02::2"), sent=Sent(source="fd01::2", neighbour="silent")), None,
     "not-sent", "unreachable", "does not answer neighbour discovery"),
    ("no-such-address", case(sent=Sent(obstacle="local", why="cannot send from 10.9.9.9")), None, "not-sent", "not-checked", "cannot send from"),
    ("not-sent-unknown", case(sent=structs.replace(QUIET, tries=0)), UNKNOWN, "not-sent", "filtered",
     "nothing left near, and its kernel does not say why (its rules could not be judged: nft is not installed)"),
    ("not-sent-maybe", case(path=TCP, sent=QUIET), structs.replace(UNKNOWN, why="skuid 0", rule="inet fault o handle 3: skuid 0 drop"), "not-sent", "filtered",
     "(its rules could not be judged: skuid 0 in inet fault o handle 3: skuid 0 drop)"),
    ("not-sent-maybe-udp", case(sent=structs.replace(QUIET, obstacle="own firewall", why="its own rules")),
     structs.replace(UNKNOWN, why="skuid 0", rule="inet fault o handle 3: skuid 0 drop"), "not-sent", "filtered",
     "its own rules (its rules could not be judged: skuid 0 in inet fault o handle 3: skuid 0 drop)"),
    ("refusing-route", case(sent=Sent(obstacle="refusing route", why="a route of type blackhole takes it")), DROP, "not-sent", "unreachable",
     "nothing left near: a route of type blackhole takes it"),
    ("rejected-by-itself", case(sent=structs.replace(QUIET, obstacle="port unreachable", by=A, why="port unreachable (ICMP from 10.1.0.2)")), UNKNOWN,
     "not-sent", "filtered", "port unreachable (ICMP from 10.1.0.2) (its rules"),
    ("not-sent-told", case(sent=structs.replace(QUIET, obstacle="unreachable", by=GATE, why="host unreachable")), ACCEPT, "not-sent", "unreachable",
     "nothing left near: host unreachable"),
    ("in-its-place", case([LEFT, RETURNED], sent=structs.replace(ANSWERED, marked=False)), None, "answered-elsewhere", "wrong-service", "answer came from 10.2.0.2"),
    ("in-its-place-unread", case([LEFT, RETURNED]), None, "answered-elsewhere", "wrong-service", "answer came from 10.2.0.2"),
    ("lost", case([LEFT]), None, "lost-on-the-way", "filtered", "near/eth0 and never came in at far, and nobody says why: no router"),
    ("lost-behind", case([LEFT, EXCEEDED]), None, "lost-on-the-way", "filtered", "as far as the router 10.1.0.1"),
    ("lost-told", case([LEFT, there(out=False, what="error", by=GATE, kind=3, code=13)]), None, "lost-on-the-way", "filtered",
     "10.1.0.1 says: administratively prohibited"),
    ("lost-no-way", case([LEFT, there(out=False, what="error", by=GATE, kind=3, code=1)]), None, "lost-on-the-way", "unreachable",
     "10.1.0.1 says: destination unreachable"),
    ("refused-in-its-name", case([LEFT, back(out=False, what="refusal")], path=TCP), None, "lost-on-the-way", "filtered", "in far's name (TCP RST)"),
    ("refused-in-its-name-udp", case([LEFT, back(out=False, what="refusal")]), None, "lost-on-the-way", "filtered", "(ICMP port unreachable)"),
    ("one-way", case([LEFT], [ARRIVED], served=TOOK, answered=False), None, "", "works", "was taken; this protocol has no answers"),
    ("dropped", case([LEFT], [ARRIVED]), DROP, "dropped-by-target", "filtered", "far/eth0, and its own firewall drops it: inet filter"),
    ("dropped-unruled", case([LEFT], [ARRIVED]), ACCEPT, "dropped-by-target", "filtered", "no rule of its nftables does that); rules of another kind"),
    ("dropped-unasked", case([LEFT], [ARRIVED]), None, "dropped-by-target", "filtered", "was not let in; reverse-path filtering or rules of another kind"),
    ("reverse-path", case([LEFT], [ARRIVED]), structs.replace(DROP, reverse_path="net.ipv4.conf.all.rp_filter is 1"), "dropped-by-target", "filtered",
     "far/eth0, and reverse-path filtering drops it: net.ipv4.conf.all.rp_filter is 1"),
    ("reverse-path-here", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), structs.replace(ACCEPT, reverse_path="net.ipv4.conf.all.rp_filter is 1"),
     "reply-dropped", "filtered", "near/eth0, and reverse-path filtering drops it: net.ipv4.conf.all.rp_filter is 1"),
    ("no-way-back-syn", case([LEFT], [ARRIVED], path=TCP, served=Served(obstacle="no route")), ACCEPT, "reply-not-sent", "unreachable",
     "far/eth0, and nothing can go back: it has no route to 10.1.0.2"),
    ("no-way-back-held", case([LEFT], [ARRIVED], watching=HELD, served=Served(obstacle="refusing route", why="a route of type blackhole")), ACCEPT,
     "reply-not-sent", "unreachable", "and nothing can go back: a route of type blackhole"),
    ("reply-refusing-route", case([LEFT], [ARRIVED], served=structs.replace(TOOK, obstacle="refusing route", why="a route of type blackhole")), DROP,
     "reply-not-sent", "unreachable", "its answer never left it: a route of type blackhole"),
    ("rejected-by-rule", case([LEFT], [ARRIVED, back(out=True, what="refusal")]), REJECT, "dropped-by-target", "filtered", "rejects it: inet"),
    ("rejected-own", case([LEFT], [ARRIVED, there(out=True, what="error", by=B, kind=3, code=13)]), None, "dropped-by-target", "filtered", "rejects it (ICMP: prohibited)"),
    ("nobody-listens", case([LEFT], [ARRIVED, back(out=True, what="refusal")], path=TCP, watching=NONE), ACCEPT, "no-listener", "refused",
     "nobody listens there: TCP RST"),
    ("nobody-may-listen", case([LEFT], [ARRIVED, back(out=True, what="refusal")], watching=Watching(order="1", listener="none", why="not permitted")),
     ACCEPT, "no-listener", "refused", "nobody listens there: ICMP (not permitted)"),
    ("held-dropped", case([LEFT], [ARRIVED], watching=HELD), DROP, "dropped-by-target", "filtered", "drops it"),
    ("held-silent", case([LEFT], [ARRIVED], watching=HELD), ACCEPT, "reply-not-sent", "filtered", "named (pid 7), which has the port, does not answer"),
    ("held-unknown", case([LEFT], [ARRIVED], watching=HELD), UNKNOWN, "unknown", "filtered", "cannot be told, because named (pid 7)"),
    ("held-unasked", case([LEFT], [ARRIVED], watching=NONE), None, "unknown", "filtered", "nobody that could be named"),
    ("held-one-way", case([LEFT], [ARRIVED], watching=HELD, answered=False), ACCEPT, "", "works", "this protocol has no answers"),
    ("reply-dropped-there", case([LEFT], [ARRIVED], served=TOOK), DROP, "reply-not-sent", "filtered", "its own firewall drops it"),
    ("reply-half-open", case([LEFT], [ARRIVED], path=TCP, served=Served(half_open=1)), ACCEPT, "reply-not-sent", "filtered", "never left it (no rule"),
    ("reply-no-route", case([LEFT], [ARRIVED], served=Served(accepted=1, obstacle="no route")), None, "reply-not-sent", "unreachable",
     "no route to 10.1.0.2"),
    ("reply-silent-gateway", case([LEFT], [ARRIVED], served=structs.replace(TOOK, gateway="10.2.0.1", neighbour="silent", interface="eth0")), None,
     "reply-not-sent", "unreachable", "10.2.0.1 does not answer on eth0"),
    ("reply-refused", case([LEFT], [ARRIVED], served=structs.replace(TOOK, why="its rules")), None, "reply-not-sent", "filtered", "left it: its rules"),
    ("astray-interface", case([LEFT], [ARRIVED, back(out=True, interface="eth1")], served=TOOK), None, "answered-elsewhere", "filtered",
     "came in at eth0 and is answered out of eth1"),
    ("astray-address", case([LEFT], [ARRIVED, back(out=True, destination="10.9.0.1"), back(out=False, what="error", by="10.2.0.1", kind=3, code=0)], served=TOOK),
     None, "answered-elsewhere", "filtered", "answered from 10.2.0.2 to 10.9.0.1, and the answer never came in at near; 10.2.0.1 says: destination"),
    ("reply-lost", case([LEFT], [ARRIVED, REPLIED], served=TOOK), None, "reply-lost", "filtered", "far answered out of eth0"),
    ("reply-lost-told", case([LEFT], [ARRIVED, REPLIED, back(out=False, what="error", by="10.2.0.1", kind=3, code=0)], served=TOOK), None,
     "reply-lost", "unreachable", "10.2.0.1 says: destination unreachable"),
    ("reply-lost-tftp", case([LEFT], [ARRIVED, REPLIED], served=TOOK, path=structs.replace(UDP, separate=True)), None, "reply-lost", "filtered",
     "conntrack helper tftp"),
    ("from-elsewhere", case([LEFT, back(out=False, source="10.3.0.1")], [ARRIVED, REPLIED], sent=structs.replace(ANSWERED, answered_by="10.3.0.1")), None,
     "answered-elsewhere", "filtered", "10.2.0.2 was asked and 10.3.0.1 answers"),
    ("reply-dropped-here", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), DROP, "reply-dropped", "filtered", "near/eth0, and its own firewall"),
    ("reply-dropped-unruled", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), None, "reply-dropped", "filtered", "reverse-path filtering"),
    ("mute-there", case([LEFT, RETURNED], [ARRIVED, REPLIED], path=TCP, served=TOOK, sent=structs.replace(ANSWERED, marked=False)), None,
     "lost-on-the-way", "filtered", "far never got what was said"),
    ("mute-back", case([LEFT, RETURNED], [ARRIVED, REPLIED], path=TCP, served=structs.replace(TOOK, replies=1), sent=structs.replace(ANSWERED, marked=False)), None,
     "reply-lost", "filtered", "near never got the answer"),
    ("works", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK, sent=ANSWERED), None, "", "works", "in the place of a service"),
    ("works-held", case([LEFT, RETURNED], [ARRIVED, REPLIED], watching=HELD, sent=ANSWERED), None, "", "works", "named (pid 7) answered"),
    ("works-none", case([LEFT, RETURNED], [ARRIVED, REPLIED], watching=NONE, sent=ANSWERED), None, "", "works", "it was answered"),
    ("works-round-about", case([LEFT, RETURNED], [ARRIVED, back(out=True, interface="eth1")], sent=ANSWERED), None, "", "works", "leaves by eth1"),
    ("other-card", case([LEFT], [there(out=False, card=OTHER_CARD, sender="02:00:00:00:00:01")]), None, "lost-on-the-way", "unreachable",
     "passed far/eth0, but was addressed to the network card 02:00:00:00:00:99, which is not that interface's"),
    ("other-card-back", case([LEFT, back(out=False, card=OTHER_CARD)], [ARRIVED, REPLIED], served=TOOK), None, "reply-lost", "unreachable",
     "passed near/eth0, but was addressed to the network card 02:00:00:00:00:99"),
    ("gateway-silent", case([LEFT], sent=Sent(source=A, gateway=GATE, waited=2.0)), None, "lost-on-the-way", "filtered", "by way of the gateway 10.1.0.1"),
    ("one-syn", case([LEFT], sent=Sent(source=A, waited=0.4), path=TCP), None, "lost-on-the-way", "filtered", "its one SYN may have been lost"),
    ("same-address", case([LEFT, back(out=False, what="refusal", sender=OTHER_CARD)]), None, "lost-on-the-way", "filtered",
     "(from the network card 02:00:00:00:00:99 on this link): another machine has that address, or a firewall"),
    ("other-port", case([LEFT], [there(out=False, destination_port=5353), back(out=True, what="refusal", source_port=5353)]), ACCEPT,
     "lost-on-the-way", "unreachable", "request for 10.2.0.2:53 came in at far/eth0 as one for 10.2.0.2:5353 and refused there: its destination"),
    ("other-port-by-itself", case([there(out=True, destination_port=5353)], [there(out=False, destination_port=5353)]), ACCEPT,
     "lost-on-the-way", "unreachable", "its destination is translated by near itself"),
    ("other-address", case([LEFT], [there(out=False, destination="10.4.0.2")]), ACCEPT, "lost-on-the-way", "unreachable", "one for 10.4.0.2:53: its destination"),
    ("other-port-works", case([LEFT, RETURNED], [there(out=False, destination_port=5353), REPLIED], watching=HELD, sent=UNMARKED), None, "", "works",
     "it came in as one for 10.2.0.2:5353: its destination is translated on the way"),
    ("rejected-somehow", case([LEFT], [ARRIVED, RST], path=TCP), ACCEPT, "unknown", "refused",
     "refused there (TCP RST), although the agent listens (no rule of its nftables does that)"),
    ("container-refuses", case([LEFT], [ARRIVED, BEHIND, back(out=False, what="refusal", interface="docker0", source=INSIDE), RST], path=TCP), SENT_ON,
     "no-listener", "refused", "sends it on to 172.30.0.2:53 out of docker0 by address translation or as a router, and 172.30.0.2 refuses it"),
    ("forward-rejects", case([LEFT], [ARRIVED, RST], path=TCP), SENT_ON, "unknown", "refused", "sends it on to 172.30.0.2:53 (ip nat p handle 9"),
    ("container-silent", case([LEFT], [ARRIVED, BEHIND]), SENT_ON, "reply-not-sent", "filtered", "out of docker0 by address translation or as a router, and no"),
    ("forward-drops", case([LEFT], [ARRIVED]), SENT_ON, "unknown", "filtered", "was not seen to leave for there"),
    ("container-answers", case([LEFT, RETURNED], [ARRIVED, BEHIND, REPLIED], sent=UNMARKED), SENT_ON, "", "works", "from 172.30.0.2:53 out of docker0, to which far"),
    ("another-answers", case([LEFT, RETURNED], [ARRIVED, REPLIED], sent=UNMARKED), None, "", "works", "the agent that listens there got nothing"),
    ("assumed-here", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), PERHAPS, "reply-dropped", "filtered",
     "(its rules let it pass, but if connection tracking takes it for invalid, this drops it: inet filter input handle 5"),
    ("assumed-there", case([LEFT], [ARRIVED], watching=HELD), PERHAPS, "reply-not-sent", "filtered", "lets it in (its rules let it pass, but if"),
    ("middle-answers", case([LEFT, RETURNED], [ARRIVED], watching=HELD, sent=UNMARKED), None, "answered-elsewhere", "wrong-service",
     "from whose wire no answer left, and yet one came from 10.2.0.2"),
    ("later-ones-arrive", case([LEFT], [there(out=False, what="probe", number=3)]), None, "lost-on-the-way", "degraded", "1 that was sent after it did"),
    ("late", case([LEFT, at(RETURNED, 1.9)], [ARRIVED, REPLIED], served=TOOK, sent=WAITED), ACCEPT, "", "degraded",
     "near/eth0 0.9 s after the request left, and near had waited 0.75 s: it is late; ask again with --within 1.8"),
    ("late-there", case([LEFT, at(RETURNED, 3.1)], [ARRIVED, at(REPLIED, 3.0)], served=TOOK, sent=DEAF), None, "unknown", "degraded",
     "of which far itself took 2 s, and near had waited 1.5 s"),
    ("later-than-watched", case([LEFT], [ARRIVED, at(REPLIED, 4.0)], served=TOOK), None, "unknown", "degraded", "far answered only 3 s after the request had come in"),
    ("thin-there", case([tried(0, out=True), tried(1, out=True), tried(2, out=True), RETURNED], [tried(2, out=False), REPLIED], served=TOOK, sent=ANSWERED), None,
     "", "degraded", "2 of 3 requests lost on the way"),
    ("thin-back", case([LEFT, back(out=False, number=1)], [ARRIVED, REPLIED, back(out=True, number=1)], served=TOOK, sent=ANSWERED), None, "", "degraded",
     "1 of 2 answers lost on the way"),
    ("thin-tcp", case([LEFT, LEFT, RETURNED], [ARRIVED, REPLIED], path=TCP, served=TOOK, sent=ANSWERED), None, "", "degraded", "SYN had to be sent 2 times"),
    ("unlooked-sent", unlooked(case(), near=7), ACCEPT, "unknown", "not-checked", "whether anything left near cannot be told (7 packets came too fast"),
    ("unlooked-reply", unlooked(case([LEFT], [ARRIVED], served=TOOK), far=7), ACCEPT, "unknown", "filtered", "(7 packets came too fast"),
    ("unlooked-held", unlooked(case([LEFT], [ARRIVED], watching=HELD), far=7), ACCEPT, "unknown", "filtered", "does not answer (7 packets"),
]  # fmt: skip
ALIKE = [
    ("same-address-answers", case([LEFT, RETURNED], sent=UNMARKED), None, "answered-elsewhere", "wrong-service", "another machine has that address"),
    ("late-and-dropped", case([LEFT, at(RETURNED, 1.9)], [ARRIVED, REPLIED], served=TOOK, sent=WAITED), DROP, "reply-dropped", "filtered", "own firewall drops it"),
    ("another-answers-tcp", case([LEFT, RETURNED], [ARRIVED, REPLIED], path=TCP, sent=UNMARKED), None, "", "works", "or from a host behind address translation"),
    ("under-way", case([tried(0, out=True), tried(1, out=True), RETURNED], [ARRIVED, REPLIED], served=TOOK, sent=ANSWERED), None, "", "works", "its answer came"),
    ("unlooked-works", unlooked(case([RETURNED], [ARRIVED], served=TOOK, sent=ANSWERED), far=7), None, "", "works", "the agent there answered"),
    ("unlooked-arrival", unlooked(case([LEFT], served=TOOK), far=7), ACCEPT, "unknown", "filtered", "far took the request"),
    ("by-a-tunnel", case([], [ARRIVED, REPLIED], served=TOOK, sent=ANSWERED), None, "", "works", "the agent there answered"),
]  # fmt: skip
"""What leads to the sentence of another row."""
PARAMETERS = [pytest.param(*row[1:], id=row[0]) for row in (*ROWS, *ALIKE)]


@pytest.mark.parametrize(("seen", "ruled", "died_at", "verdict", "says"), PARAMETERS)
def test_each_row(seen, ruled, died_at, verdict, says):
    found = judge(seen, ruled)
    assert (found.died_at, found.verdict) == (DiedAt(died_at), Verdict(verdict)), found.detail
    assert says in found.detail
    assert found.detail[0].islower() or found.detail[0].isdigit()
    assert "\n" not in found.detail


@pytest.mark.parametrize(
    ("path", "sent", "blamed"),
    [
        (UDP, Sent(source=A, tries=3, gateway=GATE, neighbour="silent"), "gateway"),
        (UDP, Sent(source=A, tries=3, obstacle="no neighbour"), "link"),
        (UDP, Sent(source=A, tries=3, gateway=GATE, neighbour="silent", obstacle="own firewall"), "rule"),
        (TCP, Sent(source=A, tries=1, gateway=GATE, neighbour="silent"), "rule"),
        (UDP, Sent(source=A, tries=3), "nobody"),
    ],
    ids=["udp-gateway", "udp-neighbour", "udp-told", "tcp", "udp-unexplained"],
)
def test_a_rule_is_blamed_only_where_the_kernel_does_not_say_otherwise(path, sent, blamed):
    """A datagram that a rule drops makes sendto fail; a SYN that one drops says nothing."""
    found = judge(case(path=path, sent=sent), DROP)
    said = {"gateway": GATE, "link": "on its link", "rule": DROP.rule, "nobody": "does not say why"}
    assert said[blamed] in found.detail
    assert found.rule == (DROP.rule if blamed == "rule" else "")


@pytest.mark.parametrize(
    ("path", "served", "blamed"),
    [(UDP, structs.replace(TOOK, replies=1), False), (UDP, structs.replace(TOOK, obstacle="own firewall"), True), (TCP, structs.replace(TOOK, replies=1), True)],
    ids=["udp-let-out", "udp-told", "tcp"],
)  # fmt: skip
def test_nor_is_the_targets_where_its_kernel_let_the_answer_out(path, served, blamed):
    served = structs.replace(served, gateway="10.4.0.77", neighbour="silent", interface="eth1")
    found = judge(case([LEFT], [ARRIVED], path=path, served=served), DROP)
    assert (DROP.rule if blamed else "10.4.0.77 does not answer on eth1") in found.detail


def test_a_late_answer_that_is_filtered_is_no_late_one():
    seen = case([LEFT, at(RETURNED, 1.9)], [ARRIVED, REPLIED], served=TOOK, sent=WAITED)
    assert judge(seen, structs.replace(ACCEPT, reverse_path="all.rp_filter is 1")).died_at is DiedAt.REPLY_DROPPED


def test_ipv6_has_no_reverse_path_filtering():
    six = case([LEFT], [ARRIVED], path=structs.replace(UDP, target="fd02::2"))
    assert "reverse-path" not in judge(six, UNKNOWN).detail


def test_every_row_of_the_table_is_met():
    met = {next(at for at, row in enumerate(_TABLE) if row.holds(one[1])) for one in ROWS}
    assert met == set(range(len(_TABLE)))


@pytest.mark.parametrize(
    ("seen", "end", "asked"),
    [
        (case(), "source", (A, 50000, B, 53, "output", "eth0", False)),
        (case([LEFT], [ARRIVED]), "target", (A, 50000, B, 53, "input", "eth0", False)),
        (case([LEFT], [ARRIVED, back(out=True, what="refusal")]), "target", (A, 50000, B, 53, "input", "eth0", False)),
        (case([LEFT], [ARRIVED], served=TOOK), "target", (B, 53, A, 50000, "output", "eth0", True)),
        (case([LEFT, RETURNED], [ARRIVED, REPLIED]), "source", (B, 53, A, 50000, "input", "eth0", True)),
    ],
    ids=["not-sent", "dropped", "refused", "reply-not-sent", "reply-dropped"],
)
def test_whose_rules_are_asked_for(seen, end, asked):
    found = question(seen)
    assert found is not None
    ask = found.ask
    said = (ask.source, ask.source_port, ask.destination, ask.destination_port, ask.hook, ask.interface, ask.reply)
    assert (found.end, said) == (end, asked)


@pytest.mark.parametrize(
    "seen", [case(sent=Sent(obstacle="no route")), case(sent=Sent(source=A, obstacle="refusing route")), case([LEFT]), case([LEFT, RETURNED], [ARRIVED, REPLIED], sent=ANSWERED)],
    ids=["no-route", "refusing-route", "lost", "works"],
)  # fmt: skip
def test_where_no_rule_of_theirs_has_to_do_with_it(seen):
    assert question(seen) is None


def test_a_bridge_is_no_second_way():
    """Each packet is seen at the card and at the bridge above it: coming in from below, leaving from above. Rules see the bridge."""
    far = [ARRIVED, there(out=False, interface="br0"), back(out=True, interface="br0"), back(out=True)]
    near = [LEFT, RETURNED, back(out=False, interface="br0")]
    assert "leaves by" not in judge(case(near, far, sent=ANSWERED)).detail
    assert judge(case([LEFT], far, served=TOOK)).died_at is DiedAt.REPLY_LOST
    for seen in (case([LEFT], far[:2]), case(near, far)):
        asked = question(seen)
        assert asked is not None
        assert asked.ask.interface == "br0"


def test_the_way_and_the_evidence():
    found = judge(case([LEFT, EXCEEDED, RETURNED], [ARRIVED, REPLIED], served=TOOK), DROP)
    assert [(hop.name, hop.address, hop.request, hop.reply) for hop in found.hops] == [
        ("near", A, True, True), ("", GATE, True, None), ("far", B, True, True),
    ]  # fmt: skip
    assert found.rule == DROP.rule
    said = [step.what for step in found.evidence]
    assert said[0] == "near/eth0: request 10.1.0.2:50000 to 10.2.0.2:53"
    assert "near/eth0: ICMP 11/0 from 10.1.0.1 about 10.1.0.2:50000 to 10.2.0.2:53, hop limit 1" in said
    assert said[-1] == f"the firewall's rules: drop, {DROP.rule}"


def test_the_evidence_is_bounded():
    found = judge(case([LEFT] * 200, [ARRIVED] * 50), DROP)
    assert len(found.evidence) == MAX_EVIDENCE


def test_packets_that_were_not_looked_at_are_told():
    seen = case([LEFT])
    found = judge(structs.replace(seen, near=structs.replace(seen.near, lost=3)))
    assert "3 packets came too fast to be looked at" in found.detail


def test_ipv6_ends_are_written_in_brackets():
    six = case([there(out=True, source="fd01::2", destination="fd02::2")])
    assert "[fd01::2]:50000 to [fd02::2]:53" in judge(six).evidence[0].what


_SIGHTINGS = st.lists(
    st.builds(
        Sighting, at=st.just(1.0), what=st.sampled_from(["request", "probe", "reply", "refusal", "error"]), out=st.booleans(),
        interface=st.sampled_from(["eth0", "eth1"]), source=st.sampled_from([A, B, GATE]), source_port=st.just(1), destination=st.sampled_from([A, B]),
        destination_port=st.just(2), hop_limit=st.just(60), number=st.integers(0, 5), by=st.sampled_from(["", GATE, "fd01::1"]), kind=st.integers(0, 12),
        code=st.integers(0, 15),
    ),
    max_size=6,
)  # fmt: skip


@given(
    _SIGHTINGS, _SIGHTINGS, st.sampled_from([UDP, TCP]), st.sampled_from([OWN, HELD, NONE]), st.booleans(), st.sampled_from([None, DROP, ACCEPT, UNKNOWN]),
    st.builds(Sent, source=st.sampled_from(["", A]), answered=st.booleans(), obstacle=st.sampled_from(["", "no route", "refusing route", "local", "own firewall"]),
              neighbour=st.sampled_from(["", "known", "silent"]), answered_by=st.sampled_from(["", B, GATE])),
    st.builds(Served, accepted=st.integers(0, 1), half_open=st.integers(0, 1), obstacle=st.sampled_from(["", "no route"]), neighbour=st.sampled_from(["", "silent"])),
)  # fmt: skip
def test_whatever_was_seen_there_is_one_verdict_and_it_claims_no_more(
    near, far, path, watching, answered, ruled, sent, served
):
    seen = case(near, far, path, watching, sent, served, answered=answered)
    found = judge(seen, ruled)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Walked) == found
    assert bool(found.detail)
    if found.verdict is Verdict.WORKS:
        assert seen.arrived is not None or served.accepted or served.half_open
    if found.died_at is DiedAt.NOT_SENT:
        assert seen.left is None
        assert seen.arrived is None
    if found.died_at in (DiedAt.DROPPED_BY_TARGET, DiedAt.NO_LISTENER):
        assert seen.arrived is not None


def test_verdicts_are_unlike_each_other():
    """No two rows of the playbook say the same: each sentence tells its own case."""
    said = [judge(one[1], one[2]).detail for one in ROWS]
    twice = {a for a, b in itertools.pairwise(sorted(said)) if a == b}
    assert len(twice) <= 2, twice
