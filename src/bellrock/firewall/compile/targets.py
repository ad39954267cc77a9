"""The platforms for which rules can be written."""

from typing import Final

from bellrock.firewall.compile.vendors.platforms import PLATFORMS

TARGETS: Final[dict[str, str]] = {
    "nftables": "nftables (Linux)",
    "iptables": "iptables-restore (Linux), IPv4",
    "ip6tables": "ip6tables-restore (Linux), IPv6",
    **{target: platform.title for target, platform in PLATFORMS.items()},
}
"""What `--target` takes, and what it is. All but the first three need the extra `vendors`."""
