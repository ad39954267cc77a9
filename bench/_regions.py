"""Regions in processes of their own: started as people start them, asked as programs ask them, and what they cost."""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench._namespaces import cpu_seconds, resident

AUTHORITY = Path("region", "authority")
"""Under a state directory: what all processes of one region must share."""
BELLROCK = (sys.executable, "-c", "import sys; from bellrock.cli import main; sys.exit(main())")


class Region:
    """One process of a region, on a port of loopback that stays the same over a restart."""

    def __init__(self, directory: Path, secret: Path, options: Sequence[str] = ()) -> None:
        self.directory = directory
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self._command = [
            *BELLROCK, "region", "--json", "--no-beacons", "--listen", f"127.0.0.1:{self.port}",
            "--state-dir", str(directory), "--secret-file", str(secret), *options,
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> float:
        """Start it; seconds until it was ready."""
        began = time.monotonic()
        log = (self.directory.parent / f"{self.directory.name}.log").open("ab")
        with log:
            self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError(f"the region did not start: {Path(log.name).read_text()[-2000:]}")
        return time.monotonic() - began

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it is gone."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def cost(self) -> tuple[float, float]:
        """Seconds of CPU so far, and MiB resident now."""
        return cpu_seconds(self.pid), resident(self.pid)


class Api:
    """One connection to a region's API, kept open."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=300)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> tuple[int, bytes, float]:
        """Status, body, and seconds."""
        try:
            return self._get(path)
        except (http.client.RemoteDisconnected, ConnectionResetError):  # a connection that was quiet for 15 s
            self._connection.close()
            return self._get(path)

    def _get(self, path: str) -> tuple[int, bytes, float]:
        status, _, body, took = self._ask(path, {})
        return status, body, took

    def head(self, path: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], float]:
        """Status, the answer's headers, and seconds."""
        status, told, _, took = self._ask(path, headers)
        return status, told, took

    def behind(self, path: str) -> str:
        """The path of the page behind this one; empty: there is none."""
        _, told, _, _ = self._ask(path, {})
        return told.get("Link", "").partition(">")[0].removeprefix("<")

    def _ask(self, path: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes, float]:
        began = time.perf_counter()
        self._connection.request("GET", path, headers={**self._headers, **headers})
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, answer.headers, body, time.perf_counter() - began

    def json(self, path: str) -> Any:
        """The answer, decoded."""
        status, body, _ = self.get(path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return json.loads(body)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextlib.contextmanager
def regions(
    directory: Path, how_many: int, database: str = "", more: Sequence[str] = ()
) -> Iterator[tuple[list[Region], bytes]]:
    """So many regions, started, and the stream key of their secret. On a database of PostgreSQL they are one cluster. `more`: options of each."""
    from bellrock.wire.keys import derive

    secret = directory / "secret"
    text = secrets.token_hex(32)
    secret.touch(mode=0o600)
    secret.write_text(text + "\n")
    options = [*(["--database", database] if database else []), *more]
    found = []
    for number in range(how_many):
        state = directory / f"region-{number}"
        state.mkdir(mode=0o700)
        found.append(Region(state, secret, options))
    try:
        for region in found:
            if region is not found[0]:
                shutil.copytree(found[0].directory / AUTHORITY, region.directory / AUTHORITY)
            region.start()
        yield found, derive(bytes.fromhex(text)).stream_key
    finally:
        for region in found:
            region.stop()


def token_of(region: Region) -> str:
    """What opens its API."""
    return (region.directory / "region" / "api-token").read_text().strip()


def room_for(connections: int) -> str:
    """Why this machine cannot hold so many connections of loopback in one process; empty if it can."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    low, high = (int(part) for part in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if hard != resource.RLIM_INFINITY and hard < connections + 512:
        return f"{connections} connections need more descriptors than {hard} (ulimit -Hn)"
    if high - low < connections * 2:
        return f"{connections} connections need more ports than {low} to {high} (net.ipv4.ip_local_port_range)"
    return "" if os.name == "posix" else "not a POSIX system"
