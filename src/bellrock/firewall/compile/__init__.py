"""From flows to the rules of a platform."""

from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.targets import TARGETS

__all__ = ["TARGETS", "build"]
