"""`bellrock interfaces`: what this machine has, without asking anybody."""

import click

from bellrock.cli.output import json_option, print_json, print_table


@click.command(epilog="Example: bellrock interfaces --json")
@json_option
def interfaces(*, as_json: bool) -> None:
    """Show this machine's Ethernet interfaces, their carriers and relations, and which of them would beacon."""
    from msgspec import structs, to_builtins

    from bellrock.agent.ports import ports_of
    from bellrock.cli.failures import as_failure
    from bellrock.link.device import LinkError
    from bellrock.link.netlink import LinkMonitor

    try:
        monitor = LinkMonitor()
        try:
            found = sorted(monitor.snapshot().values(), key=lambda interface: interface.index)
        finally:
            monitor.close()
    except LinkError as error:
        raise as_failure(error) or error from None
    speaking = {facts.interface for facts in ports_of("", found, {}, raw=True).values() if facts.speaks}
    rows = [structs.replace(interface, speaks=interface.name in speaking) for interface in found]
    if as_json:
        print_json([{**to_builtins(row), "speaks": row.speaks, "up": row.up, "carrier": row.carrier} for row in rows])
        return
    print_table(
        ("interface", "kind", "MAC", "state", "MTU", "of", "addresses", "beacons"),
        (
            (
                row.name,
                row.kind.value + (f" {row.vid}" if row.vid is not None else ""),
                row.mac,
                _state(up=row.up, carrier=row.carrier),
                row.mtu,
                row.master or ", ".join(row.parents),
                ", ".join(row.addresses),
                "yes" if row.speaks else "no",
            )
            for row in rows
        ),
        "No Ethernet interface: there is only loopback here.",
    )


def _state(*, up: bool, carrier: bool | None) -> str:
    if not up:
        return "down"
    return {True: "up", False: "no carrier", None: "up, carrier unknown"}[carrier]
