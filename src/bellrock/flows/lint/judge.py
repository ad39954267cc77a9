"""Everything that is to be said of a host beside a site, together."""

from bellrock.flows.lint import dhcp, exposure, roles, services, traffic
from bellrock.flows.lint.unchecked import unchecked
from bellrock.flows.lint.values import Scene, Verdict, Weight


def lint(scene: Scene) -> Verdict:
    """Everything that can be said; complaints before hints, each in the order of the catalogue."""
    found = [*roles.remarks(scene), *services.remarks(scene), *dhcp.remarks(scene), *exposure.remarks(scene)]
    seen: tuple[tuple[str, int], ...] = ()
    if scene.conversations is not None:
        settled = traffic.settle(scene.passages, scene.conversations)
        found += traffic.remarks(scene, settled)
        seen = settled.seen
    found.sort(key=lambda remark: remark.weight is Weight.HINT)
    return Verdict(
        roles=scene.roles,
        remarks=tuple(found),
        served=tuple(services.served(scene)),
        seen=seen,
        unchecked=tuple(unchecked(scene)),
    )
