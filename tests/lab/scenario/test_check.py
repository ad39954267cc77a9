"""What scenarios and worlds must keep to beyond types."""

import pytest
from msgspec import structs

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.check import action, check_scenario, check_together, check_world
from bellrock.lab.scenario.schema import (
    ClientSpec,
    ExpectSpec,
    FaultSpec,
    LookSpec,
    PlaySpec,
    ScenarioFile,
    ServiceSpec,
)
from bellrock.lab.schema import InterfaceSpec, PortSpec

RUN = FaultSpec(at="rack-1", run=("true",))


def told(**fields):
    return [what for _, what in check_scenario(ScenarioFile(title="x", **fields))]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (RUN, ""),
        (FaultSpec(configure={"dhcp": {"lease": 1}}), ""),
        (FaultSpec(at="a/eth0", retag=PortSpec(access=1)), ""),
        (FaultSpec(at="a/eth0", carrier=False), ""),
        (FaultSpec(stop="dhcp"), ""),
        (FaultSpec(at="a", play=PlaySpec(maker="arp")), ""),
        (FaultSpec(at="a"), "expected one of configure, client"),
        (structs.replace(RUN, stop="x"), "got stop and run"),
        (FaultSpec(run=("true",)), "run happens at a host; expected HOST, got ''"),
        (FaultSpec(at="a/eth0", run=("true",)), "run happens at a host"),
        (FaultSpec(at="a", carrier=True), "carrier happens at an interface; expected HOST/INTERFACE, got 'a'"),
        (FaultSpec(at="a", plug=InterfaceSpec()), "plug happens at an interface"),
        (FaultSpec(at="a", play=PlaySpec()), "expected either maker or frames"),
        (FaultSpec(at="a", play=PlaySpec(maker="arp", frames=("00",))), "expected either maker or frames"),
        (FaultSpec(at="node-1", client={"arch": 0}, before="tftp"), "client is done before anything starts"),
    ],
)
def test_faults(fault, why):
    problems = told(fault=(fault,))
    assert [why in one for one in problems] == ([True] if why else [])


def test_looks_and_steps():
    assert told(look=(LookSpec(kind="check"),)) == ["a look of kind check is made at a host; expected at = HOST"]
    assert told(look=(LookSpec(kind="run", at="a"),)) == ["expected command = [...]"]
    assert told(step="tftp") == ["a boot that stops at a step has something to be found; expected [[expect]]"]
    assert told(step="tftp", expect=(ExpectSpec(id="x"),)) == []


def test_actions_are_told_apart():
    assert action(FaultSpec(at="a/eth0", carrier=False)) == "carrier"
    assert action(RUN) == "run"


@pytest.fixture
def world():
    return parse.world("boot")


def test_a_scenario_names_what_its_world_has(world):
    fine = ScenarioFile(
        title="x", fault=(RUN, FaultSpec(at="host-7", start=("a",), name="mine"), FaultSpec(stop="mine"), FaultSpec(at="rack-1/eth9", plug=InterfaceSpec())),
    )  # fmt: skip
    assert check_together(fine, world) == []
    wrong = ScenarioFile(
        title="x",
        fault=(
            FaultSpec(at="rack-9", run=("true",)), FaultSpec(at="rack-1/eth9", carrier=False), FaultSpec(configure={"gopher": {}}),
            FaultSpec(stop="mine"), FaultSpec(at="host-7", client={"arch": 0}),
        ),
        look=(LookSpec(clients=("node-9",), points=("rack-8",)),),
    )  # fmt: skip
    said = check_together(wrong, world)
    for part in (
        "no such host",
        "no such interface",
        "no service gopher",
        "no service mine",
        "no client host-7",
        "no client node-9",
        "no host rack-8",
    ):
        assert sum(part in one for one in said) == 1, part


def test_a_world_names_what_it_has(world):
    assert check_world(world) == []
    wrong = structs.replace(
        world, service={"a": ServiceSpec(at="nobody", kind="tftpd"), "b": ServiceSpec(at="rack-1", kind="gopher")},
        client={"c": ClientSpec(at="nobody"), "d": ClientSpec(at="node-1", settings=structs.replace(world.client["node-1"].settings, interface="eth9"))},
        forward=("nobody",), capture=("nobody",), route={"nobody": ()},
    )  # fmt: skip
    assert [path for path, _ in check_world(wrong)] == [
        ("service", "a", "at"), ("service", "b"), ("client", "c", "at"), ("client", "d", "interface"), ("forward",), ("capture",), ("route",),
    ]  # fmt: skip
