"""Step `tftp`."""

from msgspec.structs import replace

from bellrock.diagnosis.boots.tftp import steps
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import POINT, RACK_IP, arp_answers, discover, ns, transfer

SILENT = {"ended": "silent", "blksize": None, "octets": 0, "largest": 0}


def told(*transfers, stages=(("firmware", 0),), **more):
    one = replace(part(discover(0), *transfers, **more), stages=tuple((ns(at), stage) for stage, at in stages))
    return [(step.stage, step.outcome, step.what) for step in steps(one)]


def test_what_comes_after_the_boot_file_is_asked_for_by_the_boot_loader():
    assert [step[:2] for step in told(transfer("shim.efi", 1), transfer("grub.efi", 2), transfer("grub.cfg", 3))] == [
        ("firmware", "worked"), ("bootloader", "worked"),
    ]  # fmt: skip
    assert told(transfer("a", 1), transfer("b", 2), stages=(("ipxe", 0),)) == [
        ("ipxe", "worked", f"a and b from {RACK_IP}, 1.7 MiB in 2.0 s")
    ]


def test_names_under_which_a_boot_loader_looks_are_no_fault():
    search = [
        transfer(f"pxelinux.cfg/{name}", 2 + at, ended="refused", error="File not found")
        for at, name in enumerate(("01-52", "0A00"))
    ]
    found = told(transfer("pxelinux.0", 1), *search, transfer("pxelinux.cfg/default", 9))
    assert [step[:2] for step in found] == [("firmware", "worked"), ("bootloader", "worked")]
    assert told(transfer("x", 1, ended="refused", error="File not found")) == [
        ("firmware", "failed", f"x from {RACK_IP}: refused: File not found")
    ]
    assert told(transfer("x", 1, ended="refused"))[0][2].endswith("no reason given")


def test_firmware_that_asks_for_the_size_first_ends_that_transfer_itself():
    assert told(transfer("x", 1, ended="aborted", octets=0), transfer("x", 2))[0][:2] == ("firmware", "worked")
    assert told(transfer("x", 1, ended="aborted", error="too big")) == [
        ("firmware", "failed", f"x from {RACK_IP}: the client ended it: too big")
    ]
    assert told(transfer("x", 1, ended="aborted"))[0][2].endswith("ended it")
    assert [step[1] for step in told(transfer("x", 1, ended="aborted"), transfer("y", 2))] == ["failed", "worked"]


def test_silence_is_told_with_what_was_complained():
    silent = transfer("x", 1, asked=3, complained="port unreachable", **SILENT)
    assert told(silent) == [("firmware", "failed", f"x from {RACK_IP}: no answer; port unreachable (3 tries)")]
    assert told(transfer("x", 1, **SILENT))[0][1] == "not-seen"
    assert told(transfer("x", 1, **SILENT), transfer("x", 2, **SILENT))[0][1] == "unanswered"
    assert told(transfer("x", 1, **SILENT), arp_answers(2))[0][1] == "unanswered"


def test_a_transfer_without_end_stands_still_or_the_capture_is_over():
    open_ = {"ended": "open", "octets": 1024, "answered_from": "10.0.0.3"}
    assert told(transfer("x", 1, 3, **open_)) == [
        ("firmware", "failed", f"x from {RACK_IP}: it stands still after 1024 octets; data came from 10.0.0.3")
    ]
    assert told(transfer("x", 58, 59, **open_))[0][1:] == (
        "not-seen", f"x from {RACK_IP}: the capture ends inside, after 1024 octets; data came from 10.0.0.3"
    )  # fmt: skip
    assert told(transfer("x", 1, 3, **open_), until=4)[0][1] == "failed"


def test_who_asks_for_it_again_has_given_up():
    nothing = {"ended": "open", "octets": 0}
    retried = told(transfer("x", 55, 56, **nothing), transfer("x", 57, 58, **nothing))
    assert retried == [("firmware", "failed", f"x from {RACK_IP}: nothing of it arrives (2 tries)")]
    assert told(transfer("x", 55, 56, **nothing), transfer("x", 57, 58))[0][1] == "slow"
    assert told(transfer("x", 55, 56, **nothing), transfer("x", 57, 58, ended="open", octets=900))[0][1] == "not-seen"


def test_many_packets_sent_again_make_it_slow():
    assert told(transfer("x", 1, 9, repeated=40)) == [
        ("firmware", "slow", f"x from {RACK_IP}, 878.9 KiB in 8.0 s; 40 packets were sent again")
    ]
    assert told(transfer("x", 1, 2, repeated=1))[0][1] == "worked"
    assert told(transfer("x", 1, 9))[0][1] == "worked"
    assert told(transfer("x", 1, asked=2))[0][1] == "slow"


def test_one_transfer_at_two_points_is_one():
    (step,) = told(transfer("x", 1, point=POINT), transfer("x", 1.001, point="node-1/eth0"))
    assert step[2] == f"x from {RACK_IP}, 878.9 KiB"
