import pytest

from bellrock.diagnosis import tftp_story as story
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, case, complaint, leased, transfer, wire

SILENT = {"ended": "silent", "octets": 0, "blksize": None, "largest": 0}


def only(*things, **more):
    (found,) = story.fetches(case(*things, **more))
    return found


def test_all_tries_and_points_are_one_fetch():
    it = only(
        leased(),
        transfer(at=1, ended="silent", blksize=None, octets=0),
        transfer(at=5, vids=(20,)),
        transfer(at=5.001, point="switch/p", asked=2),
    )
    assert (it.client, it.address, it.server, it.path, len(it.views)) == (NODE, NODE_IP, RACK_IP, "bootx64.efi", 3)
    assert (it.whole, it.asked, it.vid, it.complained) == (True, 2, 20, "")
    assert it.last.octets == 900_000
    assert it.silence == pytest.approx(60 - 6.001)


def test_who_it_is_behind_a_router():
    assert only(leased(), transfer(client_mac="00:16:3e:00:00:01")).client == NODE
    assert only(transfer(client_mac="")).client == NODE_IP
    assert story.fetches(case()) == ()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, ""), ({"ended": "refused", "octets": 0}, "refused"), (SILENT | {"asked": 2}, "unanswered"), (SILENT, "unanswered"),
        (SILENT | {"at": 58, "until": 58}, ""), (SILENT | {"at": 58, "asked": 2}, ""), (SILENT | {"at": 58, "asked": 3}, "unanswered"), (SILENT | {"at": 58, "until": 58, "complained": "port unreachable"}, "unanswered"),
        ({"ended": "open", "answered_from": "10.0.0.9"}, "elsewhere"), ({"ended": "open", "octets": 10}, "stalled"),
        ({"ended": "open", "octets": 0, "acks": 0}, "blocked"), ({"ended": "open", "octets": 0, "acks": 2}, "too-large"),
        ({"ended": "open", "octets": 0, "acks": 2, "blksize": 512}, "stalled"), ({"ended": "open", "octets": 0, "largest": 0}, "blocked"),
        ({"ended": "aborted", "octets": 0}, ""), ({"ended": "aborted", "octets": 0, "repeated": 3, "acks": 1}, "too-large"),
        ({"ended": "open", "octets": 10, "until": 59}, ""), ({"ended": "open", "octets": 1468, "until": 59, "acks": 4}, "stalled"),
        ({"ended": "open", "octets": 1468, "until": 59, "acks": 3}, ""), ({"ended": "open", "octets": 0, "until": 59, "acks": 3}, "too-large"),
    ],
)  # fmt: skip
def test_the_one_reason(more, reason):
    assert story.failure(only(transfer(**more))) == reason


def test_seen_to_leave_and_not_to_arrive():
    assert (
        story.failure(only(transfer(ended="open", octets=0, acks=None), transfer(point="node-1/eth0", **SILENT)))
        == "blocked"
    )


@pytest.mark.parametrize(
    ("things", "size"),
    [
        ((), 512), ((complaint("fragmentation needed", (RACK_IP, 40069, NODE_IP, 2070), mtu=1400),), 1368),
        ((complaint("fragmentation needed", (RACK_IP, 40069, NODE_IP, 2070), mtu=300),), 512),
        ((complaint("fragmentation needed", (RACK_IP, 443, NODE_IP, 2070), mtu=1400),), 512),
        ((transfer("other", 3, largest=1232),), 1200), ((transfer("other", 3, largest=500),), 512),
    ],
    ids=["nothing known", "by ICMP", "never less", "about another service", "by what came", "by less"],
)  # fmt: skip
def test_the_largest_safe_block(things, size):
    stuck = transfer(ended="open", octets=0)
    fetch = next(one for one in story.fetches(case(stuck, *things)) if one.path == "bootx64.efi")
    assert story.safe_block(fetch, wire(stuck, *things))[0] == size


def test_version_6_has_a_longer_header():
    stuck = transfer(ended="open", octets=0, client="fd00::57", server="fd00::2")
    said = complaint("packet too big", ("fd00::2", 40069, "fd00::57", 2070), mtu=1280)
    assert story.safe_block(only(stuck), wire(stuck, said))[0] == 1280 - 52


def test_words():
    it = only(transfer(ended="refused", octets=0, acks=1, repeated=2, asked=2, error="gone", point="", path="a b"))
    assert story.proof(it) == (
        "Packet 5 (0.100 s): 10.0.0.57 asks 10.0.0.2 for 'a b', 2 times; blocks of 1468 octets, 0 octets acknowledged, 1 acknowledgements, "
        "2 packets are sent again; ended refused: gone.",
    )
    it_is_gone = only(transfer(ended="refused", octets=0, blksize=None, error="gone", point=""))
    assert story.proof(it_is_gone)[0].endswith("for 'bootx64.efi'; the answer is an error: gone.")
    assert story.evidence(it) == ("packet 5",)
    assert story.recheck(it) == "bellrock probe tftp --to 10.0.0.2 -o 'path=a b'"
    assert story.proof(only(transfer(complained="port unreachable", **SILENT)))[0].endswith(
        "but ICMP: port unreachable."
    )


def test_one_file_that_did_not_come_for_each_client_and_server():
    seen = case(
        transfer(**SILENT),
        transfer(path="other.efi", **SILENT),
        transfer(server="192.0.2.9", **SILENT),
        transfer(path="came.efi"),
    )
    assert [(one.server, one.path) for one in story.failed(seen, "unanswered")] == [
        (RACK_IP, "bootx64.efi"),
        ("192.0.2.9", "bootx64.efi"),
    ]
    assert [*story.failed(seen, "blocked")] == []
