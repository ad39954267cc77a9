"""What it costs a region of 10,000 agents to be scraped: parts that grow with the site, beside the whole text."""

import time
from types import SimpleNamespace

from bellrock.model import Verdict
from bellrock.region.service import metrics
from bellrock.region.store import Standing
from bellrock.wire.exposition import render

AGENTS, CHECKS, GOAL = 10_000, 50_000, 0.050
FLOWS = ("dns", "ntp", "http", "tftp", "dhcp")


def main() -> None:
    standings = [
        Standing(
            agent=f"agent-{number % AGENTS}", flow=FLOWS[number // AGENTS % 5], target=f"10.0.0.{number % 250}:53", protocol="udp", detail="",
            verdict=Verdict.FILTERED if number % 50 == 0 else Verdict.WORKS, at=float(number), since=0.0,
        )
        for number in range(CHECKS)
    ]  # fmt: skip
    names = {f"agent-{number}": f"rack-{number}.example" for number in range(AGENTS)}
    ages = {agent: float(number) for number, agent in enumerate(names)}
    region = SimpleNamespace(streams=lambda: (ages, dict.fromkeys(names, 1)))
    parts = {
        "checks": lambda: render(metrics._checks(standings, names)),
        "streams": lambda: render(metrics._streams(region, names)),
    }
    whole = 0.0
    for name, part in parts.items():
        least, size = min((timed(part) for _ in range(7)), key=lambda one: one[0])
        whole += least
        print(
            f"scrape, {AGENTS:,} agents, {CHECKS:,} checks: {name:8} {least * 1000:6.1f} ms of processor, {size:,} octets"
        )
    print(f"scrape: {whole * 1000:.1f} ms (goal: under {GOAL * 1000:.0f} ms) {'met' if whole < GOAL else 'MISSED'}")


def timed(part) -> tuple[float, int]:
    began = time.process_time()
    text = part()
    return time.process_time() - began, len(text)


if __name__ == "__main__":
    main()
