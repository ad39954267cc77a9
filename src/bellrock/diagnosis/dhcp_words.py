"""How rules tell of DHCP: sentences of proof, options side by side, commands to look again."""

from collections.abc import Iterable
from typing import Final

from bellrock.diagnosis.dhcp_story import Exchange, Told, relayed, server
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import clock, interface_of
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind

VARIANTS: Final = {
    0: "bios",
    6: "uefi-x86",
    7: "uefi-x64",
    9: "uefi-x64-bc",
    11: "uefi-arm64",
    16: "uefi-x64-http",
    19: "uefi-arm64-http",
}
"""Architecture → how `bellrock probe dhcp` calls it."""
MAX_TOLD: Final = 6
"""Messages that a proof tells one by one."""


def sentence(wire: Wire, one: Told) -> str:
    """`Packet 14 (3.214 s): OFFER of 10.0.0.57 from 10.0.0.2 (52:54:00:…) to 255.255.255.255`."""
    packet, message = one
    kind = Kind(message.kind).name if message.kind in set(Kind) else "BOOTP"
    given = (
        answer.address(message)
        if message.op == 2
        else option.address(message.options.get(option.REQUESTED_ADDRESS, b""))
    )
    of = f" {'of' if message.op == 2 else 'for'} {given}" if given else ""
    by = f", relay {message.giaddr}" if relayed(one) else ""
    tag = f" on VLAN {packet.vids[-1]}" if packet.vids else ""
    source = f"{packet.source} ({packet.source_mac})" if packet.source_mac else packet.source
    return (
        f"Packet {packet.number} ({clock(wire, packet.at)}): {kind}{of} from {source} to {packet.destination}{by}{tag}."
    )


def sentences(wire: Wire, given: Iterable[Told]) -> tuple[str, ...]:
    """One for each message, each said once however often it was captured; of many the first and how many more."""
    once = {(one.message.kind, one.packet.source, one.packet.at // 1_000_000_000): one for one in reversed([*given])}
    chosen = sorted(once.values(), key=lambda one: one.packet.number)
    rest = (f"{len(chosen) - MAX_TOLD} more like these.",) if len(chosen) > MAX_TOLD else ()
    return (*(sentence(wire, one) for one in chosen[:MAX_TOLD]), *rest)


def told_by(one: Told) -> str:
    """`10.0.0.2 (52:54:00:12:34:56)`."""
    return f"{server(one)} ({one.packet.source_mac})" if one.packet.source_mac and not relayed(one) else server(one)


def boot_options(one: Told) -> str:
    """What an answer says of booting, each place by its own name: `siaddr 10.0.0.2, option 66 none, …`."""
    siaddr, by_option = answer.next_servers(one.message)
    by_field, by_file_option = answer.files(one.message)
    listed = option.addresses(one.message.options.get(option.TFTP_ADDRESSES, b""))
    values = {
        "siaddr": siaddr, "option 66 (TFTP server)": by_option, "option 150": ", ".join(listed), "file": by_field,
        "option 67 (boot file)": by_file_option, "option 60 (class)": answer.vendor_class(one.message),
        "option 54 (server)": answer.server(one.message), "option 3 (router)": answer.gateway(one.message),
        "giaddr": one.message.giaddr if relayed(one) else "",
    }  # fmt: skip
    return ", ".join(
        f"{name} {value or 'none'}" for name, value in values.items() if value or name in ("siaddr", "file")
    )


def probe(exchange: Exchange) -> str:
    """The command that asks as this client asked, where it was captured."""
    point = exchange.all[0].packet.point
    variant = "" if exchange.arch is None else f" -o arch={VARIANTS.get(exchange.arch, f'arch-{exchange.arch}')}"
    vid = "" if exchange.vid is None else f" -o vid={exchange.vid}"
    return f"bellrock probe dhcp --from {interface_of(point) or 'INTERFACE'}{variant}{vid}"
