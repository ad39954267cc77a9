"""Asking the region, over its HTTP API."""

import http.client
import ipaddress
import json
import os
import socket
import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
from typing_extensions import override

from bellrock.cli.address import MAX_UNIX_PATH, parse_region, secure_address
from bellrock.cli.keys import HERE, LOCAL_SOCKET
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, EXIT_USAGE, Failure

TOKEN_VARIABLE: Final = "BELLROCK_TOKEN_FILE"  # noqa: S105 -- a variable's name
AUTHORITY: Final = "bellrock.authority"
"""In the context: the file that `--authority` names."""
AUTHORITY_VARIABLE: Final = "BELLROCK_AUTHORITY"
LOOPBACK: Final = ("127.", "[::1]", "localhost")
TIMEOUT: Final = 10.0
MAX_ANSWER: Final = 256 * 1024 * 1024
MAX_TOKEN: Final = 1024
REFUSALS: Final = {400: EXIT_USAGE, 404: EXIT_NO, 409: EXIT_NO}
"""Statuses with which a change is refused, and the exit codes that they mean."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def get(region: str, state_dir: Path, path: str, **query: str) -> Any:  # noqa: ANN401 -- whatever the API's JSON holds
    """The JSON answer to GET /api/v1`path`.

    Args:
        region: https://HOST:PORT, http://HOST:PORT or unix:PATH.
        state_dir: where the region keeps its `api-token`, readable by its owner.

    Raises:
        Failure: no region there, no token, or the region says no; one line each.
    """
    if query:
        path += "?" + "&".join(f"{name}={quote(os.fsencode(value), safe='/')}" for name, value in query.items())
    return send(region, state_dir, "GET", path)


def send(region: str, state_dir: Path, method: str, path: str, body: Any = None, *, within: float | None = None) -> Any:  # noqa: ANN401 -- JSON
    """The JSON answer to METHOD /api/v1`path`, sent with a JSON body where there is one; None where the answer has no content.

    Args:
        within: seconds until the answer must be there; TIMEOUT where it is not said.

    Raises:
        Failure: no region there, no token, or the region says no (exit 1: not as things are; 2: not as it was asked); one line each.
    """
    region = _meant(region, state_dir)
    connection = _connection(region, state_dir)
    connection.timeout = patience = TIMEOUT if within is None else within
    headers = {"Authorization": f"Bearer {_token(state_dir)}"}
    content = None
    if body is not None:
        content, headers["Content-Type"] = _json(body), "application/json"
    try:
        connection.request(method, "/api/v1" + path, content, headers)
        response = connection.getresponse()
        answer = response.read(MAX_ANSWER)
    except ssl.SSLCertVerificationError as error:
        raise Failure(
            f"{region}: what answers there is not of the authority in {_authority(state_dir)} ({error.verify_message}); "
            "--authority FILE names another",
            EXIT_UNREADABLE,
        ) from None
    except OSError as error:
        why = f"no answer within {patience:g} s" if isinstance(error, TimeoutError) else error.strerror or error
        hint = "; `bellrock up` starts one" if region.startswith("http://") and _is_here(region) else ""
        raise Failure(f"no region at {region}: {why}{hint}", EXIT_UNREADABLE) from None
    except http.client.HTTPException as error:
        hint = "; is it https://?" if region.startswith("http://") else ""
        raise Failure(f"{region}: what answers there is not a region ({error!r}){hint}", EXIT_UNREADABLE) from None
    finally:
        connection.close()
    return _answer(region, method, response.status, answer)


def _connection(region: str, state_dir: Path) -> http.client.HTTPConnection:
    if region.startswith("https://"):
        return _secure(region, state_dir)
    where = parse_region(region)
    if isinstance(where, str):
        return _UnixConnection(where)
    return http.client.HTTPConnection(*where, timeout=TIMEOUT)


def _json(body: Any) -> bytes:  # noqa: ANN401 -- JSON
    """A body to send.

    Raises:
        Failure: something in it was typed that is no UTF-8, so no text.
    """
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        said = body.items() if isinstance(body, dict) else ()
        typed = (f"{name} {value}" for name, value in said if name != "password" and not _is_text(value))
        raise Failure(f"{next(typed, 'what was typed')}: not UTF-8, so not text; nothing was sent") from None
    return json.dumps(body).encode()


def _is_text(value: object) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in str(value))


def _meant(region: str, state_dir: Path) -> str:
    """Where to ask: this machine's own region at its socket, where nobody else can listen; others as they were given.

    Raises:
        Failure: a token would be sent in clear, or to whoever has taken the port of a region that is not running.
    """
    if region == HERE and not os.environ.get(TOKEN_VARIABLE):
        if own := _own_socket(state_dir):
            return f"unix:{own}"
        if len(os.fsencode(_socket_path(state_dir))) <= MAX_UNIX_PATH:
            _token(state_dir)  # who may not read it is told that
            # The port may be anybody's by now, and the token is not for whoever has taken it.
            why = f"none listens at its socket in {state_dir / 'region'}"
            raise Failure(f"no region at {region}: {why}; `bellrock up` starts one", EXIT_UNREADABLE)
    if region.startswith("http://") and not _is_loopback(parse_region(region)[0]):
        raise Failure(f"{region}: no token is sent in clear to another machine; ask https://HOST:PORT", EXIT_USAGE)
    return region


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _socket_path(state_dir: Path) -> str:
    return str((state_dir / "region" / LOCAL_SOCKET).absolute())


def _own_socket(state_dir: Path) -> str:
    """Where the region that keeps its state there answers, wherever else it listens; empty where none does."""
    path = str(state_dir / "region" / LOCAL_SOCKET)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(TIMEOUT)
        try:
            probe.connect(path)
        except OSError:
            return ""
    return path


def _secure(region: str, state_dir: Path) -> http.client.HTTPConnection:
    """TLS 1.3 to a region of the authority that this machine has joined or runs, or that was named; names are not compared."""
    from bellrock.agent.credentials import region_context

    host, port = secure_address(region)
    context = region_context()
    path = _authority(state_dir)
    try:
        context.load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError) as error:
        why = "no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise Failure(f"{path}: {why}; it is the authority that the region is held to", EXIT_UNREADABLE) from None
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)


def _authority(state_dir: Path) -> Path:
    """The certificate to hold a region to: the one named, the one that this machine has joined, or that of its own region.

    Raises:
        Failure: there is none.
    """
    context = click.get_current_context(silent=True)
    if named := (context and context.meta.get(AUTHORITY)) or os.environ.get(AUTHORITY_VARIABLE):
        return Path(named)
    kept = (state_dir / "rack" / "authority.crt", state_dir / "region" / "authority" / "authority.crt")
    for path in kept:
        if path.exists():
            return path
    raise Failure(
        f"no authority to hold the region to: this machine has not joined ({kept[0]} is not there); give --authority FILE, "
        "the certificate that `bellrock region` keeps in region/authority/authority.crt",
        EXIT_UNREADABLE,
    )


def _token(state_dir: Path) -> str:
    named = os.environ.get(TOKEN_VARIABLE)
    path = Path(named) if named else state_dir / "region" / "api-token"
    try:
        with path.open("rb") as file:
            token = file.read(MAX_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise Failure(
            f"{path}: {error.strerror}; "
            + (f"{TOKEN_VARIABLE} names it" if named else "it is made where the region runs: give its --state-dir"),
            EXIT_UNREADABLE,
        ) from None
    except UnicodeDecodeError:
        token = ""
    if not token.isprintable() or not token or len(token) > MAX_TOKEN:
        remedy = "`bellrock token new` makes one" if named else "the region makes it anew when the file is removed"
        raise Failure(f"{path}: not a token; {remedy}", EXIT_UNREADABLE)
    return token


def _is_here(region: str) -> bool:
    return region.startswith("unix:") or region.partition("://")[2].startswith(LOOPBACK)


def _answer(region: str, method: str, status: int, body: bytes) -> Any:  # noqa: ANN401
    if status == http.HTTPStatus.NO_CONTENT:
        return None
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise Failure(
            f"{region}: what answers there is not a region (no JSON, status {status})", EXIT_UNREADABLE
        ) from None
    if not 200 <= status < 300:
        detail = answer.get("detail", "") if isinstance(answer, dict) else ""
        if status == http.HTTPStatus.UNAUTHORIZED and not os.environ.get(TOKEN_VARIABLE) and not _is_here(region):
            detail = (
                f"a token is needed over the network, where the state directory's does not count: `bellrock token new "
                f"NAME` at the region makes one, ${TOKEN_VARIABLE} names the file with it"
            )
        code = EXIT_UNREADABLE if method == "GET" else REFUSALS.get(status, EXIT_UNREADABLE)
        raise Failure(f"{region}: {detail or f'status {status}'}", code)
    return answer
