"""Ethernet frames."""

from bellrock.wire import ethernet
from fuzz.contract import demand, value_or_refusal


def one(data: bytes) -> None:
    frame = value_or_refusal(lambda: ethernet.parse(data))
    if frame is None:
        return
    demand(data.startswith(ethernet.build(frame)), "what was parsed is not built as it was")
    value_or_refusal(lambda: ethernet.only_vid(frame.tags))
