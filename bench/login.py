"""What passwords cost the region: a check, one for a user who is not there, and what guessers from many places do to those who are logged in."""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from pathlib import Path

import httpx
from litestar.types import Receive, Scope, Send

from bellrock.region.api.headers import SecurityHeaders
from bellrock.region.server import Ready, Secret, Settings, serve
from bellrock.region.service.passwords import Passwords
from bench._report import at_most, plain, report

WORD = "correct horse battery"
CHECKS = 15
ASKED = 200
GUESSERS = 8


async def checks() -> tuple[float, float]:
    """Median seconds of a check of a right password, and of one for nobody; taken in turns, so that both meet the same noise."""
    passwords = Passwords()
    await passwords.warm()
    kept = await passwords.hash(WORD)
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * CHECKS):
        begin = time.perf_counter()
        await passwords.is_right(kept if number % 2 == 0 else "", WORD)
        taken[number % 2].append(time.perf_counter() - begin)
    return statistics.median(taken[0]), statistics.median(taken[1])


async def asking(url: str, token: str) -> float:
    """Seconds within which 95 of 100 requests of somebody who is known are answered."""
    delays = []
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        for _ in range(ASKED):
            begin = time.perf_counter()
            (await client.get("/api/v1/me")).raise_for_status()
            delays.append(time.perf_counter() - begin)
    return statistics.quantiles(delays, n=20)[-1]


async def guessing(url: str, number: int, looked_at: list[int]) -> None:
    """Guess without end, each time from another neighbourhood."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        for step in range(1_000_000):
            headers = {"X-From": f"10.{number}.{step % 250}.1"}
            answer = await client.post(
                "/api/v1/login", json={"user": "anna", "password": "guess guess"}, headers=headers
            )
            looked_at.append(answer.status_code)


def spread() -> None:
    """Let each request come from the address that it names, as no region does: one machine then plays many."""
    passed = SecurityHeaders.__call__

    async def call(self: SecurityHeaders, scope: Scope, receive: Receive, send: Send) -> None:
        told = dict(scope["headers"]).get(b"x-from")
        if told:
            scope["client"] = (told.decode(), 1)
            scope["scheme"] = "https"
        await passed(self, scope, receive, send)

    SecurityHeaders.__call__ = call  # type: ignore[method-assign]


async def guessed_at(directory: Path) -> tuple[float, float, float]:
    """(p95 in peace, p95 while guessers are at it, passwords looked at a second)."""
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    key = Secret("00000000", bytes(32), bytes(32))
    settings = Settings(state_dir=directory, keys=(key,), listen=("127.0.0.1:0",))
    serving = asyncio.create_task(serve(settings, started.set_result, stop))
    ready: Ready = await started
    url, token = ready.addresses[0], (directory / "api-token").read_text().strip()
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        body = {"name": "anna", "password": WORD, "role": "admin"}
        (await client.post("/api/v1/users", json=body)).raise_for_status()
    quiet = await asking(url, token)
    looked_at: list[int] = []
    guessers = [asyncio.create_task(guessing(url, number, looked_at)) for number in range(GUESSERS)]
    begin = time.perf_counter()
    busy = await asking(url, token)
    rate = looked_at.count(403) / (time.perf_counter() - begin)
    for guesser in guessers:
        guesser.cancel()
    await asyncio.gather(*guessers, return_exceptions=True)
    stop.set()
    await serving
    return quiet, busy, rate


def main() -> bool:
    right, nobody = asyncio.run(checks())
    spread()
    with tempfile.TemporaryDirectory() as directory:
        quiet, busy, rate = asyncio.run(guessed_at(Path(directory)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return report(
        "login",
        [
            plain("check of a password", right * 1000, "ms"),
            at_most("user who is not there, against one who is", nobody / right, "times", 1.5),
            plain("p95 of a request, nobody guesses", quiet * 1000, "ms"),
            at_most(f"p95 of a request, {GUESSERS} guess from everywhere", busy * 1000, "ms", 100.0),
            plain("passwords looked at", rate, "/s"),
            at_most("memory at the peak, client included", peak, "MiB", 400.0),
        ],
    )


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
