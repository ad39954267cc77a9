"""A site beside a host: what the site says of it, what listens there, and what was seen.

Pure: sockets, addresses and traffic are arguments. No remark without its proof, and what could not be checked is said.
"""

from bellrock.flows.lint import dhcp, exposure, roles, services, traffic
from bellrock.flows.lint.unchecked import unchecked
from bellrock.flows.lint.values import (
    HostAddress,
    Kind,
    Remark,
    Scene,
    Unchecked,
    Verdict,
    Weight,
)

__all__ = ["HostAddress", "Kind", "Remark", "Scene", "Unchecked", "Verdict", "Weight", "lint"]


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
