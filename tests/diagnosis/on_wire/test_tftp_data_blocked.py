import re
import subprocess

import pytest

from bellrock.diagnosis.on_wire import tftp_data_blocked as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, case, complaint, leased, transfer

SENT = {"ended": "open", "octets": 0, "largest": 0, "repeated": 4, "acks": 0}
"""At the server: it agrees on options again and again, and is not answered."""
SILENT = {"ended": "silent", "octets": 0, "blksize": None, "largest": 0, "asked": 3}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_what_the_server_sends_is_never_acknowledged():
    found = only(leased(), transfer(**SENT))
    assert (
        found.what
        == f"{RACK_IP} answers {NODE}'s request for 'bootx64.efi' from a data port, and nothing of it arrives"
    )
    assert (found.confidence, found.address) == (Confidence.LIKELY, RACK_IP)
    assert "ct helper tftp" in found.fix[0]


@pytest.mark.lab
def test_its_rules_are_what_nft_takes():
    (rules,) = re.findall(r"`(table [^`]+)`", only(transfer(**SENT)).fix[0])
    said = subprocess.run(
        ["unshare", "-n", "nft", "-c", "-f", "-"], input=rules, text=True, capture_output=True, timeout=20
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_seen_at_both_ends_it_is_certain():
    assert only(transfer(**SENT), transfer(point="node-1/eth0", **SILENT)).confidence is Confidence.CERTAIN


def test_data_of_512_octets_fits_everywhere():
    assert only(transfer(**SENT | {"blksize": 512, "largest": 544, "acks": None})).client == NODE


def test_icmp_tells_it():
    found = only(transfer(**SENT), complaint("administratively prohibited", (RACK_IP, 40069, NODE_IP, 2070), 0.3))
    assert found.confidence is Confidence.CERTAIN
    assert found.proof[-1].endswith(f"says administratively prohibited of {RACK_IP} > {NODE_IP}:2070.")


@pytest.mark.parametrize(
    "things",
    [
        (transfer(**SENT | {"acks": 1, "largest": 1500}),), (transfer(**SENT | {"octets": 5000}),), (transfer(**SENT), transfer(at=9)),
        (transfer(**SENT | {"acks": None, "largest": 1500}),), (transfer(**SILENT),),
    ],
    ids=["its agreement was taken", "it began", "came in the end", "data was sent after it", "no answer"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(*things)))


def test_one_finding_for_all_its_files_and_healthy_wires():
    assert len(list(rule.find(case(transfer("a", **SENT), transfer("b", **SENT))))) == 1
    assert silent(rule) == {}
