"""What letters between a node and a rack hold: the node's report one way, the region's answer the other, compressed.

A letter is authenticated by the beacons that carry it, before it is opened here.
"""

from typing import Final, TypeVar

import msgspec

from bellrock.contract.v1 import MAX_OBSERVATIONS, ContractError, Delivered, NodeReport
from bellrock.wire.compression import deflate, inflate
from bellrock.wire.errors import WireError

MAX_LETTER: Final = 512 * 1024
"""Octets of JSON in a letter: three times what MAX_OBSERVATIONS of usual length take."""
MAX_FINDINGS: Final = 256
"""Findings of one node."""

_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode
_report_decoder = msgspec.json.Decoder(NodeReport)
_answer_decoder = msgspec.json.Decoder(Delivered)


def seal_report(report: NodeReport) -> bytes:
    """The letter that carries a node's report."""
    return deflate(_encode(report))


def open_report(octets: bytes) -> NodeReport:
    """A node's report.

    Raises:
        ContractError: not one, or more than MAX_OBSERVATIONS or MAX_FINDINGS.
    """
    report = _open(_report_decoder, octets)
    if len(report.observations) > MAX_OBSERVATIONS or len(report.findings) > MAX_FINDINGS:
        raise ContractError(f"more than {MAX_OBSERVATIONS} observations or {MAX_FINDINGS} findings")
    return report


def seal_answer(answer: Delivered) -> bytes:
    """The letter that carries the region's answer; it names the letter that it answers."""
    return deflate(_encode(answer))


def open_answer(octets: bytes) -> Delivered:
    """The region's answer.

    Raises:
        ContractError: not one.
    """
    return _open(_answer_decoder, octets)


def _open(decoder: msgspec.json.Decoder[_T], octets: bytes) -> _T:
    try:
        return decoder.decode(inflate(octets, MAX_LETTER))
    except (WireError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ContractError(str(error)) from None
