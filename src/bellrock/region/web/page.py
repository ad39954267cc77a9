"""Serves the page that the wheel carries in `bellrock/_page`."""

import hashlib
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from litestar import HttpMethod, Request, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

MAX_FILE: Final = 8 << 20
"""Octets of one file of the page; they are kept in memory."""
NOT_BUILT: Final = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Bellrock</title>
<h1>The page was not built</h1>
<p>The region runs, and its API answers under <code>/api/v1</code>. To build the page, run <code>make setup</code> in the
source tree and start the region again.</p></html>
"""


class Asset(Struct, frozen=True):
    """One file of the page."""

    body: bytes
    media_type: str
    tag: str
    """Its ETag (RFC 9110 §8.8.3)."""
    lasting: bool
    """Its name contains a hash of its content, so that it never changes."""


def page_routes(page: Traversable | None = None) -> Router:
    """Routes to every file of the page; to a clear message where it was not built."""
    found = read_page(page or files("bellrock") / "_page")
    if "/index.html" not in found:
        return Router("/", route_handlers=[_handler("/", None)])
    found["/"] = found["/index.html"]
    return Router("/", route_handlers=[_handler(path, asset) for path, asset in found.items()])


def read_page(root: Traversable, prefix: str = "") -> dict[str, Asset]:
    """The files below a directory: {path: asset}; empty if it is not there."""
    found: dict[str, Asset] = {}
    if not root.is_dir():
        return found
    for entry in root.iterdir():
        path = f"{prefix}/{entry.name}"
        if entry.is_dir():
            found |= read_page(entry, path)
        elif not entry.name.startswith(".") and len(body := entry.read_bytes()) <= MAX_FILE:
            found[path] = _asset(path, body)
    return found


def _asset(path: str, body: bytes) -> Asset:
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Asset(body, media_type, tag, lasting=path.startswith("/assets/"))


def _handler(path: str, asset: Asset | None) -> HTTPRouteHandler:
    @route(path, http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False, sync_to_thread=False,
           name=f"page {path}")  # fmt: skip
    def serve(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Serve the file, or say that there is none."""
        if asset is None:
            return Response(NOT_BUILT.encode(), status_code=503, media_type="text/html")
        cache = "public, max-age=31536000, immutable" if asset.lasting else "no-cache"
        headers = {"etag": asset.tag, "cache-control": cache}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    return serve
