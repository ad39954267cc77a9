"""A plain peer for the lab: `python plain_peer.py INTERFACE VERSION SECRET SECONDS`, without any of Bellrock's code.

Sends one solicitation of its version every half second, as a MAAS rack sends it (the document of the test vector with fresh ids), and prints
a line of JSON for each beacon that it can read: {multicast, version, type, document}. What it cannot read it does not see.
"""

import base64
import gzip
import hashlib
import json
import os
import select
import socket
import struct
import sys
import time
import uuid

import bson
from cryptography.fernet import Fernet, InvalidToken

GROUP4, GROUP6, PORT = "224.0.0.118", "ff02::15a", 5240
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid() -> str:
    number = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def solicitation(version: int, fernet: Fernet, name: str, mac: str, subnet: str) -> tuple[bytes, str]:
    key, id_ = ("uuid", str(uuid.uuid1())) if version == 1 else ("ulid", ulid())
    remote = {"type": "physical", "mac_address": mac, "parents": [], "name": name, "subnet": subnet}
    packed = gzip.compress(bson.encode({"remote": remote, key: id_, "type": 1}))
    token = base64.urlsafe_b64decode(fernet.encrypt(packed))
    return struct.pack("!BBH", version, 1, len(token)) + token, id_


def read(version: int, fernet: Fernet, data: bytes) -> dict | None:
    """The document, if a peer of this version can read it: other versions it does not understand."""
    found, _, length = struct.unpack("!BBH", data[:4])
    if found != version:
        return None
    try:
        return bson.decode(gzip.decompress(fernet.decrypt(base64.urlsafe_b64encode(data[4 : 4 + length]), ttl=60)))
    except InvalidToken:
        return None


def main() -> None:
    interface, version, secret, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    key = hashlib.pbkdf2_hmac("sha256", bytes.fromhex(secret), b"", 100_000, 32)
    fernet = Fernet(base64.urlsafe_b64encode(key))
    index = socket.if_nametoindex(interface)
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    mreqn = struct.pack("=4s4si", socket.inet_aton(GROUP4), bytes(4), index)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreqn)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn)
    listener.bind(("", PORT))
    sent: set[str] = set()
    end, due = time.monotonic() + seconds, 0.0
    while (now := time.monotonic()) < end:
        if now >= due:
            data, id_ = solicitation(version, fernet, interface, "52:54:00:77:77:77", "10.77.0.2/24")
            listener.sendto(data, (GROUP4, PORT))
            sent.add(id_)
            due = now + 0.5
        ready, _, _ = select.select([listener], [], [], 0.05)
        if not ready:
            continue
        data, control, _, _ = listener.recvmsg(65535, 64)
        document = read(version, fernet, data)
        if document is not None:
            destination = socket.inet_ntoa(control[0][2][8:12])
            line = {
                "multicast": destination == GROUP4,
                "version": data[0],
                "type": document["type"],
                "document": document,
            }
            line["acks_mine"] = document.get("acks") in sent
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
