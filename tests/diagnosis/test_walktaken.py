"""Rows about requests that came in at the target."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Served, Watching
from tests.diagnosis.walkcases import (
    ACCEPT,
    ARRIVED,
    BEHIND,
    DROP,
    HELD,
    INSIDE,
    LEFT,
    NONE,
    PERHAPS,
    REJECT,
    RST,
    SENT_ON,
    TCP,
    TOOK,
    UNKNOWN,
    B,
    back,
    case,
    holds,
    there,
    unlooked,
)

ROWS = [
    ("one-way", case([LEFT], [ARRIVED], served=TOOK, answered=False), None, "", "works", "was taken; this protocol has no answers"),
    ("dropped", case([LEFT], [ARRIVED]), DROP, "dropped-by-target", "filtered", "far/eth0, and its own firewall drops it: inet filter"),
    ("dropped-unruled", case([LEFT], [ARRIVED]), ACCEPT, "dropped-by-target", "filtered", "no rule of its nftables does that); rules of another kind"),
    ("dropped-unasked", case([LEFT], [ARRIVED]), None, "dropped-by-target", "filtered", "was not let in; reverse-path filtering or rules of another kind"),
    ("reverse-path", case([LEFT], [ARRIVED]), structs.replace(DROP, reverse_path="net.ipv4.conf.all.rp_filter is 1"), "dropped-by-target", "filtered",
     "far/eth0, and reverse-path filtering drops it: net.ipv4.conf.all.rp_filter is 1"),
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
    ("other-port", case([LEFT], [there(out=False, destination_port=5353), back(out=True, what="refusal", source_port=5353)]), ACCEPT,
     "lost-on-the-way", "unreachable", "request for 10.2.0.2:53 came in at far/eth0 as one for 10.2.0.2:5353 and refused there: its destination"),
    ("other-port-by-itself", case([there(out=True, destination_port=5353)], [there(out=False, destination_port=5353)]), ACCEPT,
     "lost-on-the-way", "unreachable", "its destination is translated by near itself"),
    ("other-address", case([LEFT], [there(out=False, destination="10.4.0.2")]), ACCEPT, "lost-on-the-way", "unreachable", "one for 10.4.0.2:53: its destination"),
    ("rejected-somehow", case([LEFT], [ARRIVED, RST], path=TCP), ACCEPT, "unknown", "refused",
     "refused there (TCP RST), although the agent listens (no rule of its nftables does that)"),
    ("container-refuses", case([LEFT], [ARRIVED, BEHIND, back(out=False, what="refusal", interface="docker0", source=INSIDE), RST], path=TCP), SENT_ON,
     "no-listener", "refused", "sends it on to 172.30.0.2:53 out of docker0 by address translation or as a router, and 172.30.0.2 refuses it"),
    ("forward-rejects", case([LEFT], [ARRIVED, RST], path=TCP), SENT_ON, "unknown", "refused", "sends it on to 172.30.0.2:53 (ip nat p handle 9"),
    ("container-silent", case([LEFT], [ARRIVED, BEHIND]), SENT_ON, "reply-not-sent", "filtered", "out of docker0 by address translation or as a router, and no"),
    ("forward-drops", case([LEFT], [ARRIVED]), SENT_ON, "unknown", "filtered", "was not seen to leave for there"),
    ("assumed-there", case([LEFT], [ARRIVED], watching=HELD), PERHAPS, "reply-not-sent", "filtered", "lets it in (its rules let it pass, but if"),
    ("unlooked-reply", unlooked(case([LEFT], [ARRIVED], served=TOOK), far=7), ACCEPT, "unknown", "filtered", "(7 packets came too fast"),
    ("unlooked-held", unlooked(case([LEFT], [ARRIVED], watching=HELD), far=7), ACCEPT, "unknown", "filtered", "does not answer (7 packets"),
]  # fmt: skip
ALIKE = [
    ("unlooked-arrival", unlooked(case([LEFT], served=TOOK), far=7), ACCEPT, "unknown", "filtered", "far took the request"),
]  # fmt: skip
"""What leads to the sentence of another row."""


@pytest.mark.parametrize(
    ("seen", "ruled", "died_at", "verdict", "says"), [pytest.param(*row[1:], id=row[0]) for row in (*ROWS, *ALIKE)]
)
def test_each_row(seen, ruled, died_at, verdict, says):
    holds(seen, ruled, died_at, verdict, says)
