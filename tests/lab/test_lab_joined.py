"""Labs in which nobody is told where the region is."""

import pytest

from bellrock.lab.running import Lab
from bellrock.lab.settle import settle, start, wait

pytestmark = pytest.mark.lab

SITE = """
join = true
policy = "%s"
[switch.sw]
[host.hub]
role = "region"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.1/24"] }
[host.rack]
role = "rack"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.2/24"] }
[host.told]
role = "rack"
join = false
interface.eth0 = { to = "sw", access = 10 }
[host.stranger]
role = "rack"
secret = "wrong"
agent = %s
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.3/24"] }
"""


def test_agents_find_the_region_and_join_it():
    with Lab.from_text(SITE % ("auto", "false")) as lab:
        running = start(lab, lambda _: None)
        topology = settle(running, lambda _: None)
        (enrolled,) = running.region.get("/api/v1/enrolments")
    assert (enrolled["name"], enrolled["state"], enrolled["connected"]) == ("rack", "approved", True)
    (vlan,) = [vlan for fabric in topology["fabrics"] for vlan in fabric["vlans"]]
    assert {member["host"] for member in vlan["members"]} == {"hub", "rack", "told"}


def test_whoever_has_another_secret_does_not_and_who_has_ours_may_have_to_wait():
    with Lab.from_text(SITE % ("approve", "true")) as lab:
        running = start(lab, lambda _: None)
        wait(lab, lambda: running.region.get("/api/v1/enrolments"), 30, "the rack to ask")
        wait(lab, lambda: "wrong secret" in lab.log("stranger", 50), 30, "the stranger to be told")
        (enrolled,) = running.region.get("/api/v1/enrolments")
    assert (enrolled["name"], enrolled["state"]) == ("rack", "waiting")
