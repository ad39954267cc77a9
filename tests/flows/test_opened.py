"""What `any` opens."""

import pytest

from bellrock.flows import Role, Site
from bellrock.flows.opened import opened
from tests.flows.sites import site

BMC = '[role.bmc]\naddresses = ["10.9.0.0/24"]\n'


def told(text):
    return [(one.role, one.flow) for one in opened(site(text))]


def test_a_store_that_is_everybody_opens_the_pages_of_bmcs():
    found = site(BMC + '[role.snap-store]\naddresses = ["any"]')
    (one,) = opened(found)
    assert (one.role, one.flow) == (Role.SNAP_STORE, "bmc-web")
    assert one.sentence.startswith(
        'role snap-store is everybody ("any"), the site\'s own machines included: flow snap lets role '
    )
    assert "reach role bmc over tcp, which flow bmc-web keeps for role admin" in one.sentence
    assert found.notices == (one.sentence,)


@pytest.mark.parametrize(
    "text",
    [
        BMC + '[role.snap-store]\naddresses = ["internet"]',
        BMC + '[role.snap-store]\naddresses = ["0.0.0.0/1", "::/0"]',
        '[role.snap-store]\naddresses = ["any"]',
        BMC + '[role.snap-store]\naddresses = ["any"]\n[flows]\ndisable = ["snap"]',
        BMC + '[role.snap-store]\naddresses = ["any"]\n[flows]\ndisable = ["bmc-web"]',
        BMC + '[role.snap-store]\naddresses = ["any"]\n[ports]\nsnap = [8443]',
        BMC + '[role.ntp]\naddresses = ["any"]',
        '[role.bmc]\naddresses = ["fd00:9::/64"]\n[role.snap-store]\naddresses = ["0.0.0.0/0"]',
    ],
)
def test_what_opens_nothing(text):
    assert told(text) == []
    assert site(text).notices == ()


def test_who_alone_may_come_is_everybody():
    assert (Role.ADMIN, "bmc-web") in told(BMC + '[role.admin]\naddresses = ["any"]')
    (one,) = [one for one in opened(site(BMC + '[role.admin]\naddresses = ["any"]')) if one.flow == "bmc-web"]
    assert "which alone may use flow bmc-web, is everybody" in one.sentence


def test_nobody_is_everybody_on_no_site():
    assert opened(Site()) == ()
