"""Servers of boot files and of everything else over HTTP: in.tftpd and nginx."""

from typing import Final

from msgspec import Struct

from bellrock.lab.servers.certificates import Certificate, make_certificate
from bellrock.lab.servers.values import FileSpec, Place, Server, serve_files, write

_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Tftp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TFTP server."""

    files: dict[str, FileSpec] = {}
    address: str = ""
    """Empty: all of its host."""
    extra: tuple[str, ...] = ()
    """Options of in.tftpd: `["--blocksize", "1024"]`, `["--refuse", "blksize"]`."""


class Web(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP server."""

    ports: tuple[int, ...] = (80,)
    tls_ports: tuple[int, ...] = ()
    files: dict[str, FileSpec] = {}
    certificate: Certificate = Certificate()
    extra: tuple[str, ...] = ()
    """Lines of nginx's language, inside the server block: `location /x { return 503; }`."""


def tftpd(place: Place, told: Tftp) -> Server:
    """in.tftpd of tftp-hpa."""
    root = place.directory / "root"
    serve_files(root, told.files)
    where = ("--address", f"{told.address}:69", "--secure", "--user", "root")
    return Server(argv=("in.tftpd", "--foreground", *where, *told.extra, str(root)), listens=(("udp", 69),))


def web(place: Place, told: Web) -> Server:
    """nginx."""
    serve_files(place.directory / "root", told.files)
    at = str(place.directory)
    listen = [f"listen {port}; listen [::]:{port};" for port in told.ports]
    if told.tls_ports:
        chain, key = make_certificate(place.directory, told.certificate)
        listen += [f"listen {port} ssl; listen [::]:{port} ssl;" for port in told.tls_ports]
        listen += [f"ssl_certificate {chain}; ssl_certificate_key {key};"]
    config = write(
        place,
        "conf",
        [
            f"daemon off; master_process off; user root; pid {at}/pid; error_log {at}/log; events {{ }}",
            f"http {{ access_log {at}/access; default_type application/octet-stream;",
            *(f"{kind}_temp_path {at}/t;" for kind in _TEMPORARY),
            f"server {{ root {at}/root; client_max_body_size 8m; {' '.join(listen)}",
            # A body that is posted is read whole: nginx answers an error page otherwise, and never reads it.
            "error_page 405 =200 $uri;",
            *told.extra,
            "} }",
        ],
    )
    ports = (*told.ports, *told.tls_ports)
    return Server(
        argv=("nginx", "-p", at, "-e", f"{at}/log", "-c", config), listens=tuple(("tcp", port) for port in ports)
    )
