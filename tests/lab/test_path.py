"""Where packets die between two real agents, with a real router between them and a region that judges."""

from contextlib import contextmanager

import pytest

from bench._namespaces import Namespace
from tests.cli.programs import wait_until
from tests.lab.paths import FAULTS, VARIANTS, WAYS, scene, tried, wrong

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def place():
    with scene() as one:
        yield one


@pytest.fixture(autouse=True)
def _unblocked(place):
    yield
    place.world.unblock()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.a)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_of_twelve_faults_is_found_where_it_is(place, fault, way):
    found = tried(place, fault, way)
    assert {one["variant"] for one in found["walks"]} == set(VARIANTS)
    assert not [told for one in found["walks"] if (told := wrong(fault, way, one))]
    assert (found["died_at"], found["verdict"], found["exit"]) == (fault.died_at, fault.verdict, 1)


def test_it_works_before_any_service_is_there(place):
    found = place.walk("near", "far", "dns")
    assert (found["verdict"], found["died_at"], found["exit"]) == ("works", "", 0), found
    assert {one["variant"] for one in found["walks"]} == set(VARIANTS)
    by_name = {one["variant"]: one["hops"] for one in found["walks"]}
    for variant, gate in ((VARIANTS[0], "10.1.0.1"), (VARIANTS[3], "fd01::1")):
        assert [hop["address"] for hop in by_name[variant]][1:-1] == [gate]
        assert all(hop["request"] for hop in by_name[variant])


NAMED = """
options {{ directory "{d}"; listen-on {{ any; }}; listen-on-v6 {{ any; }}; recursion no; pid-file none; session-keyfile none; }};
"""


@pytest.fixture
def named(place):
    """A real name server at `far`, in the place where the agent would stand in."""
    directory = place.world.directory / "named"
    directory.mkdir(exist_ok=True)
    (directory / "conf").write_text(NAMED.format(d=directory))
    program = place.world.start("named", "-f", "-4", "-c", directory / "conf", "-n", 1, "-U", 1)
    place.world.listens(53)
    yield program
    place.world.stop(program)


def test_a_service_that_holds_the_port_answers_itself(place, named):
    found = place.walk("near", "far", "dns", "-4")
    assert found["verdict"] == "works", found
    assert all("another process answered" in one["detail"] for one in found["walks"])


def test_a_service_that_holds_the_port_is_behind_its_hosts_rules(place, named):
    place.rules("far", "input: meta l4proto { tcp, udp } th dport 53 counter drop")
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    assert {(one["died_at"], "fault input" in one["rule"]) for one in found["walks"]} == {("dropped-by-target", True)}


def test_a_service_that_says_nothing_is_told_from_one_that_is_not_reached(place):
    silent = place.world.start("python3", "-c", SILENT)
    place.world.listens(53, "udp")
    found = place.walk("near", "far", "dns", "--udp", "-4", "--within", "0.4")
    place.world.stop(silent)
    assert (found["died_at"], found["verdict"]) == ("reply-not-sent", "filtered")
    assert "its firewall lets it in" in found["detail"]


@pytest.fixture
def by_port(place):
    """At `near`, what is for port 53 goes by its second interface, to a gateway that is not there."""
    place.near.run("ip", "route", "add", "default", "via", "10.3.0.77", "table", "9")
    place.near.run("ip", "rule", "add", "dport", "53", "lookup", "9")
    yield
    place.near.run("ip", "rule", "del", "dport", "53")
    place.near.run("ip", "route", "flush", "table", "9")


def test_policy_routing_by_port_counts_and_a_rule_that_is_never_met_does_not(place, by_port):
    place.rules("near", 'output: oifname "eth0" th dport 53 counter drop')
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    for one in found["walks"]:
        assert (one["died_at"], one["verdict"], one.get("rule", "")) == ("not-sent", "unreachable", ""), one
        assert "its gateway 10.3.0.77 does not answer ARP on eth1" in one["detail"]
        assert one["hops"][0]["interface"] == "eth1"


def test_a_route_that_passes_on_nothing(place):
    place.near.run("ip", "route", "add", "blackhole", "10.2.0.2/32")
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    place.near.run("ip", "route", "del", "blackhole", "10.2.0.2/32")
    for one in found["walks"]:
        assert (one["died_at"], one["verdict"]) == ("not-sent", "unreachable"), one
        assert "of type blackhole on this host" in one["detail"]


