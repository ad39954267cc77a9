"""The whole API, asked by a machine that has read nothing but its description: what it answers is what it says that it answers."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bellrock.region.api.document import document
from tests.region.support import Running, agent, confirmed, host_seen, interface, region

# The region runs in this process, and its own use of `random` is taken for one by the strategies.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
EXAMPLES = 6
"""Made for each operation and each kind of data, beside those that go to the edges of each bound."""
PASSWORD = r"[Aa] password has at |[Tt]he password is (?:the user's name|one character over and over); "
UNTRIED = r"No probe tries |Target .* is not an? |Target .*: .* is not a port; |Targets without flows: "
MEANT = {
    "": r"cursor: |.*is not UTF-8",
    "login": r"Send either \{token\} or \{user, password\}\.",
    "change_password": PASSWORD,
    "add_user": rf"A user's name has 1 to 64 letters, |{PASSWORD}",
    "change_user": rf"Send a role, a password, or both\.|{PASSWORD}",
    "add_token": r"A token's name has 1 to \d+ printable characters\.|A token lasts 1 to \d+ days\.",
    "put_site": r"site",
    "probe": rf"{UNTRIED}|\d+ checks at once; at most \d+ are taken",
    "put_schedule": rf"{UNTRIED}|.* is no name: 1 to 64 letters, |Every \S+ s is not possible: |\d+ tries by each agent; at most ",
    "add_webhook": rf"[Tt]he URL must be |.*: not http://HOST\[:PORT\]/|.*: (?:Port |Invalid |netloc |'.*' does not appear )|[Tt]he authority is no certificate in PEM |{UNTRIED.lower()}",
    "walks": r".* has no exchange by unicast TCP or UDP that its client begins, |.* share no address family in which ",
    "add_diagnosis": r"source: printable characters are expected\.|[Tt]he finding '.*': |\d+ findings at once; at most \d+ are taken",
    "findings": r"id: no rule is called |flow: no flow ",
    "matrix": r"flow: no flow ",
    "probe_history": r"flow: no flow ",
    "refusals": r"reason: .* is given; one of ",
    "name_fabric": r"a name has at most \d+ printable characters, on one line\.",
    "name_vlan": r"a name has at most \d+ printable characters, on one line\.",
}
"""By operation, what a 400 says where what was sent is of the right shape and still means nothing: a schema cannot say more."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A region with two agents, in a thread of its own."""
    begun, found, ends = threading.Event(), [], []

    async def serve() -> None:
        over = asyncio.Event()
        ends.append((asyncio.get_running_loop(), over))
        async with region(tmp_path_factory.mktemp("region")) as one, agent(one.url, "rack1") as rack:
            seen = [interface(f"eth{number}", index=number + 2) for number in range(3)]
            await rack.report(1, host_seen(), *seen, confirmed("rack1/eth0", "rack2/eth0"), begin=True, complete=True)
            await rack.acknowledged(1)
            found.append(one)
            begun.set()
            await over.wait()

    def work() -> None:
        try:
            asyncio.run(serve())
        finally:
            begun.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(120)
    yield found[0]
    loop, over = ends[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(60)


def configured() -> SchemathesisConfig:
    """Its settings: the same cases each time."""
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "generation": {"with-security-parameters": False},
            "phases": {"coverage": {"unexpected-methods": ["TRACE"]}, "stateful": {"enabled": False}},
        }
    )


schema = schemathesis.openapi.from_dict(document(), config=configured())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
def test_each_operation(case: schemathesis.Case, running: Running):
    told = {"Authorization": f"Bearer {running.token}"}
    response = case.call(base_url=running.url, headers=told)
    case.validate_response(
        response, headers=told, excluded_checks=[positive_data_acceptance] if meant(case, response) else []
    )


def meant(case: schemathesis.Case, response: schemathesis.Response) -> bool:
    """Whether it was refused for what it means."""
    reasons = [MEANT[""], *([MEANT[name]] if (name := case.operation.definition.raw["operationId"]) in MEANT else [])]
    return response.status_code == 400 and any(re.match(reason, response.json()["detail"]) for reason in reasons)
