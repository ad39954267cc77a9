"""Rows about answers."""

import pytest
from msgspec import structs

from tests.diagnosis.walkcases import (
    ACCEPT,
    ANSWERED,
    ARRIVED,
    BEHIND,
    DEAF,
    DROP,
    HELD,
    LEFT,
    NONE,
    OTHER_CARD,
    PERHAPS,
    REPLIED,
    RETURNED,
    SENT_ON,
    TCP,
    TOOK,
    UDP,
    UNMARKED,
    WAITED,
    at,
    back,
    case,
    holds,
    there,
    tried,
    unlooked,
)

ROWS = [
    ("reverse-path-here", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), structs.replace(ACCEPT, reverse_path="net.ipv4.conf.all.rp_filter is 1"),
     "reply-dropped", "filtered", "near/eth0, and reverse-path filtering drops it: net.ipv4.conf.all.rp_filter is 1"),
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
    ("other-card-back", case([LEFT, back(out=False, card=OTHER_CARD)], [ARRIVED, REPLIED], served=TOOK), None, "reply-lost", "unreachable",
     "passed near/eth0, but was addressed to the network card 02:00:00:00:00:99"),
    ("other-port-works", case([LEFT, RETURNED], [there(out=False, destination_port=5353), REPLIED], watching=HELD, sent=UNMARKED), None, "", "works",
     "it came in as one for 10.2.0.2:5353: its destination is translated on the way"),
    ("container-answers", case([LEFT, RETURNED], [ARRIVED, BEHIND, REPLIED], sent=UNMARKED), SENT_ON, "", "works", "from 172.30.0.2:53 out of docker0, to which far"),
    ("another-answers", case([LEFT, RETURNED], [ARRIVED, REPLIED], sent=UNMARKED), None, "", "works", "the agent that listens there got nothing"),
    ("assumed-here", case([LEFT, RETURNED], [ARRIVED, REPLIED], served=TOOK), PERHAPS, "reply-dropped", "filtered",
     "(its rules let it pass, but if connection tracking takes it for invalid, this drops it: inet filter input handle 5"),
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
]  # fmt: skip
ALIKE = [
    ("late-and-dropped", case([LEFT, at(RETURNED, 1.9)], [ARRIVED, REPLIED], served=TOOK, sent=WAITED), DROP, "reply-dropped", "filtered", "own firewall drops it"),
    ("another-answers-tcp", case([LEFT, RETURNED], [ARRIVED, REPLIED], path=TCP, sent=UNMARKED), None, "", "works", "or from a host behind address translation"),
    ("under-way", case([tried(0, out=True), tried(1, out=True), RETURNED], [ARRIVED, REPLIED], served=TOOK, sent=ANSWERED), None, "", "works", "its answer came"),
    ("unlooked-works", unlooked(case([RETURNED], [ARRIVED], served=TOOK, sent=ANSWERED), far=7), None, "", "works", "the agent there answered"),
    ("by-a-tunnel", case([], [ARRIVED, REPLIED], served=TOOK, sent=ANSWERED), None, "", "works", "the agent there answered"),
]  # fmt: skip
"""What leads to the sentence of another row."""


@pytest.mark.parametrize(
    ("seen", "ruled", "died_at", "verdict", "says"), [pytest.param(*row[1:], id=row[0]) for row in (*ROWS, *ALIKE)]
)
def test_each_row(seen, ruled, died_at, verdict, says):
    holds(seen, ruled, died_at, verdict, says)