@contextmanager
def _routes(where, add, delete):
    """A change of routes for the time of a test, as `ip` takes it."""
    for command in add:
        where.run("ip", *command.split())
    try:
        yield
    finally:
        for command in delete:
            where.run("ip", *command.split())


@contextmanager
def _strict(where):
    """Reverse-path filtering by which only the very interface of the way back will do."""
    names = [f"net.ipv4.conf.{name}.rp_filter" for name in ("all", "eth0")]
    before = [where.run("sysctl", "-n", name).strip() for name in names]
    try:
        where.run("sysctl", "-qw", *(f"{name}=1" for name in names))
        yield
    finally:
        where.run("sysctl", "-qw", *(f"{name}={mode}" for name, mode in zip(names, before, strict=True)))


@pytest.mark.parametrize(
    ("add", "delete", "says"),
    [
        (["route del default"], ["route add default via 10.2.0.1"], "it has no route to 10.1.0.2"),
        (["route add prohibit 10.1.0.0/24"], ["route del prohibit 10.1.0.0/24"], "of type prohibit on this host takes what is for 10.1.0.2"),
        (["route add default via 10.4.0.77 table 9", "rule add sport 53 lookup 9"], ["rule del sport 53", "route flush table 9"],
         "10.4.0.77 does not answer on eth1"),
    ],
    ids=["none", "prohibit", "policy"],
)  # fmt: skip
def test_a_way_back_that_is_not_there(place, add, delete, says):
    with _routes(place.far, add, delete):
        found = place.walk("near", "10.2.0.2", "dns", "-4", "--within", "0.4")
    for one in found["walks"]:
        assert (one["died_at"], one["verdict"]) == ("reply-not-sent", "unreachable"), one
        assert says in one["detail"]


def test_reverse_path_filtering_at_the_target(place):
    with _strict(place.far), _routes(place.far, ["route add 10.1.0.0/24 via 10.4.0.1"], ["route del 10.1.0.0/24"]):
        found = place.walk("near", "10.2.0.2", "dns", "-4", "--within", "0.4")
    for one in found["walks"]:
        assert (one["died_at"], one["verdict"]) == ("dropped-by-target", "filtered"), one
        assert (
            "reverse-path filtering drops it: net.ipv4.conf.all.rp_filter is 1, and the way to 10.1.0.2 is by eth1"
            in one["detail"]
        )


def test_a_rule_about_users_is_told_alike_over_tcp_and_udp(place):
    place.rules("near", "output: meta skuid != 4242 meta l4proto { tcp, udp } th dport 53 counter drop")
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    for one in found["walks"]:
        assert (one["died_at"], one["verdict"]) == ("not-sent", "filtered"), one
        assert "skuid != 4242 in inet fault output handle" in one["detail"]


SILENT = "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 53)); time.sleep(300)"


def test_tftp_without_the_helper_on_the_way(place):
    """The data come from another port than was asked: a router that knows nothing of TFTP takes them for strangers'."""
    assert place.walk("near", "far", "tftp")["verdict"] == "works"
    place.router.run("nft", STATEFUL)
    found = place.walk("near", "far", "tftp", "--within", "0.4")
    assert {(one["died_at"], "conntrack helper tftp" in one["detail"]) for one in found["walks"]} == {
        ("reply-lost", True)
    }


STATEFUL = (
    "table inet fault { chain forward { type filter hook forward priority 0; policy drop; "
    "ct state established,related accept; meta l4proto ipv6-icmp accept; udp dport 69 accept; }; }"
)


def test_somebody_on_the_way_who_answers_in_its_place(place):
    """A router that turns what is for others to itself, as a transparent proxy does."""
    place.router.run(
        "nft", "table ip fault { chain p { type nat hook prerouting priority -100; tcp dport 80 redirect to :8080; }; }"
    )
    proxy = place.world.start("python3", "-m", "http.server", "8080", inside=place.router)
    place.world.listens(8080, inside=place.router)
    found = place.walk("near", "far", "http-boot", "-4", "--within", "0.4")
    place.world.stop(proxy)
    assert (found["died_at"], found["verdict"]) == ("answered-elsewhere", "wrong-service")
    assert "transparent proxy" in found["detail"]


