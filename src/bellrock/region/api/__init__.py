"""HTTP and WebSockets: routes, who may use them, and errors as problem+json (RFC 9457)."""

from bellrock.region.api.app import make_app, make_own_app

__all__ = ["make_app", "make_own_app"]
