"""Each flow of the catalogue tried by its own protocol: one file per protocol, a pure `plan` and a `run`.

A probe says what it saw. Whether that should be so is decided elsewhere.
"""

from bellrock.link.source import Source
from bellrock.probe.registry import PROBES, UnknownProbeError, probe_of
from bellrock.probe.run import check
from bellrock.probe.sweep import Limits, sweep
from bellrock.probe.values import Ask, Load, Option, PlanError, Probe

__all__ = [
    "PROBES",
    "Ask",
    "Limits",
    "Load",
    "Option",
    "PlanError",
    "Probe",
    "Source",
    "UnknownProbeError",
    "check",
    "probe_of",
    "sweep",
]
