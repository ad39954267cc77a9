"""Causes by what packets met: of every obstacle that ends an exchange, and in words that can be filled in."""

from bellrock.diagnosis.obstacles import MET, NO_WAY
from bellrock.diagnosis.verdicts import NOT_OUT
from bellrock.link.obstacle import Obstacle


def test_the_words_are_those_of_the_link():
    """The judge may not import it, and would pass over in silence what is called otherwise."""
    assert {*MET, *NO_WAY, *NOT_OUT} <= {one.value for one in Obstacle}
    assert NO_WAY.keys() <= MET.keys()


def test_every_case_says_why_and_what_to_do():
    for case in MET.values():
        assert case.cause.endswith(".")
        assert case.fix
        assert all("{" not in line.format(address="10.0.0.5", flow="ntp") for line in case.fix)


def test_who_has_no_way_is_named():
    assert NO_WAY["unreachable"].format(by="10.1.0.1") == "10.1.0.1 knows no way to"
