"""What goes wrong between a program and a region."""

from __future__ import annotations

import pickle

import pytest

from bellrock.client.errors import ClientError, NoRegion, NotARegion, Refused


@pytest.mark.parametrize("kind", [NoRegion, NotARegion])
def test_each_is_one_that_a_program_can_wait_for(kind):
    with pytest.raises(ClientError, match="^no region at x$"):
        raise kind("no region at x")


def test_a_refusal_says_status_reason_and_which_request_it_was():
    refused = Refused(404, "No agent 'x' is known.", "01ABC")
    assert isinstance(refused, ClientError)
    assert str(refused) == "404: No agent 'x' is known."
    assert (refused.status, refused.detail, refused.request_id) == (404, "No agent 'x' is known.", "01ABC")


def test_a_region_may_leave_its_requests_unnamed():
    assert Refused(503, "It is stopping.").request_id == ""


def test_the_three_are_told_apart():
    assert not issubclass(NoRegion, NotARegion)
    assert not issubclass(NotARegion, Refused)
    assert pickle.loads(pickle.dumps(NoRegion("gone"))).args == ("gone",)
