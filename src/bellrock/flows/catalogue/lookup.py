"""Flows by their ids."""

from bellrock.flows.catalogue.rows import CATALOGUE
from bellrock.flows.nearest import nearest
from bellrock.flows.values import Flow


class UnknownFlowError(LookupError):
    """A flow id that does not exist; the message suggests the nearest."""


def find(flow_id: str, flows: tuple[Flow, ...]) -> Flow:
    """The one of `flows` with an id.

    Raises:
        UnknownFlowError: none has it.
    """
    for one in flows:
        if one.id == flow_id:
            return one
    raise UnknownFlowError(f"no flow {flow_id!r}; {nearest(flow_id, [one.id for one in flows])}")


def flow(flow_id: str) -> Flow:
    """The flow with an id, as the profile `standard` has it.

    Raises:
        UnknownFlowError: the catalogue does not have it.
    """
    return find(flow_id, CATALOGUE)
