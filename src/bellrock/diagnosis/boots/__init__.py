"""How far each machine's boot came: a wire → ladders of steps."""

from bellrock.diagnosis.boots.whole import boots

__all__ = ["boots"]
