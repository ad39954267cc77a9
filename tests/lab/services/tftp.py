"""What tests of TFTP have in common: files, and a firewall that does not know the protocol."""

import os

SIZE = 1_000_003


def boot_files(world):
    """A directory with a boot loader and an empty file."""
    directory = world.directory / "tftp"
    directory.mkdir(mode=0o755)
    (directory / "bootx64.efi").write_bytes(os.urandom(SIZE))
    (directory / "empty").touch()
    return directory


def stateful(world, *, helper=False):
    """The router lets requests to port 69 pass, and what conntrack takes for their answers, and nothing else."""
    if helper:
        world.router.run(
            "nft",
            'add table inet t; add ct helper inet t boot { type "tftp" protocol udp; };'
            "add chain inet t p { type filter hook prerouting priority 0; };"
            'add rule inet t p udp dport 69 ct helper set "boot"',
        )
    world.router.run(
        "nft",
        "add table inet t; add chain inet t c { type filter hook forward priority 0; };"
        "add rule inet t c ct state established,related accept; add rule inet t c udp dport 69 accept; add rule inet t c drop",
    )
