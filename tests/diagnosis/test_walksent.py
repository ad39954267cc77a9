"""Rows about requests that never left their source."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Sent
from tests.diagnosis.walkcases import ACCEPT, DROP, GATE, QUIET, TCP, UDP, UNKNOWN, A, case, holds, unlooked

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
    ("unlooked-sent", unlooked(case(), near=7), ACCEPT, "unknown", "not-checked", "whether anything left near cannot be told (7 packets came too fast"),
]  # fmt: skip
ALIKE = [
]  # fmt: skip
"""What leads to the sentence of another row."""


@pytest.mark.parametrize(
    ("seen", "ruled", "died_at", "verdict", "says"), [pytest.param(*row[1:], id=row[0]) for row in (*ROWS, *ALIKE)]
)
def test_each_row(seen, ruled, died_at, verdict, says):
    holds(seen, ruled, died_at, verdict, says)
