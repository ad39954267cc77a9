"""Which flow the lab's tests try in which variant of fault, and whether they were right: a plugin of pytest that looks on, and a table.

What was done counts, and not only what a test is called: rules of nftables that drop or reject, the verdicts that came back.
"""

import json
import os
import re
from collections import defaultdict
from functools import wraps
from pathlib import Path
from typing import Any, Final

import bellrock.probe
from tests.lab.services import world as lab

VARIANTS: Final = ("works", "stopped", "drop", "reject", "wrong service", "own fault")
TOLD: Final = "BELLROCK_BENCH_TOLD"
"""Environment: the file that the plugin writes."""
_STOPPED: Final = re.compile(r"stopped|nobody|no_server|refused|resets")
_OTHER: Final = re.compile(
    r"another_(serv|kind)|nginx|sshd|is_not_taken_for_it|only_a_stranger|is_no_proxy|tls_port|speaks_something_else"
)
_DROPS, _REJECTS = re.compile(r"\bdrop\b"), re.compile(r"\breject\b")

_now: dict[str, Any] = {}
_all: list[dict[str, Any]] = []


def _looked_on(check: Any) -> Any:
    @wraps(check)
    async def looked_on(ask: Any, *more: Any, **named: Any) -> Any:
        found = await check(ask, *more, **named)
        _now.setdefault("flows", set()).add(ask.flow)
        _now.setdefault("verdicts", set()).update(str(one.verdict) for one in found)
        return found

    return looked_on


def _listened(run: Any) -> Any:
    @wraps(run)
    def listened(self: Any, *command: str, **named: Any) -> Any:
        if command[:1] == ("nft",):
            _now["rules"] = _now.get("rules", "") + " ".join(command)
        return run(self, *command, **named)

    return listened


def pytest_configure() -> None:
    """Look on from here; test modules are imported after this."""
    bellrock.probe.check = lab.check = _looked_on(bellrock.probe.check)
    lab.Namespace.run = _listened(lab.Namespace.run)  # type: ignore[method-assign]


def pytest_runtest_call() -> None:
    """A test begins; what its fixtures did is not its own."""
    _now.clear()


def pytest_runtest_logreport(report: Any) -> None:
    """A test, or a part of one, is over."""
    if report.when == "call" or report.outcome != "passed":
        _all.append(
            {"test": report.nodeid, "right": report.outcome == "passed", "rules": _now.get("rules", ""),
             "flows": sorted(_now.get("flows", ())), "verdicts": sorted(_now.get("verdicts", ()))}
        )  # fmt: skip


def pytest_sessionfinish() -> None:
    """Tell it."""
    Path(os.environ[TOLD]).write_text(json.dumps(_all))


def variant(case: dict[str, Any]) -> str:
    """What a test tried."""
    name = case["test"].rpartition("::")[2]
    # That datagrams of syslog arrived nobody can say from one end.
    is_well = "works" in case["verdicts"] and set(case["verdicts"]) <= {"works", "not-checked"}
    if is_well and "works" in name:
        return "works"
    if _DROPS.search(case["rules"]):
        return "drop"
    if _REJECTS.search(case["rules"]):
        return "reject"
    if _OTHER.search(name):
        return "wrong service"
    if _STOPPED.search(name):
        return "stopped"
    return "works" if is_well else "own fault"


def table(cases: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Flow → variant → how many were right, of how many."""
    counted: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        for flow in case["flows"]:
            counted[flow][variant(case)].append(case["right"])
    return {flow: {one: (sum(found[one]), len(found[one])) for one in VARIANTS} for flow, found in counted.items()}
