"""The catalogue: who talks to whom over what, one file for each table of it."""

from bellrock.flows.catalogue.lookup import UnknownFlowError, find, flow
from bellrock.flows.catalogue.rows import CATALOGUE

__all__ = ["CATALOGUE", "UnknownFlowError", "find", "flow"]
