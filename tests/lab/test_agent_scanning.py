"""The shell of a scan on two ends of one cable in a namespace of its own."""

import os
import subprocess
from contextlib import closing

import pytest

from bellrock.agent import scanning as module
from bellrock.agent.loop import now
from bellrock.agent.run import new_id
from bellrock.agent.scanning import ScanError, open_street
from bellrock.beacon.scanner import Plan, Reached, Scanner
from bellrock.beacon.stopper import Stopper
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.wire.ethernet import Tag
from bellrock.wire.keys import Key, Keyring
from tests.cli.programs import wait_until
from tests.lab.apart import apart, descriptors
from tests.lab.test_agent_network import cable, ip

pytestmark = pytest.mark.lab
KEYRING, OTHERS = Keyring([Key(b"k" * 32)]), Keyring([Key(b"o" * 32)])


def wired():
    """The cable, once both its ends have carrier, which the kernel tells a moment later."""
    cable()

    def carried():
        with closing(LinkMonitor()) as monitor:
            found = {interface.name: interface for interface in monitor.snapshot().values()}
        return found if all(interface.carrier for interface in found.values()) else None

    return wait_until(carried, "carrier on both ends")


def scan(plan, *names, keyring=KEYRING):
    with open_street(keyring, names, "me") as street:
        scanner = Scanner(street.identity, new_id, plan, street.ports, now())
        told = []
        street.run(scanner, scanner, lambda: told.append(scanner.phase))
        assert told
        return {name: scanner.result(name) for name in names}, street.unsent


def test_both_ends_of_a_cable_hear_each_other_and_nothing_stays_open():
    def scene():
        wired()
        before = descriptors()
        found, unsent = scan(Plan(vids=(5, 4094), again=0), "left", "right")
        return found, unsent, before == descriptors()

    found, unsent, closed = apart(scene)
    assert found["left"] == {vid: (Reached("me", "right", vid or None),) for vid in (0, 5, 4094)}
    assert found["right"] == {vid: (Reached("me", "left", vid or None),) for vid in (0, 5, 4094)}
    assert (unsent, closed) == ({}, True)


def test_behind_a_service_tag():
    def scene():
        wired()
        return scan(Plan(vids=(5,), outer=Tag(0x88A8, 100), again=0), "left", "right")

    found, _ = apart(scene)
    assert found["left"] == {5: (Reached("me", "right", 5, 100),)}


def test_one_end_alone_hears_nobody():
    def scene():
        wired()
        return scan(Plan(vids=(5,)), "left")

    assert apart(scene)[0] == {"left": {0: (), 5: ()}}


def test_a_flood_of_what_nobody_signed_is_sifted(monkeypatch):
    monkeypatch.setattr(module, "FLOOD", 2)

    def scene():
        wired()
        with open_street(OTHERS, ["right"], "stranger") as other:
            stranger = Scanner(
                other.identity, new_id, Plan(vids=tuple(range(1, 100)), rate=20_000.0), other.ports, now()
            )
            other.run(stranger, stranger)
        return scan(Plan(vids=(5,), again=0), "left", "right")

    assert apart(scene)[0]["left"][5] == (Reached("me", "right", 5),)


@pytest.mark.parametrize("flood", [1, 1000])
def test_sources_with_another_secret_are_remembered_and_bounded(monkeypatch, flood):
    monkeypatch.setattr(module, "FLOOD", flood)
    monkeypatch.setattr(module, "MAX_STRANGERS", 1)

    def scene():
        wired()
        with open_street(OTHERS, ["right", "left"], "stranger") as other, open_street(KEYRING, ["left", "right"], "me") as street:  # fmt: skip
            stranger = Scanner(other.identity, new_id, Plan(vids=(5, 6), again=0), other.ports, now())
            other.run(stranger, stranger)
            street.run(Stopper(street.identity, new_id, street.ports, 0.01, now()))
            return len(street.strangers), {name for name, _ in street.strangers} <= {"left", "right"}

    assert apart(scene) == (1, True)


def test_what_does_not_go_out_is_counted_and_nothing_is_said_of_it():
    def scene():
        wired()
        with open_street(KEYRING, ["left"], "me") as street:
            scanner = Scanner(street.identity, new_id, Plan(vids=(5,), again=0), street.ports, now())
            stopper = Stopper(street.identity, new_id, street.ports, 0.01, now())
            ip("link set left down")
            street.run(scanner, scanner)
            street.run(stopper)
            return scanner.result("left"), street.unsent

    assert apart(scene) == ({}, {"ENETDOWN": 2})


def test_calls_known_again_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_SEALED", 2)

    def scene():
        wired()
        with open_street(KEYRING, ["left"], "me") as street:
            scanner = Scanner(street.identity, new_id, Plan(vids=(5, 6, 7, 8)), street.ports, now())
            street.run(scanner, scanner)
            return len(street._sealed)

    assert apart(scene) == 2


def test_an_interface_listens_to_all_only_as_long_as_the_scan():
    def scene():
        wired()
        with open_street(KEYRING, ["left"], "me"):
            during = subprocess.run(
                ["ip", "-d", "link", "show", "left"], capture_output=True, text=True, check=True
            ).stdout
        after = subprocess.run(["ip", "-d", "link", "show", "left"], capture_output=True, text=True, check=True).stdout
        return "promiscuity 1" in during, "promiscuity 0" in after

    assert apart(scene) == (True, True)


def test_what_is_not_there_opens_nothing():
    def scene():
        wired()
        before = descriptors()
        with pytest.raises(ScanError), open_street(KEYRING, ["left", "nosuch"], "me"):
            pass
        return before == descriptors()

    assert apart(scene)


def test_an_interface_that_refuses_is_the_end(monkeypatch):
    def refuse(self, ifindex):
        return LinkError("left cannot listen to all VIDs: no memory")

    monkeypatch.setattr("bellrock.link.packet.PacketDevice.promiscuous", refuse)

    def scene():
        wired()
        with pytest.raises(LinkError, match="all VIDs"), open_street(KEYRING, ["left"], "me"):
            pass

    apart(scene)


def test_others_frames_on_interfaces_that_were_not_asked_for_are_not_ours():
    def scene():
        wired()
        with open_street(KEYRING, ["left"], "me") as street:
            scanner = Scanner(street.identity, new_id, Plan(vids=(5,)), street.ports, now())
            street._sealed[os.urandom(32)] = "x"
            street.run(scanner, scanner)
            return scanner.refused

    assert apart(scene) == {}
