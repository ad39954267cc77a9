import pytest

from bellrock.region.size import AGENTS, BACK_WITHIN, BACKLOG, LEAST_RATE, USUAL, Size


@pytest.mark.parametrize("agents", [1, 100, 5000, 10_000, 100_000])
def test_bounds_follow_from_the_number_of_agents(agents):
    size = Size(agents)
    assert agents / size.rate <= BACK_WITHIN
    assert size.rate >= LEAST_RATE
    assert size.unproven >= 64
    assert size.connections >= 2 * agents
    assert size.local > agents
    assert size.spread(agents) <= BACK_WITHIN
    assert size.backlog == BACKLOG, "a larger site has no faster writer"


def test_what_is_kept_grows_with_the_site_and_is_never_less_than_usual():
    assert Size(10).kept == USUAL.kept
    assert Size(10 * AGENTS).kept == {kind: 10 * most for kind, most in USUAL.kept.items()}
