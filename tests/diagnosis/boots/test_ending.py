"""Where a boot stopped, and the steps of which nothing was seen."""

import pytest

from bellrock.diagnosis.boot import Step
from bellrock.diagnosis.boots.ending import stopped_at, unseen
from bellrock.flows.addresses import Addresses
from bellrock.flows.site import Members, Site
from bellrock.flows.values import Role
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import arp_answers, discover

SEES = part(discover(0), arp_answers(0.5))
BLIND = part(discover(0))


def steps(text):
    """`dhcp/firmware+ tftp!`: + worked, ! failed, ? unanswered, ~ slow, . not seen; a second apart."""
    outcomes = {"+": "worked", "!": "failed", "?": "unanswered", "~": "slow", ".": "not-seen"}
    found = []
    for at, word in enumerate(text.split()):
        name, _, stage = word[:-1].partition("/")
        found.append(
            Step(step=name, stage=stage or "firmware", outcome=outcomes[word[-1]], time=float(at), seconds=0.1)
        )
    return found


def stop(text, *, at=BLIND, wants_file=False, by_http=False):
    return stopped_at(at, steps(text), wants_file=wants_file, by_http=by_http)


@pytest.mark.parametrize(
    ("ladder", "stopped"),
    [
        ("", ""), ("link+ dhcp+ tftp+", ""), ("link+ dhcp?", "dhcp"), ("dhcp+ tftp!", "tftp"), ("dhcp+ tftp? dhcp/ipxe+", ""),
        ("dhcp+ tftp+ dhcp/installer+ dns! mirror!", "dns"), ("dhcp+ tftp+ dns! mirror+", ""), ("dhcp+ tftp~", ""),
        ("link+ spanning-tree! dhcp?", "spanning-tree"), ("link+ lacp! dhcp?", "lacp"), ("spanning-tree! dhcp+ tftp+", ""),
        ("dhcp+ arp? tftp?", "arp"), ("dhcp+ arp? tftp!", "tftp"), ("dhcp+ tftp+ dhcp/installer+ arp/installer?", ""),
        ("dhcp+ tftp+ ntp? syslog!", ""), ("dhcp+ dhcp? tftp!", "tftp"), ("dhcp+ tftp+ dhcp/installer?", "dhcp"), ("dhcp.", ""),
    ],
)  # fmt: skip
def test_where_it_stopped(ladder, stopped):
    assert stop(ladder) == stopped


def test_a_file_that_should_have_been_asked_for():
    assert stop("link+ dhcp+ arp+", at=SEES, wants_file=True) == "tftp"
    assert stop("link+ dhcp+ arp+", at=SEES, wants_file=True, by_http=True) == "http-boot"


@pytest.mark.parametrize(
    ("ladder", "more"),
    [
        ("link+ dhcp+ arp+", {"at": BLIND, "wants_file": True}), ("link+ dhcp+ arp+", {"at": SEES}),
        ("link+ dhcp+ tftp+", {"at": SEES, "wants_file": True}), ("link+ arp+", {"at": SEES, "wants_file": True}),
        ("link+ dhcp+", {"at": SEES, "wants_file": True}),
        ("link+ dhcp+ arp+", {"at": part(discover(0), arp_answers(0.5), end=8), "wants_file": True}),
    ],
    ids=["could not be seen", "no file told", "asked for", "no lease", "of DHCP alone", "too short"],
)  # fmt: skip
def test_what_cannot_be_told_is_not(ladder, more):
    assert stop(ladder, **more) == ""


def names(found):
    return {one.step: one.outcome for one in found}


def test_what_was_not_seen_is_told_before_and_after():
    before, after = unseen(steps("link+ dhcp+"), None)
    assert names(before) == {"spanning-tree": "not-seen", "lacp": "not-seen"}
    assert set(names(after).values()) == {"not-seen"}
    assert ({*names(after)}, after[0].time) == (
        {"proxydhcp", "arp", "tftp", "http-boot", "dns", "ntp", "metadata", "proxy", "mirror", "syslog", "reboot"}, 1.0
    )  # fmt: skip
    assert len(unseen((), None)[1]) == 12


def test_what_is_not_needed_says_why():
    _, after = unseen(steps("dhcp+ tftp+"), None)
    found = {one.step: (one.outcome, one.what) for one in after}
    assert found["http-boot"] == ("not-needed", "it boots by TFTP")
    assert found["proxydhcp"] == ("not-needed", "DHCP itself tells the boot file")
    assert names(unseen(steps("dhcp+ http-boot+"), None)[1])["tftp"] == "not-needed"
    assert names(unseen(steps("dhcp+ proxy+"), None)[1])["mirror"] == "not-needed"


def test_a_site_without_a_role_needs_no_such_step():
    _, after = unseen(steps("dhcp+"), Site(roles={Role.NTP: Members(addresses=Addresses())}))
    found = names(after)
    assert (found["ntp"], found["proxy"], found["mirror"], found["dns"]) == (
        "not-seen",
        "not-needed",
        "not-needed",
        "not-needed",
    )
