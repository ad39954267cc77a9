"""Networks between the programs of a world: a namespace for each place, cabled to one bridge, and cuts by nftables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench._namespaces import Namespace

SUBNET = "10.99.0"


class Place:
    """One namespace with one address."""

    def __init__(self, number: int) -> None:
        self.address = f"{SUBNET}.{number}"
        self.namespace = Namespace()

    @property
    def inside(self) -> list[str]:
        """What a command line begins with to run here."""
        return self.namespace.command()


class Net:
    """Places cabled to one bridge, each of which reaches all others until they are cut off."""

    def __init__(self, count: int) -> None:
        self._switch = Namespace()
        self.places: list[Place] = []
        self._switch.batch(["link add sw type bridge", "link set sw up"])
        for number in range(1, count + 1):
            self._plug(Place(number), f"p{number}")

    def _plug(self, place: Place, port: str) -> None:
        self.places.append(place)
        self._switch.batch(
            [
                f"link add {port} type veth peer name eth0 netns {place.namespace.holder.pid}",
                f"link set {port} master sw up",
            ]
        )
        place.namespace.batch([f"address add {place.address}/24 dev eth0", "link set eth0 up"])

    def cut(self, one: Place, *others: Place) -> None:
        """From now on nothing passes between one place and the others, nor is anybody told."""
        ways = [(one.address, other.address) for other in others]
        rules = "; ".join(f"ip saddr {a} ip daddr {b} drop" for pair in ways for a, b in (pair, pair[::-1]))
        hook = "type filter hook forward priority 0"
        # Cuts add up: the same table and chain, more rules.
        self._switch.run("nft", f"table bridge cut {{ chain way {{ {hook}; {rules}; }}; }}")

    def mend(self) -> None:
        """Everything passes."""
        self._switch.run("nft", "flush ruleset")

    def close(self) -> None:
        """Let it go."""
        for place in self.places:
            place.namespace.close()
        self._switch.close()


@contextlib.contextmanager
def net(count: int) -> Iterator[Net]:
    """So many places."""
    made = Net(count)
    try:
        yield made
    finally:
        made.close()
