import pytest

from bellrock.diagnosis.on_wire import mirror_stale as rule
from bellrock.diagnosis.packets import NS
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

NOW = w.EPOCH // NS
DAY = 86_400
SUITE = "/ubuntu/dists/noble-updates"
DEB = "/ubuntu/pool/main/c/curl/curl_8.5.0_amd64.deb"
HASH = f"{SUITE}/main/binary-amd64/by-hash/SHA256/0a1b"


def fetch(target, status=200, at=1.0, age=None, dated=True, port=40080, host="mirror.lab.example", **more):
    head = {} if age is None else {"modified": NOW - age} | ({"date": NOW} if dated else {})
    asks = w.get(target, at, host=host, ports=(port, 80), **more)
    return asks, w.response(status, at + 0.01, ports=(80, port), head=head) if status else None


def index(age=30 * DAY, at=1.0, **more):
    return fetch(f"{SUITE}/InRelease", at=at, age=age, **more)


def test_files_that_its_index_names_are_not_there():
    given = w.case(w.leased(), index(DAY), fetch(HASH, 404, 2.0), fetch(DEB, 404, 3.0))
    assert whats(rule, given) == [("error", "certain", "Mirror mirror.lab.example lacks files that its index names")]
    [one] = found(rule, given)
    assert one.proof == (f"{HASH} was answered with 404 (packet 8).", f"{DEB} was answered with 404 (packet 10).")
    assert (one.client, one.address, one.flow) == (w.NODE, "mirror.lab.example", "apt")


def test_several_points_and_tries_count_once():
    again = fetch(DEB, 404, 3.0, point="router-1/eth0"), fetch(DEB, 404, 9.0, port=40081)
    [one] = found(rule, w.case(fetch(DEB, 404, 2.0), again))
    assert one.proof == (f"{DEB} was answered with 404 (packet 2).",)


def test_many_are_counted_and_a_proxy_is_not_blamed():
    missing = [fetch(f"http://mirror.lab.example{DEB}?{n}"[:-2] + f"{n}.deb", 404, 2.0 + n) for n in range(7)]
    [one] = found(rule, w.case(missing))
    assert one.proof[-1] == "7 files in all."
    assert len(one.proof) == 6
    assert one.proof[0].startswith("/ubuntu/pool/")


def test_an_old_index_at_which_the_client_stops():
    given = w.case(index())
    assert whats(rule, given) == [
        (
            "warning",
            "likely",
            "Mirror mirror.lab.example has an index of noble-updates that is 30 d old, and the client stopped there",
        )
    ]
    assert len(found(rule, w.case(index(dated=False)))) == 1
    no_host = found(rule, w.case(index(host="")))
    assert [one.address for one in no_host] == ["10.0.0.2"], "the builder has the server's address for a name"


@pytest.mark.parametrize(
    "things",
    [
        (),
        index(DAY),
        (index(), fetch(HASH, at=2.0)),
        fetch("/ubuntu/dists/noble/InRelease", age=900 * DAY),
        fetch(f"{SUITE}/InRelease"),
        fetch(f"{SUITE}/InRelease", 304, age=30 * DAY),
        fetch(f"{SUITE}/InRelease", 0),
        (index(DAY), fetch(f"{SUITE}/Release.gpg", 404), fetch(f"{SUITE}/main/i18n/Translation-de.xz", 404)),
        (fetch(HASH, 404), fetch(HASH, 200, 2.0)),
        fetch("/favicon.ico", 404),
        fetch(DEB, 0),
    ],
    ids=[
        "nothing", "young", "old on purpose: the client goes on", "a release that does not change", "no date", "not modified", "unanswered",
        "files that are tried at a venture", "there at the second try", "no mirror", "a package without answer",
    ],
)  # fmt: skip
def test_fresh_or_unknown(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
