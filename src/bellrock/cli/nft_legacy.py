"""Rules of iptables-legacy: the kernel judges by them, and nft does not see them."""

from pathlib import Path
from typing import Final

from bellrock.cli.output import EXIT_UNREADABLE, Failure

_NAMES: Final = (("ip_tables_names", "iptables-legacy"), ("ip6_tables_names", "ip6tables-legacy"))


def require_none(net: Path = Path("/proc/thread-self/net")) -> None:
    """See that no table of iptables-legacy is in force in this network namespace.

    Raises:
        Failure: one is, or that may not be read, so no verdict on nft's rules alone is sure (exit 3).
    """
    for name, program in _NAMES:
        try:
            tables = (net / name).read_text().split()
        except FileNotFoundError:
            continue  # the kernel has no such tables
        except OSError as error:
            raise Failure(f"{net / name}: {error.strerror}; run it as root", EXIT_UNREADABLE) from None
        if tables:
            raise Failure(
                f"tables of {program} are in force ({', '.join(tables)}), which nft does not see, so no verdict is sure; "
                f"move them to nftables, or where none of their rules is wanted, unload their modules; "
                f"{program}-save shows them",
                EXIT_UNREADABLE,
            )