def test_source_addresses_that_are_translated_are_seen_through(place):
    place.router.run(
        "nft",
        'table ip fault { chain p { type nat hook postrouting priority 100; oifname "west" masquerade random; }; }',
    )
    found = place.walk("near", "far", "dns", "-4")
    assert found["verdict"] == "works", found
    came = [
        step["what"]
        for one in found["walks"]
        for step in one["evidence"]
        if step["what"].startswith("far/eth0: request")
    ]
    assert came
    assert all("request 10.2.0.1:" in what for what in came)


def test_answers_whose_source_is_translated_are_no_answers(place):
    """A stateless translation of what comes back: clients would wait for the address that they asked."""
    place.router.run(
        "nft",
        "table ip fault { chain p { type filter hook postrouting priority 0; udp sport 53 ip saddr set 10.3.0.1 notrack; }; }",
    )
    found = place.walk("near", "far", "dns", "--udp", "-4", "--within", "0.4")
    assert (found["died_at"], found["verdict"]) == ("answered-elsewhere", "filtered"), found
    assert "10.3.0.1 answers" in found["detail"]


def test_an_answer_that_goes_another_way_and_arrives(place):
    place.far.batch(["route add default via 10.4.0.1 table 7", "rule add from 10.2.0.2 table 7"])
    found = place.walk("near", "far", "dns", "-4")
    place.far.batch(["rule del from 10.2.0.2 table 7", "route del default table 7"])
    assert found["verdict"] == "works"
    assert all("comes in at eth0 and the answer leaves by eth1" in one["detail"] for one in found["walks"])


def test_ports_that_both_ends_must_own(place):
    """DHCP renews from port 68 to port 67: both agents have given up the right to bind them, and their companions have not."""
    found = place.walk("near", "far", "dhcp")
    assert found["verdict"] == "works", found
    assert "10.1.0.2:68 to 10.2.0.2:67" in str(found["walks"][0]["evidence"])


@pytest.mark.parametrize(
    ("flow", "exchanges"), [("syslog", 4), ("ntp", 2), ("ipmi", 2), ("dhcpv6", 1), ("ldap", 4), ("stream", 2)]
)
def test_other_protocols(place, flow, exchanges):
    found = place.walk("far", "near", flow)
    assert (found["verdict"], len(found["walks"])) == ("works", exchanges), found


def test_ends_by_interface_and_by_address(place):
    found = place.walk("near/eth1", "10.4.0.2", "ssh", "--within", "0.4")
    assert (
        found["died_at"],
        "10.4.0.2, which should be on its link, does not answer ARP on eth1" in found["detail"],
    ) == ("not-sent", True)
    place.near.run("ip", "route", "add", "10.4.0.0/24", "via", "10.3.0.1")
    found = place.walk("near/eth1", "10.4.0.2", "ssh")
    place.near.run("ip", "route", "del", "10.4.0.0/24")
    assert (found["verdict"], len(found["walks"])) == ("works", 1), found
    assert (found["hops"][0]["address"], found["hops"][-1]["address"]) == ("10.3.0.2", "10.4.0.2")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("near", "farther", "dns"), 2, "no agent 'farther' is connected; connected are: far, near"),
        (("near", "far/eth9", "dns"), 2, "far has no interface 'eth9' with an address"),
        (("near", "192.0.2.1", "dns"), 2, "no connected agent has the address 192.0.2.1"),
        (("near", "eth1", "dns"), 2, "2 agents have an interface 'eth1': give HOST/eth1"),
        (("near", "near/eth1", "dns"), 2, "both ends are near"),
        (("near", "far", "gopher"), 2, "gopher"),
        (("near", "far", "beacon"), 2, "no exchange by unicast TCP or UDP"),
    ],
)
def test_what_cannot_be_walked(place, words, code, says):
    done = place.path(*words)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


BRIDGE = """
ip link add br1 type bridge; ip link set br1 up; ip link set eth1 master br1
ip addr del 10.4.0.2/24 dev eth1; ip addr add 10.4.0.2/24 dev br1
ip route add 10.3.0.0/24 via 10.4.0.1
"""


