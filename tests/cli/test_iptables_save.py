"""Saves that iptables-restore would refuse, by line and reason."""

import pytest

from bellrock.cli import iptables_save, nft_iptables
from bellrock.cli.output import Failure


@pytest.mark.parametrize(
    ("save", "said"),
    [
        (
            "*filter\n:FORWARD DROP\n-A FORWARD -j NOWHERE\nCOMMIT\n",
            "line 3: there is no chain NOWHERE in table filter",
        ),
        ("*filter\n:own -\nCOMMIT\n*nat\n-A own -j ACCEPT\nCOMMIT\n", "line 5: there is no chain own in table nat"),
        ("*filter\n-I FORWARD 1 -g away\nCOMMIT\n", "line 2: there is no chain away in table filter"),
        ("# a save\n*filter\n:FORWARD DROP\n", "line 2: table filter has no COMMIT"),
        ("*filter\n*nat\nCOMMIT\n", "line 1: table filter has no COMMIT"),
        ("*filter\n-A FORWARD -j no'where\nCOMMIT\n", "line 2: there is no chain no'where"),
    ],
)
def test_what_would_not_be_taken_as_a_whole(save, said):
    with pytest.raises(Failure, match=f"^f: {said}") as caught:
        iptables_save.check_save(save, "f")
    assert caught.value.exit_code == 3


def test_what_would_be_taken():
    rules = "-A own -j REJECT\n-A FORWARD -g own\n-A FORWARD -j new\n\n# it's -A nowhere\n"
    iptables_save.check_save(f"*filter\n:own - [0:0]\n-N new\n{rules}COMMIT\n", "f")


def test_what_this_host_lacks_is_no_mistake_of_the_save():
    said = "iptables-translate-restore v1.8.9 (nf_tables): Couldn't load match `geoip':No such file or directory\n"
    assert iptables_save.is_lack(said)
    assert iptables_save.reason(said).startswith("Couldn't load match")
    assert not iptables_save.is_lack("iptables v1.8.9 (nf_tables): invalid port/service `99999' specified")
    assert iptables_save.reason("") == "iptables does not understand it"


def test_where():
    assert iptables_save.where_is("b", "a\nb\nb") == "line 2"
    assert iptables_save.where_is("-A c", "a") == "-A c"


@pytest.mark.lab
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("-p tcp -m tcp --dport 99999 -j ACCEPT", "^f: line 8: invalid port/service `99999' specified$"),
        ("-p tcp --bogus -j ACCEPT", '^f: line 8: unknown option "--bogus"$'),
    ],
)
def test_a_rule_that_no_restorer_takes_is_refused_by_its_line(rule, said):
    save = f"*raw\n:PREROUTING ACCEPT\nCOMMIT\n\n*filter\n-A INPUT -j DROP\n:FORWARD DROP\n-A FORWARD {rule}\nCOMMIT\n"
    with pytest.raises(Failure, match=said):
        nft_iptables.translated(save, "f")
