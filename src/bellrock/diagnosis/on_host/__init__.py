"""Rules that read what a host tells of itself, and looks at its cables. One file for each known fault, with its page in `explained/`."""

from types import ModuleType
from typing import Final

from bellrock.diagnosis.on_host import (
    clock_skew,
    own_load,
    peer_speaks_v1,
    port_held,
    rule_drops_flow,
    tftp_needs_helper,
    two_on_one_segment,
    wrong_secret,
)

RULES: Final[tuple[ModuleType, ...]] = (
    clock_skew,
    own_load,
    peer_speaks_v1,
    port_held,
    rule_drops_flow,
    tftp_needs_helper,
    two_on_one_segment,
    wrong_secret,
)
"""Each with `ID`, `TITLE`, `EXPLAINS` and `find(case)`."""
