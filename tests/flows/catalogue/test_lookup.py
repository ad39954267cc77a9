"""Flows by id, and what is said where there is none."""

import pytest

from bellrock.flows import CATALOGUE, UnknownFlowError, flow
from bellrock.flows.catalogue import find


def test_every_flow_is_found_by_its_id():
    assert [flow(one.id) for one in CATALOGUE] == list(CATALOGUE)


def test_an_unknown_id_suggests_the_nearest():
    with pytest.raises(UnknownFlowError, match=r"^no flow 'tfpt'; did you mean 'tftp'\?$"):
        flow("tfpt")


def test_only_the_flows_given_are_searched():
    with pytest.raises(UnknownFlowError, match="expected one of dhcp, tftp"):
        find("registry", CATALOGUE[:2])
