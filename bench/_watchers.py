"""Who watches regions while they are measured: a page that follows what changes, and somebody who asks whether they are alive."""

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import connect

from bench._regions import Region


class Live(threading.Thread):
    """One page that watches, with deltas: when each port was last said to be in which VLAN."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        self._url = url.replace("http", "ws") + "/api/v1/live?deltas=1"
        self._token = token
        self.ready = threading.Event()
        self.octets = self.messages = 0
        self.told: dict[tuple[str, str], tuple[str, float]] = {}
        self._over = threading.Event()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with connect(self._url, additional_headers=headers, max_size=None, proxy=None, compression=None) as socket:
            while not self._over.is_set():
                try:
                    text = socket.recv(0.5)
                except TimeoutError:
                    continue
                self._take(text, time.monotonic())

    def _take(self, text: str | bytes, now: float) -> None:
        self.octets += len(text)
        self.messages += 1
        message = json.loads(text)
        changed = message.get("changed", message.get("interfaces"))
        if message["type"] == "interfaces" and changed is not None:
            for one in changed:
                self._place(one, now)
            self.ready.set()

    def _place(self, one: dict[str, Any], now: float) -> None:
        place = one["vlans"][0]["vlan"] if one["vlans"] else ""
        known = self.told.get((one["host"], one["name"]))
        if known is None or known[0] != place:
            self.told[one["host"], one["name"]] = place, now

    def moved(self, mine: tuple[str, str], left: tuple[str, str], met: tuple[str, str], began: float) -> bool:
        """Whether it was said since then that a port shares its VLAN with the one it met, no longer with the one it left.

        Which of the two VLANs goes on with which name is the region's to say.
        """
        if not {mine, left, met} <= self.told.keys():
            return False
        (here, when), (there, then), (beside, last) = (self.told[one] for one in (mine, left, met))
        return here == beside != there and max(when, then, last) > began

    def close(self) -> None:
        """End."""
        self._over.set()
        self.join(30)


class Pulse(threading.Thread):
    """Asks every process again and again whether it is alive: how long their event loops let everybody wait."""

    def __init__(self, found: Sequence[Region]) -> None:
        super().__init__(daemon=True)
        self._regions = found
        self._over = threading.Event()
        self.longest = {region.port: 0.0 for region in found}

    def run(self) -> None:
        while not self._over.wait(0.1):
            for region in self._regions:
                began = time.monotonic()
                with contextlib.suppress(OSError):  # it is stopped, or has been killed
                    with urlopen(f"{region.url}/healthz", timeout=60) as answer:
                        answer.read()
                    self.longest[region.port] = max(self.longest[region.port], time.monotonic() - began)

    def __enter__(self) -> "Pulse":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(120)
