import pytest

from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import next_server_overwritten as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import AWAY_IP, DOWN, GIADDR, relayed, silent
from tests.diagnosis.wires import EVERYBODY, NODE, RACK_IP, ROUTER_IP, ack, case, heard, lease, leased, listed, transfer

SILENT = {"ended": "silent", "asked": 3, "octets": 0, "blksize": None, "largest": 0}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def changed(**more):
    """The relay's copy of the ACK says something else."""
    *before, _last = relayed()
    given = {"address": AWAY_IP, "xid": 1, "options": lease(AWAY_IP, router=GIADDR), "giaddr": GIADDR, "source": GIADDR}
    return *before, ack(0.031, **(given | {"macs": ("00:16:3e:00:14:01", EVERYBODY), "point": DOWN} | more))


def test_a_relay_that_puts_itself_in():
    found = only(changed(siaddr=GIADDR))
    assert found.what == (
        f"On its way to {NODE} the answer of {RACK_IP} was changed: it names {GIADDR} (bootx64.efi) instead of {RACK_IP} (bootx64.efi)"
    )
    assert (found.confidence, found.address) == (Confidence.CERTAIN, GIADDR)
    assert next(one for one in found.proof if "siaddr" in one).startswith(
        "Packet 7 at rack-1/eth0 says: siaddr 10.0.0.2"
    )


def test_another_file_counts_too():
    assert "(other.efi)" in only(changed(file=b"other.efi")).what


def test_it_boots_from_the_router():
    found = only(leased(siaddr=ROUTER_IP), transfer(server=ROUTER_IP, **SILENT))
    assert found.what == f"{NODE} boots from {ROUTER_IP}, the router, and gets nothing there"
    assert (found.confidence, found.address) == (Confidence.LIKELY, ROUTER_IP)


def test_one_answer_names_two_boot_servers():
    found = only(leased(options=lease(o66=b"10.0.0.9")), transfer(server="10.0.0.9", **SILENT))
    assert "one of two boot servers" in found.what
    assert "option 66 (TFTP server) 10.0.0.9" in "".join(found.proof)


def test_it_absorbs_the_silence_of_the_wrong_server():
    (found,) = judge(case(leased(siaddr=ROUTER_IP), heard(), transfer(server=ROUTER_IP, **SILENT)))
    assert (found.id, len(found.symptoms)) == ("next-server-overwritten", 1)


@pytest.mark.parametrize(
    "things",
    [
        (leased(siaddr=ROUTER_IP), transfer(server=ROUTER_IP)),
        (leased(), transfer(**SILENT)),
        (leased(options=lease(o66=RACK_IP.encode())), transfer(**SILENT)),
        (leased(options=lease(o150=listed("10.0.0.9"))), transfer(**SILENT)),
        (leased(asks={60: b"udhcp"}, siaddr=ROUTER_IP), transfer(server=ROUTER_IP, **SILENT)),
        relayed(),
    ],
    ids=[
        "the router serves",
        "the right one is silent",
        "the same twice",
        "a list beside it",
        "does not boot",
        "unchanged",
    ],
)
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


def test_two_answers_at_one_point_are_no_copies():
    assert not list(rule.find(case(leased(), ack(0.04, siaddr="10.0.0.9"))))


def test_healthy_wires():
    assert silent(rule) == {}
