"""A WebSocket server by hand, for tests: what it says is what a test wants said, right or wrong."""

import contextlib
import struct

from websockets.utils import accept_key

PING, PONG, CLOSE, TEXT = 0x9, 0xA, 0x8, 0x1


def frame(opcode, payload=b""):
    """RFC 6455 §5.2: unmasked, as a server's are."""
    size = len(payload)
    length = (
        bytes([size])
        if size < 126
        else struct.pack("!BH", 126, size)
        if size < 65536
        else struct.pack("!BQ", 127, size)
    )
    return bytes([0x80 | opcode]) + length + payload


def close(code, reason=""):
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


class Peer:
    """The server's side of a connection after the request was read."""

    def __init__(self, connection):
        self._connection = connection
        self._pending = b""
        self.head = self._until(b"\r\n\r\n").decode("latin-1")

    def _until(self, end):
        while end not in self._pending:
            octets = self._connection.recv(65536)
            if not octets:
                raise ConnectionError
            self._pending += octets
        found, self._pending = self._pending.split(end, 1)
        return found

    @property
    def path(self):
        return self.head.split(" ")[1]

    def accept(self):
        key = next(
            line.split(": ", 1)[1] for line in self.head.splitlines() if line.lower().startswith("sec-websocket-key")
        )
        self.send(
            "HTTP/1.1 101 Switching Protocols\r\nServer: by hand\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
        )

    def send(self, octets):
        self._connection.sendall(octets)

    def frame(self):
        """The client's next: opcode and payload."""
        while len(self._pending) < 6 or len(self._pending) < 6 + (self._pending[1] & 0x7F):
            octets = self._connection.recv(65536)
            if not octets:
                raise ConnectionError
            self._pending += octets
        assert self._pending[1] & 0x80, "RFC 6455 §5.3: a client masks its frames"
        size, mask = self._pending[1] & 0x7F, self._pending[2:6]
        payload = bytes(octet ^ mask[place % 4] for place, octet in enumerate(self._pending[6 : 6 + size]))
        opcode, self._pending = self._pending[0] & 0xF, self._pending[6 + size :]
        return opcode, payload

    def answer_pings(self, times=1_000_000):
        """Until the client says goodbye or goes; what it said last."""
        for _ in range(times):
            opcode, payload = self.frame()
            if opcode == PING:
                self.send(frame(PONG, payload))
            elif opcode == CLOSE:
                return payload
        return None


def serving(talk):
    """A handler of connections: `talk(peer)`."""

    def serve(connection):
        with contextlib.suppress(OSError):
            talk(Peer(connection))

    return serve


def polite(peer):
    """Opens, answers pings, until goodbye."""
    peer.accept()
    peer.answer_pings()
