"""What any service over TCP must come through: rules in the way, nobody there, another server on its port."""

import pytest

from bellrock.model import Verdict
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER, World

BLOCKED = [
    pytest.param("drop", "router", Verdict.FILTERED, id="router drops"),
    pytest.param("reject", "router", Verdict.FILTERED, id="router rejects"),
    pytest.param("reject with icmpx admin-prohibited", "router", Verdict.FILTERED, id="router prohibits"),
    # In the target's name: what is not to be told from a port without a listener is told as one.
    pytest.param("reject with tcp reset", "router", Verdict.REFUSED, id="router resets"),
    pytest.param("drop", "server", Verdict.FILTERED, id="server drops"),
    pytest.param("drop", "client", Verdict.FILTERED, id="client drops"),
]


def blocked(world: World, flow: str, port: int, how: str, at: str, **options: str):
    """The verdict where a rule is in the way of a port."""
    world.block(how, f"tcp dport {port}", at)
    return world.probe(flow, port=port, within=0.8, **options)


def replies_dropped(world: World, flow: str, port: int, **options: str):
    """The verdict where the router drops what the server sends back once the connection stands."""
    world.router.run("nft", f"add table inet t; add chain inet t c {{ type filter hook forward priority 0; }}; add rule inet t c tcp sport {port} tcp flags & (syn | psh) == psh drop")  # fmt: skip
    return world.probe(flow, port=port, within=1.0, **options)


SSH_PORT, WEB_PORT, SECURE_PORT, SILENT_PORT, EMPTY_PORT = 2222, 8081, 8444, 2300, 2301
"""On the server host, by `others`: sshd; nginx with a page, plain and with TLS. Nobody listens on the last."""


def others(world: World, certificate) -> None:
    """Other real servers, to sit where the wanted one should."""
    nginx(world, f"""server {{ listen {SERVER}:{WEB_PORT}; location / {{ return 200 "hello"; }} }}
server {{ listen {SERVER}:{SECURE_PORT} ssl; ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};
  location / {{ return 200 "hello"; }} }}""", "others")  # fmt: skip
    key = world.directory / "host_key"
    world.server.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    (world.directory / "sshd.conf").write_text(f"Port {SSH_PORT}\nListenAddress {SERVER}\nHostKey {key}\nPidFile none\nUsePAM no\n")  # fmt: skip
    world.server.run("mkdir", "-p", "/run/sshd")
    world.start("/usr/sbin/sshd", "-D", "-e", "-f", world.directory / "sshd.conf")
    for port in (SSH_PORT, WEB_PORT, SECURE_PORT):
        world.listens(port)
