"""Filters compiled by libpcap, through pcapy-ng."""

from typing import Final

from bellrock.link.filter import Instruction

ETHERNET: Final = 1
"""LINKTYPE_ETHERNET, the same number as DLT_EN10MB."""
SNAPLEN: Final = 262144
"""Octets of a packet that are kept: more than any (tcpdump's own choice, MAXIMUM_SNAPLEN)."""
MAX_INSTRUCTIONS: Final = 4096
"""BPF_MAXINSNS of linux/bpf_common.h: the longest program that the kernel takes."""
MAX_EXPRESSION: Final = 1 << 20
_UNKNOWN_NETMASK: Final = 0xFFFFFFFF


class FilterError(ValueError):
    """A filter that cannot be compiled: one line with the reason."""


class NoCompilerError(FilterError):
    """libpcap cannot be reached from Python here."""


def compile_filter(
    expression: str, linktype: int = ETHERNET, snaplen: int = SNAPLEN, *, optimize: bool = True
) -> tuple[Instruction, ...]:
    """The program of an expression of pcap-filter(7), for a capture file; "" passes everything.

    Raises:
        FilterError: a syntax error, or a filter that no packet can pass.
        NoCompilerError: pcapy-ng or libpcap is not installed.
    """
    if len(expression) > MAX_EXPRESSION or "\0" in expression:
        raise FilterError(f"a filter of {len(expression)} characters; at most {MAX_EXPRESSION} and no NUL are taken")
    try:
        import pcapy  # type: ignore[import-not-found]  # it has no types
    except ImportError as error:
        raise NoCompilerError(
            f"filters are compiled by libpcap, which is not to be had here ({error}); install bellrock[capture]"
        ) from None
    try:
        program = pcapy.compile(linktype, snaplen, expression, int(optimize), _UNKNOWN_NETMASK)
    except pcapy.PcapError as error:
        raise FilterError(f"libpcap does not take the filter: {error}") from None
    return tuple(Instruction(*one) for one in program.get_bpf())