def test_a_target_behind_a_bridge_of_its_own(place):
    """Each packet passes the card and the bridge: that is one way, and rules that name the bridge are found."""
    place.far.run("sh", "-ec", BRIDGE)
    place.near.run("ip", "route", "add", "10.4.0.0/24", "via", "10.3.0.1")
    wait_until(
        lambda: any("10.4.0.2/24" in one["addresses"] for one in place.get("interfaces") if one["name"] == "br1"),
        "br1 is told",
    )
    works = place.walk("near", "far/br1", "dns")
    place.rules("far", 'input: iifname "br1" th dport 53 counter drop')
    dropped = place.walk("near", "far/br1", "dns", "--within", "0.4")
    place.far.run("sh", "-ec", "ip link del br1; ip addr add 10.4.0.2/24 dev eth1")
    place.near.run("ip", "route", "del", "10.4.0.0/24")
    assert works["verdict"] == "works", works
    assert not any("leaves by" in one["detail"] for one in works["walks"])
    assert {(one["died_at"], 'iifname "br1"' in one["rule"]) for one in dropped["walks"]} == {
        ("dropped-by-target", True)
    }


def test_a_destination_that_is_translated_on_the_way_is_no_fault_of_the_target(place):
    place.router.run(
        "nft",
        "table ip fault { chain p { type nat hook prerouting priority -100; meta l4proto { tcp, udp } th dport 53 dnat to 10.2.0.2:5353; }; }",
    )
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    assert {(one["died_at"], one["verdict"]) for one in found["walks"]} == {("lost-on-the-way", "unreachable")}, found
    assert all("as one for 10.2.0.2:5353 and refused there" in one["detail"] for one in found["walks"])
    assert all([hop["name"] for hop in one["hops"]] == ["near", "far"] for one in found["walks"]), "far is no router"


def test_a_frame_for_another_network_card_did_not_arrive(place):
    """A stale neighbour entry at the router; far's card hears everything, as a bridge's does."""
    place.far.run("ip", "link", "set", "eth0", "promisc", "on")
    place.router.batch(["neigh replace 10.2.0.2 lladdr 02:00:00:00:00:99 dev west nud permanent"])
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    place.router.batch(["neigh del 10.2.0.2 dev west"])
    place.far.run("ip", "link", "set", "eth0", "promisc", "off")
    assert {(one["died_at"], one["verdict"]) for one in found["walks"]} == {("lost-on-the-way", "unreachable")}, found
    assert all("addressed to the network card 02:00:00:00:00:99" in one["detail"] for one in found["walks"])
    assert not any(one["hops"][-1]["request"] for one in found["walks"])


def test_a_rule_that_hangs_on_connection_tracking_is_named(place):
    place.near.run("nft", UNTRACKED)
    found = place.walk("near", "far", "dns", "-4", "--within", "0.4")
    assert {one["died_at"] for one in found["walks"]} == {"reply-dropped"}, found
    assert all("ct state invalid,new th sport 53 counter drop" in one["detail"] for one in found["walks"])
    assert not any("no rule of its nftables" in one["detail"] for one in found["walks"])


UNTRACKED = (
    "table inet fault { chain o { type filter hook output priority raw; th dport 53 notrack; }; "
    "chain i { type filter hook input priority 0; ct state invalid,new th sport 53 counter drop; }; }"
)
PUBLISHED = (
    "table ip fault { chain p { type nat hook prerouting priority -100; "
    "iifname eth0 meta l4proto { tcp, udp } th dport 53 dnat to 172.30.0.2:53; }; }"
)


@pytest.fixture
def container(place):
    """A container at far, to which far publishes port 53 by address translation."""
    inside = Namespace()
    far = place.far
    far.run("ip", "link", "add", "vc", "type", "veth", "peer", "name", "eth0", "netns", str(inside.holder.pid))
    far.batch(["addr add 172.30.0.1/24 dev vc", "link set vc up"])
    inside.batch(["addr add 172.30.0.2/24 dev eth0", "link set eth0 up", "route add default via 172.30.0.1"])
    far.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    far.run("nft", PUBLISHED)
    yield inside
    far.run("ip", "link", "del", "vc")
    far.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
    inside.close()


def test_a_container_behind_the_target_is_not_the_agent_there(place, container):
    nobody = place.walk("near", "far/eth0", "dns", "-4", "--within", "0.4")
    program = place.world.start("python3", "-m", "http.server", "53", inside=container)
    place.world.listens(53, inside=container)
    answered = place.walk("near", "far/eth0", "dns", "-4", "--tcp", "--within", "0.4")
    place.world.stop(program)
    assert {(one["died_at"], one["verdict"]) for one in nobody["walks"]} == {("no-listener", "refused")}, nobody
    assert all("sends it on to 172.30.0.2:53 out of vc" in one["detail"] for one in nobody["walks"])
    assert answered["verdict"] == "works", answered
    assert "the agent that listens there got nothing" in answered["detail"]
