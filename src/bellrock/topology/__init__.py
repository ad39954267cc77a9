"""Inference: observations → broadcast domains, fabrics, subnets, conflicts, and what stays unknown.

`infer(observations)` is the definition; `Incremental` gives the same answer, observation by observation.
Identity of fabrics and VLANs (ids, names given by people) is carried from one answer to the next by `carry`.
"""

from bellrock.topology.batch import infer
from bellrock.topology.incremental import Incremental
from bellrock.topology.naming import Registry, carry, rename

__all__ = [
    "Incremental",
    "Registry",
    "carry",
    "infer",
    "rename",
]
