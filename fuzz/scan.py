"""Answers to scans of VIDs. The first octet: 0x01 has them sent behind a service tag."""

from bellrock.beacon.scan import Pair, read_heard, write_heard
from bellrock.wire.document import MAX_LETTER
from bellrock.wire.errors import Reason, WireError
from fuzz.contract import demand, value_or_refusal


def one(data: bytes) -> None:
    outer = 100 if data[:1] and data[0] & 1 else 0
    found = value_or_refusal(lambda: read(data[1:].decode("latin-1"), outer))
    if found is not None:
        judge(found, outer)


def read(text: str, outer: int) -> set[Pair]:
    try:
        return read_heard(text, outer)
    except ValueError as error:
        raise WireError(Reason.MALFORMED, str(error)) from None


def judge(found: set[Pair], outer: int) -> None:
    """VIDs are VIDs, and what is written of them is read as the same."""
    demand(all(0 <= sent <= 4095 and 0 <= got < 4096 * 4096 for sent, got in found), "a VID that is none")
    heard: dict[int, list[int]] = {}
    for sent, got in found:
        heard.setdefault(sent, []).append(got)
    texts = write_heard(heard, outer)
    demand(all(0 < len(text) <= MAX_LETTER for text in texts), "a text that is too long")
    demand(set().union(*(read_heard(text, outer) for text in texts)) == found, "written and read as something else")
