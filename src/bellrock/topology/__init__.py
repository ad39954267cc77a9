"""Inference: observations → broadcast domains, fabrics, subnets, conflicts, and what stays unknown.

`infer(observations)` is the definition; `Incremental` gives the same answer, observation by observation.
Identity of fabrics and VLANs (ids, names given by people) is carried from one answer to the next by `carry`.
"""

from bellrock.topology.batch import infer
from bellrock.topology.diff import Difference, DifferenceKind, diff
from bellrock.topology.document import DocumentError, as_document, from_document
from bellrock.topology.explain import Explanation, Step, UnknownPortError, Verdict, explain
from bellrock.topology.incremental import Incremental
from bellrock.topology.naming import Registry, carry, rename
from bellrock.topology.sentence import age, key_sentence, label, sentence

__all__ = [
    "Difference",
    "DifferenceKind",
    "DocumentError",
    "Explanation",
    "Incremental",
    "Registry",
    "Step",
    "UnknownPortError",
    "Verdict",
    "age",
    "as_document",
    "carry",
    "diff",
    "explain",
    "from_document",
    "infer",
    "key_sentence",
    "label",
    "rename",
    "sentence",
]
