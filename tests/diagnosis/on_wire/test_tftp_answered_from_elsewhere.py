from bellrock.diagnosis.on_wire import tftp_answered_from_elsewhere as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, RACK_IP, case, leased, transfer

ASTRAY = {"ended": "open", "octets": 0, "asked": 3, "answered_from": "10.0.0.3"}


def test_the_client_drops_what_another_sends():
    (found,) = rule.find(case(leased(), transfer(**ASTRAY)))
    assert found.what == f"{NODE} asks {RACK_IP} for 'bootx64.efi', and 10.0.0.3 answers: the client drops that"
    assert (found.confidence, found.address, found.client) == (Confidence.CERTAIN, RACK_IP, NODE)
    assert f"--address {RACK_IP}:69" in found.fix[0]


def test_what_came_in_spite_of_it_is_none():
    assert not list(rule.find(case(transfer(answered_from="10.0.0.3"))))
    assert not list(rule.find(case(transfer(**ASTRAY | {"answered_from": RACK_IP}))))


def test_one_finding_for_all_its_files_and_healthy_wires():
    assert len(list(rule.find(case(transfer("a", **ASTRAY), transfer("b", **ASTRAY))))) == 1
    assert silent(rule) == {}
