import pytest

from bellrock.diagnosis.case import Blocked
from bellrock.diagnosis.on_host import tftp_needs_helper
from tests.diagnosis.sites import case, found, here


def blocked(direction="through", *, helper=True):
    return Blocked(
        "tftp", direction, "udp 10.0.0.2 > node", "policy drop of inet filter forward", helper=helper,
        fix=("nft 'add ct helper inet filter tftp { type \"tftp\" protocol udp; }'",),
    )  # fmt: skip


@pytest.mark.parametrize(("direction", "where"), [("through", "that passes through it"), ("out", "that it sends")])
def test_the_lines_that_set_the_helper_are_told(direction, where):
    [one] = found(tftp_needs_helper, case(here("router-1", blocked=(blocked(direction),))))
    assert (
        one.what
        == f"router-1's firewall lets TFTP requests pass and drops the data {where}: policy drop of inet filter forward"
    )
    assert "ct helper" in one.fix[0]
    assert (one.host, one.flow) == ("router-1", "tftp")


@pytest.mark.parametrize("given", [None, (), (blocked(helper=False),)])
def test_nothing_where_nothing_is_dropped_or_no_helper_would_help(given):
    assert found(tftp_needs_helper, case(here(blocked=given))) == []
