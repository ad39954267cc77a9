"""Asking the region, over its HTTP API."""

import errno
import http.client
import ipaddress
import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import click

from bellrock.cli.address import MAX_UNIX_PATH, parse_region, secure_address
from bellrock.cli.keys import HERE, LOCAL_SOCKET
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, EXIT_USAGE, Failure
from bellrock.client.transport import UnixConnection

TOKEN_VARIABLE: Final = "BELLROCK_TOKEN_FILE"  # noqa: S105 -- a variable's name
AUTHORITY: Final = "bellrock.authority"
"""In the context: the file that `--authority` names."""
AUTHORITY_VARIABLE: Final = "BELLROCK_AUTHORITY"
LOOPBACK: Final = ("127.", "[::1]", "localhost")
TIMEOUT: Final = 10.0
MAX_ANSWER: Final = 256 * 1024 * 1024
MAX_TOKEN: Final = 1024
LOGIN: Final = "Log in "
"""How a region begins what it says to those that it does not know."""
REFUSALS: Final = {400: EXIT_USAGE, 404: EXIT_NO, 409: EXIT_NO}
"""Statuses with which a change is refused, and the exit codes that they mean."""


class Refusal(Failure):
    """The region says no."""

    def __init__(self, message: str, exit_code: int, status: int) -> None:
        """`status`: of HTTP."""
        super().__init__(message, exit_code)
        self.status = status


def send(region: str, state_dir: Path, method: str, path: str, body: Any = None, *, within: float | None = None) -> Any:  # noqa: ANN401 -- JSON
    """The JSON answer to METHOD /api/v1`path`, sent with a JSON body where there is one; None where the answer has no content.

    Args:
        within: seconds until the answer must be there; TIMEOUT where it is not said.

    Raises:
        Failure: no region there, no token, or the region says no (exit 1: not as things are; 2: not as it was asked); one line each.
    """
    with _answering(region, state_dir, method, path, body, within) as (region, response):
        answer = response.read(MAX_ANSWER)
    return _answer(region, state_dir, method, response.status, answer)


@contextmanager
def streamed(region: str, state_dir: Path, method: str, path: str) -> Iterator[http.client.HTTPResponse]:
    """The answer, to be read inside the block.

    Raises:
        Failure: as for `send`.
    """
    with _answering(region, state_dir, method, path, None, None) as (region, response):
        if response.status != HTTPStatus.OK:
            _answer(region, state_dir, method, response.status, response.read(MAX_ANSWER))
        yield response


@contextmanager
def _answering(
    region: str, state_dir: Path, method: str, path: str, body: Any, within: float | None,  # noqa: ANN401 -- JSON
) -> Iterator[tuple[str, http.client.HTTPResponse]]:  # fmt: skip
    """Where is asked, and the answer, whose body is read inside the block."""
    region = _meant(region, state_dir)
    connection = _connection(region, state_dir)
    connection.timeout = patience = TIMEOUT if within is None else within
    headers = {"Authorization": f"Bearer {_token(state_dir)}"}
    content = None
    if body is not None:
        content, headers["Content-Type"] = _json(body), "application/json"
    try:
        connection.request(method, "/api/v1" + path, content, headers)
        yield region, connection.getresponse()
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


def _connection(region: str, state_dir: Path) -> http.client.HTTPConnection:
    if region.startswith("https://"):
        return _secure(region, state_dir)
    where = parse_region(region)
    if isinstance(where, str):
        return UnixConnection(where, TIMEOUT)
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
    if region.startswith("unix:") and isinstance(where := parse_region(region), str) and not os.path.exists(where):
        raise Failure(f"no region at {region}: {os.strerror(errno.ENOENT)}", EXIT_UNREADABLE)
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


def _answer(region: str, state_dir: Path, method: str, status: int, body: bytes) -> Any:  # noqa: ANN401
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
        if status == http.HTTPStatus.UNAUTHORIZED:
            detail = _not_let_in(region, state_dir, detail)
        code = EXIT_UNREADABLE if method == "GET" else REFUSALS.get(status, EXIT_UNREADABLE)
        raise Refusal(f"{region}: {detail or f'status {status}'}", code, status)
    return answer


def _not_let_in(region: str, state_dir: Path, detail: str) -> str:
    """What is wrong with the token that was shown, in place of how a browser is let in."""
    named = os.environ.get(TOKEN_VARIABLE)
    if not named and not _is_here(region):
        return (
            f"a token is needed over the network, where the state directory's does not count: `bellrock token new "
            f"NAME` at the region makes one, ${TOKEN_VARIABLE} names the file with it"
        )
    if not detail.startswith(LOGIN):
        return detail
    if named:
        return (
            f"the token in {named} does not count, or no longer; `bellrock token new NAME` at the region makes another"
        )
    return (
        f"the token in {state_dir / 'region' / 'api-token'} does not count: it was revoked, or is another region's; "
        f"start the region anew, which makes another, or name a file with one in ${TOKEN_VARIABLE}"
    )
