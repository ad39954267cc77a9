"""A site beside a host: what the site says of it, what listens there, and what was seen.

Pure: sockets, addresses and traffic are arguments. No remark without its proof, and what could not be checked is said.
"""

from bellrock.flows.lint.judge import lint
from bellrock.flows.lint.values import (
    HostAddress,
    Kind,
    Remark,
    Scene,
    Unchecked,
    Verdict,
    Weight,
)

__all__ = ["HostAddress", "Kind", "Remark", "Scene", "Unchecked", "Verdict", "Weight", "lint"]
