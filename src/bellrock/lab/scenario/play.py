"""`python -m bellrock.lab.scenario.play SPEC`: sends raw frames, a program of the lab. SPEC is a `PlaySpec` as JSON."""

import socket
import sys
import time
from contextlib import suppress

import msgspec

from bellrock.lab.scenario.makers import from_hex, make
from bellrock.lab.scenario.schema import PlaySpec
from bellrock.lab.schema import LabError
from bellrock.link.card import card
from bellrock.link.obstacle import Obstructed


def frames(spec: PlaySpec, source: str) -> list[bytes]:
    """What is sent in each round.

    Raises:
        LabError: it does not make frames.
    """
    return [make(spec.maker, spec.arguments, source)] if spec.maker else [from_hex(text) for text in spec.frames]


def main(words: list[str]) -> int:
    """Send round after round."""
    spec = msgspec.json.decode(words[0], type=PlaySpec)
    try:
        source = card(spec.interface).mac
        told = frames(spec, source)
    except (LabError, Obstructed) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((spec.interface, 0))
        sent = 0
        while not spec.times or sent < spec.times:
            for frame in told:
                with suppress(OSError):  # the link may be down for a while; the player plays on
                    sock.send(frame)
            sent += 1
            if sent == 1:
                sys.stdout.write("playing\n")
                sys.stdout.flush()
            time.sleep(spec.every)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
