"""What a network is meant to be, from the systems that keep it, beside what is observed."""

from bellrock.topology.intent.compare import compare
from bellrock.topology.intent.values import Deviation, DeviationKind, Intent, IntentError, MeantPort, MeantVlan, Seen

__all__ = ["Deviation", "DeviationKind", "Intent", "IntentError", "MeantPort", "MeantVlan", "Seen", "compare"]
