"""Where a rule stands."""

from bellrock.firewall.verify.read.context import Context, Known


def test_names_are_those_of_the_table():
    at = Context("inet", "t", Known(), link_layer=False)
    assert at.key("@s") == at.key("s") == ("inet", "t", "s")
    assert at.chain("f") == "inet t f"
    assert Known().marks == {0}
