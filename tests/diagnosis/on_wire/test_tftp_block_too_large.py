import pytest

from bellrock.diagnosis.on_wire import tftp_block_too_large as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, agreed, case, complaint, leased, transfer

STUCK = {"ended": "open", "octets": 0, "largest": 1500, "repeated": 4, "acks": 1, "blksize": 1468}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_options_are_agreed_and_data_never_comes():
    found = only(leased(), agreed({"blksize": "1468"}), transfer(**STUCK))
    assert (
        found.what
        == f"{NODE} and {RACK_IP} agree on blocks of 1468 octets, and no data packets of 1500 octets arrive; the largest safe blksize is 512"
    )
    assert (found.confidence, found.address) == (Confidence.LIKELY, RACK_IP)
    assert "Packet 5: the server agrees on blksize 1468." in found.proof
    assert found.fix[0].startswith("Keep the block small: on the server `in.tftpd --blocksize 512`")


def test_icmp_tells_what_fits():
    found = only(transfer(**STUCK), complaint("fragmentation needed", (RACK_IP, 40069, NODE_IP, 2070), 0.3, mtu=1400))
    assert (found.confidence, found.what.endswith("the largest safe blksize is 1368")) == (Confidence.CERTAIN, True)
    assert "ICMP names an MTU of 1400 octets on the way" in found.proof[-1]


def test_what_came_through_is_safe():
    found = only(transfer(**STUCK), transfer("small.cfg", 9, largest=1432, blksize=1400))
    assert "the largest safe blksize is 1400" in found.what


def test_at_the_client_data_is_not_seen_at_all():
    assert "no data in blocks of 1468 octets arrive" in only(transfer(**STUCK | {"largest": 0})).what


@pytest.mark.parametrize(
    "things",
    [
        (transfer(**STUCK | {"blksize": 512, "largest": 544}),), (transfer(**STUCK | {"octets": 1468}),), (transfer(**STUCK | {"acks": 0}),),
        (transfer(**STUCK), transfer(at=8, blksize=1468)), (transfer(**STUCK | {"repeated": 0, "until": 59.5}),),
    ],
    ids=["fits everywhere", "one came", "nothing arrives", "came in the end", "the capture ends"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(*things)))


def test_one_finding_for_all_its_files_and_healthy_wires():
    assert len(list(rule.find(case(transfer("a", **STUCK), transfer("b", **STUCK))))) == 1
    assert silent(rule) == {}
