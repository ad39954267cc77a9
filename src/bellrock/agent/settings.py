"""What an agent is told at its start."""

from pathlib import Path

from msgspec import Struct

from bellrock.beacon import Config
from bellrock.model import Role


class Settings(Struct, frozen=True, kw_only=True):
    """How one agent runs. Secrets are not in here: the keyring is handed over beside it."""

    state_dir: Path
    role: Role = Role.RACK
    name: str = ""
    """Host name to report; empty: the machine's own."""
    region: str = "http://127.0.0.1:5240"
    """Where the region listens: http://HOST:PORT or unix:/PATH, by the shared secret; https://HOST:PORT, the name of a region, or
    "" for the one that is heard: by a certificate, which is joined for where there is none."""
    vlans: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """(interface, VIDs) on which to beacon with tags although no VLAN interface is there."""
    ignore: tuple[str, ...] = ()
    """Shell patterns of interface names to leave alone."""
    metrics: str = ""
    """Where figures are told to whoever asks on this machine: 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; "" for nowhere."""
    metrics_file: Path | None = None
    """Where figures are written for node_exporter's textfile collector."""
    udp_only: bool = False
    """Use UDP sockets even where raw sockets are allowed."""
    beacon: Config = Config()
