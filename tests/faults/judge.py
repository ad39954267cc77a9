"""What was lost, and what was taken twice: the database and every process's answer held against what the agents know they did."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from bellrock.region.store.postgres import connect, parse_url
from tests.faults.ledger import Account
from tests.faults.world import World

FIRST: Final = 1000
"""The journal's first numbers may be missing without that anything was let go: transactions that were undone took them."""

Said = dict[int, list[tuple[str, int]]]
"""{report: [(interface, its number)]}, of one agent."""


class Verdict(Struct):
    """What the judge found. `wrong` is empty where nothing was lost and nothing taken twice."""

    reports: int
    """That were acknowledged, and found once each."""
    changes: int
    wrong: list[str]


def judge(world: World, *, history: bool = True, restored: Mapping[str, int] | None = None) -> Verdict:
    """Judge, once nothing is under way any more. Without `history`, what is noted of the past may have gaps: the disk of
    the database was full. `restored`: what each agent had seen acknowledged (`acknowledged`) when an older database was
    put in place: up to there it may be missing.
    """
    accounts = {path.name: Account(path) for path in sorted(world.ledgers.iterdir())}
    noted, rows, trimmed = asyncio.run(_read(world.database))
    verdict = Verdict(0, 0, [])
    for name, account in accounts.items():
        said = noted.get(f"id-{name}", {})
        # History is bounded: of what is older than the oldest that is there, nobody can tell.
        oldest = min(said, default=account.acked) if trimmed else 0
        before = (restored or {}).get(name, 0)
        verdict.wrong += [f"{name}: {what}" for what in _reports(account, said, oldest, before, history=history)]
        verdict.reports += len(account.kept & said.keys())
        verdict.changes += sum(map(len, said.values()))
    truth = {name: account.truth for name, account in accounts.items()}
    verdict.wrong += _states("the database", truth, rows)
    for region in world.regions:
        if region.runs:
            verdict.wrong += _states(region.url, truth, _answer(region.get("interfaces")))
    return verdict


def acknowledged(world: World) -> dict[str, int]:
    """{agent: the last report that it has seen acknowledged}, now."""
    return {path.name: Account(path).acked for path in sorted(world.ledgers.iterdir())}


def _reports(account: Account, said: Said, oldest: int, before: int, *, history: bool) -> Iterator[str]:
    """Whether each acknowledged report after the oldest is there once, and nothing else is."""
    for seq in sorted(account.kept):
        if seq <= oldest or seq in account.void or (seq not in said and (not history or seq <= before)):
            continue
        if account.means[seq] and seq not in said:
            yield f"report {seq} is lost; acknowledged up to {account.acked}"
        elif Counter(said.get(seq, ())) != Counter(account.means[seq]):
            yield f"report {seq} said {account.means[seq]}, and the region noted {said.get(seq)}"
    for seq in said.keys() - account.means.keys():
        yield f"the region noted report {seq}, which was never made"
    for earlier, seq in zip(sorted(said), sorted(said)[1:], strict=False):
        skipped = [one for one in range(max(earlier, before) + 1, seq) if account.means.get(one)]
        if history and skipped and seq not in account.begins:
            yield f"report {seq} was taken after {earlier}: a gap"


def _states(where: str, truth: Mapping[str, Mapping[str, int]], found: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [
        f"{where} says of {name} {found.get(name)}, which is {dict(numbers)}"
        for name, numbers in truth.items()
        if found.get(name) != numbers
    ]


def _answer(interfaces: list[dict[str, object]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for one in interfaces:
        found[str(one["host"])][str(one["name"])] = int(str(one["mtu"]))
    return found


async def _read(url: str) -> tuple[dict[str, Said], dict[str, dict[str, int]], bool]:
    """History and state, and whether some of the history has been let go."""
    connection = await connect(parse_url(url))
    try:
        journal = await connection.fetch("SELECT agent, seq, body FROM journal WHERE kind = 'interface' ORDER BY id")
        trimmed = (await connection.fetchval("SELECT min(id) FROM journal") or 1) > FIRST
        rows = await connection.fetch("SELECT a.name AS agent, i.body FROM interfaces i JOIN agents a ON a.id = i.host")
    finally:
        await connection.close()
    noted: dict[str, Said] = defaultdict(lambda: defaultdict(list))
    for agent, seq, body in journal:
        told = json.loads(body)["interface"]
        noted[agent][seq].append((told["name"], told["mtu"]))
    state: dict[str, dict[str, int]] = defaultdict(dict)
    for agent, body in rows:
        told = json.loads(body)
        state[agent][told["name"]] = told["mtu"]
    return noted, state, trimmed
