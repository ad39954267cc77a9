"""Which route needs which role: one table, which the guard obeys and a test walks. A route without a row serves nobody."""

from typing import Final

from msgspec import Struct

from bellrock.region.roles import UserRole

VIEWER, OPERATOR, ADMIN = UserRole.VIEWER, UserRole.OPERATOR, UserRole.ADMIN


class Right(Struct, frozen=True):
    """What a route asks of its callers. `role` None: nothing, it is open to everybody."""

    role: UserRole | None
    action: str = ""
    """What the audit log calls it; routes that change something have one."""


OPEN: Final = Right(None)

RIGHTS: Final[dict[tuple[str, str], Right]] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("POST", "/api/v1/login"): OPEN,
    ("WS", "/api/v1/agents/stream"): OPEN,
    ("WS", "/api/v1/agents/join"): OPEN,
    ("WS", "/api/v1/live"): Right(VIEWER),
    ("GET", "/api/v1"): Right(VIEWER),
    ("GET", "/api/v1/openapi.json"): Right(VIEWER),
    ("GET", "/api/v1/me"): Right(VIEWER),
    ("POST", "/api/v1/me/password"): Right(VIEWER, "change own password"),
    ("POST", "/api/v1/logout"): Right(VIEWER, "log out"),
    ("GET", "/api/v1/topology"): Right(VIEWER),
    ("GET", "/api/v1/topology/explain"): Right(VIEWER),
    ("GET", "/api/v1/hosts"): Right(VIEWER),
    ("GET", "/api/v1/hosts/{host}"): Right(VIEWER),
    ("GET", "/api/v1/hosts/{host}/neighbours"): Right(VIEWER),
    ("GET", "/api/v1/interfaces"): Right(VIEWER),
    ("GET", "/api/v1/fabrics"): Right(VIEWER),
    ("GET", "/api/v1/fabrics/{identity}"): Right(VIEWER),
    ("GET", "/api/v1/vlans"): Right(VIEWER),
    ("GET", "/api/v1/vlans/{identity}"): Right(VIEWER),
    ("GET", "/api/v1/vlans/{identity}/members"): Right(VIEWER),
    ("GET", "/api/v1/conflicts"): Right(VIEWER),
    ("GET", "/api/v1/unknown"): Right(VIEWER),
    ("GET", "/api/v1/evidence"): Right(VIEWER),
    ("GET", "/api/v1/refusals"): Right(VIEWER),
    ("GET", "/api/v1/nodes"): Right(VIEWER),
    ("GET", "/api/v1/cluster"): Right(VIEWER),
    ("GET", "/api/v1/mtu"): Right(VIEWER),
    ("GET", "/api/v1/authority"): Right(VIEWER),
    ("PATCH", "/api/v1/fabrics/{identity}"): Right(OPERATOR, "name fabric"),
    ("PATCH", "/api/v1/vlans/{identity}"): Right(OPERATOR, "name VLAN"),
    ("POST", "/api/v1/mtu/measure"): Right(OPERATOR, "order MTU measurement"),
    ("POST", "/api/v1/walks"): Right(OPERATOR, "walk a path"),
    ("GET", "/api/v1/site"): Right(OPERATOR),
    ("PUT", "/api/v1/site"): Right(OPERATOR, "change site"),
    ("GET", "/api/v1/matrix"): Right(VIEWER),
    ("GET", "/api/v1/matrix/{agent}/{flow}"): Right(VIEWER),
    ("GET", "/api/v1/findings"): Right(VIEWER),
    ("POST", "/api/v1/diagnoses"): Right(OPERATOR, "hand in diagnosis"),
    ("POST", "/api/v1/probes"): Right(OPERATOR, "try flows"),
    ("GET", "/api/v1/probes/runs/{run}"): Right(VIEWER),
    ("GET", "/api/v1/probes/history"): Right(VIEWER),
    ("GET", "/api/v1/schedules"): Right(VIEWER),
    ("GET", "/api/v1/schedules/{schedule}"): Right(VIEWER),
    ("PUT", "/api/v1/schedules/{schedule}"): Right(OPERATOR, "keep schedule"),
    ("DELETE", "/api/v1/schedules/{schedule}"): Right(OPERATOR, "remove schedule"),
    ("GET", "/api/v1/enrolments"): Right(OPERATOR),
    ("GET", "/api/v1/secrets"): Right(OPERATOR),
    ("POST", "/api/v1/enrolments/{agent}/approve"): Right(ADMIN, "approve agent"),
    ("POST", "/api/v1/enrolments/{agent}/revoke"): Right(ADMIN, "revoke agent"),
    ("POST", "/api/v1/login-tokens"): Right(ADMIN, "make one-time login"),
    ("GET", "/metrics"): Right(VIEWER),
    ("GET", "/api/v1/webhooks"): Right(ADMIN),
    ("POST", "/api/v1/webhooks"): Right(ADMIN, "add webhook"),
    ("POST", "/api/v1/webhooks/{webhook}/test"): Right(ADMIN, "test webhook"),
    ("DELETE", "/api/v1/webhooks/{webhook}"): Right(ADMIN, "remove webhook"),
    ("GET", "/api/v1/captures"): Right(ADMIN),
    ("POST", "/api/v1/captures"): Right(ADMIN, "capture packets"),
    ("GET", "/api/v1/captures/{capture}"): Right(ADMIN),
    ("POST", "/api/v1/captures/{capture}/end"): Right(ADMIN, "end capture"),
    ("DELETE", "/api/v1/captures/{capture}"): Right(ADMIN, "forget capture"),
    ("GET", "/api/v1/captures/{capture}/points/{place}"): Right(ADMIN),
    ("GET", "/api/v1/users"): Right(ADMIN),
    ("GET", "/api/v1/users/{user}"): Right(ADMIN),
    ("POST", "/api/v1/users"): Right(ADMIN, "add user"),
    ("PATCH", "/api/v1/users/{user}"): Right(ADMIN, "change user"),
    ("DELETE", "/api/v1/users/{user}"): Right(ADMIN, "remove user"),
    ("GET", "/api/v1/tokens"): Right(ADMIN),
    ("POST", "/api/v1/tokens"): Right(ADMIN, "make token"),
    ("DELETE", "/api/v1/tokens/{token}"): Right(ADMIN, "revoke token"),
    ("GET", "/api/v1/audit"): Right(ADMIN),
}
"""(method, or WS for a WebSocket; path with its parameters in braces) → right. Page assets need no row: they hold nothing."""


def right_of(method: str, template: str) -> Right | None:
    """The right of a route; None where the table has no row."""
    return RIGHTS.get((method, template))
