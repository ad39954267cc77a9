import pytest

from bellrock.diagnosis.on_wire import tftp_unanswered as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, case, complaint, heard, leased, transfer

SILENT = {"ended": "silent", "octets": 0, "blksize": None, "largest": 0}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_nothing_comes_back():
    found = only(leased(), heard(), transfer(asked=3, **SILENT))
    assert found.what == f"{NODE} asks {RACK_IP} for 'bootx64.efi' 3 times, and nobody answers"
    assert (found.confidence, found.address, found.flow) == (Confidence.POSSIBLE, RACK_IP, "tftp")
    assert found.proof == (
        f"Packet 5 (0.100 s) at rack-1/eth0: {NODE_IP} asks {RACK_IP} for 'bootx64.efi', 3 times; nothing comes back.",
    )


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("port unreachable", "Nobody listens on udp/69"), ("administratively prohibited", "A firewall on the way"),
        ("host unreachable", "There is no way to"),
    ],
)  # fmt: skip
def test_icmp_tells_why(kind, cause):
    found = only(transfer(complained=kind, **SILENT), complaint(kind, (NODE_IP, 2070, RACK_IP, 69), 0.2))
    assert (found.confidence, found.cause.startswith(cause)) == (Confidence.CERTAIN, True)
    assert found.proof[-1].endswith(f"says {kind}.")


def test_where_nothing_sent_to_the_machine_is_seen_a_missing_answer_is_no_news():
    """A mirror of one direction, or another port of the VLAN."""
    assert not list(rule.find(case(leased(), transfer(asked=3, **SILENT))))
    assert only(transfer(asked=3, complained="port unreachable", **SILENT)), "ICMP says so"


def test_one_finding_for_all_its_files():
    assert (
        len(list(rule.find(case(heard(), transfer("a", asked=2, **SILENT), transfer("b", 5, asked=2, **SILENT))))) == 1
    )


@pytest.mark.parametrize(
    ("things", "until"),
    [
        ((transfer(at=9, until=9, **SILENT),), 10), ((transfer(asked=3, **SILENT), transfer(at=8)), 60),
        ((transfer(asked=3, **SILENT), transfer(point="switch/p", octets=0, largest=0, ended="open", acks=0, repeated=5)), 60),
    ],
    ids=["at the end", "came in the end", "it answered elsewhere"],
)  # fmt: skip
def test_what_is_none(things, until):
    assert not list(rule.find(case(*things, until=until)))


def test_healthy_wires():
    assert silent(rule) == {}
