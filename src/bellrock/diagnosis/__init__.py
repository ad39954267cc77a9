"""Evidence of any kind → what is wrong: cause, proof and fix. One file per known fault, each a function of one look."""

from bellrock.diagnosis.facts import Cable, Lies, Look
from bellrock.diagnosis.rules import RULES, diagnose

__all__ = ["RULES", "Cable", "Lies", "Look", "diagnose"]
