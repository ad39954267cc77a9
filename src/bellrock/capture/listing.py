"""Compiled filters as text, as `tcpdump -d` prints them."""

from typing import Final

from bellrock.link.filter import Instruction

_SIZES: Final = {0x00: "ld", 0x08: "ldh", 0x10: "ldb"}
_OPERATIONS: Final = ("add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor")
_JUMPS: Final = ("ja", "jeq", "jgt", "jge", "jset")
_LOAD, _LOAD_X, _STORE, _STORE_X, _ALU, _JUMP, _RETURN, _MISC = range(8)
"""The classes of BPF instructions, the low three bits of the code (linux/bpf_common.h)."""
_ABSOLUTE, _INDIRECT, _MEMORY, _LENGTH, _MSH = 0x20, 0x40, 0x60, 0x80, 0xA0
_TAG_PRESENT: Final = {0xFFFFF000 + 48: "[vlan_tagp]", 0xFFFFF000 + 44: "[vlan_tag]"}
"""SKF_AD_VLAN_TAG_PRESENT and SKF_AD_VLAN_TAG, where the kernel keeps the tag that it took out of a frame."""


def listing(program: tuple[Instruction, ...]) -> str:
    """One line for each instruction: `(000) ldh      [12]`, `(001) jeq      #0x800           jt 2	jf 5`."""
    return "\n".join(_line(at, one) for at, one in enumerate(program))


def _line(at: int, one: Instruction) -> str:
    operation, operand = _words(at, one)
    text = f"({at:03}) {operation:<8} {operand}"
    if one.code & 7 == _JUMP and one.code & 0xF0:
        return f"{text:<32} jt {at + 1 + one.jt}\tjf {at + 1 + one.jf}"
    return text.rstrip()


def _words(at: int, one: Instruction) -> tuple[str, str]:
    match one.code & 7:
        case 0:
            return _SIZES.get(one.code & 0x18, "?"), _place(one)
        case 1:
            return ("ldxb", f"4*([{one.k}]&0xf)") if one.code & 0xE0 == _MSH else ("ldx", _place(one))
        case 2 | 3:
            return "st" if one.code & 7 == _STORE else "stx", f"M[{one.k}]"
        case 4:
            return _OPERATIONS[one.code >> 4], _operand(one)
        case 5:
            jump = _JUMPS[one.code >> 4]
            return jump, str(at + 1 + one.k) if jump == "ja" else _operand(one, always_hex=True)
        case 6:
            return "ret", "" if one.code & 0x10 else f"#{one.k}"
        case _:
            return "txa" if one.code & 0x80 else "tax", ""


def _operand(one: Instruction, *, always_hex: bool = False) -> str:
    if one.code & 0x08:
        return "x"
    # As tcpdump has it: bits in hex, amounts in decimal.
    return f"#{one.k:#x}" if always_hex or one.code >> 4 in (4, 5, 10) else f"#{one.k}"


def _place(one: Instruction) -> str:
    match one.code & 0xE0:
        case 0x20:
            return _TAG_PRESENT.get(one.k, f"[{one.k}]")
        case 0x40:
            return f"[x + {one.k}]"
        case 0x60:
            return f"M[{one.k}]"
        case 0x80:
            return "#pktlen"
        case _:
            return f"#{one.k:#x}"
