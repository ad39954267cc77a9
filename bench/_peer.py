"""A peer whose valid beacons must not get lost: `python -m bench._peer SECONDS RATE INTERFACE...`; prints {interface: [ids sent]}."""

import json
import os
import socket
import sys
import time

from bellrock.agent.run import new_id
from bellrock.link.packet import PacketDevice
from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Remote, encode
from bellrock.wire.frame import build_beacon_frame
from bench._flooded import KEY


def main() -> None:
    seconds, rate, names = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    device = PacketDevice(blocks=4)
    indices = {name: socket.if_nametoindex(name) for name in names}
    sent: dict[str, list[str]] = {name: [] for name in names}
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < seconds:
        if len(sent[names[0]]) > now * rate:
            time.sleep(0.2 / rate)
            continue
        for name, index in indices.items():
            wall = Wall(time.time())
            mac = f"52:54:00:00:01:{index & 255:02x}"
            beacon = Beacon(
                version=2, type=BeaconType.ADVERTISEMENT, id=new_id(2, wall), remote=Remote(name, mac, "physical")
            )
            frame = build_beacon_frame(encode(beacon, KEY, wall, os.urandom(16)), mac, "10.0.0.9")
            if device.send(index, frame) is None:
                sent[name].append(beacon.id)
    device.close()
    print(json.dumps(sent))


if __name__ == "__main__":
    main()
