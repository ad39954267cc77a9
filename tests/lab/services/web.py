"""nginx and squid for tests: how they are configured, started and waited for."""

from pathlib import Path

from tests.lab.services.world import SERVER, World

CACHED = "client_body_temp_path {d}/t; proxy_temp_path {d}/t; fastcgi_temp_path {d}/t; uwsgi_temp_path {d}/t; scgi_temp_path {d}/t;"


def nginx(world: World, servers: str, name: str = "web"):
    """nginx with these `server` blocks; `{root}` in them is the directory `world.directory/root`."""
    directory = world.directory / name
    (world.directory / "root").mkdir(exist_ok=True)
    directory.mkdir(exist_ok=True)
    servers = servers.replace("{root}", str(world.directory / "root"))
    (directory / "conf").write_text(
        f"daemon off; master_process off; user root; pid {directory}/pid; error_log {directory}/log; events {{ }}\n"
        f"http {{ access_log off; {CACHED.replace('{d}', str(directory))} default_type application/octet-stream;\n"
        f"types {{ text/html html; }}\n{servers} }}\n"
    )  # fmt: skip
    return world.start("nginx", "-p", directory, "-e", directory / "log", "-c", directory / "conf")


def squid(world: World, rules: str, name: str = "squid", port: int = 3128):
    """squid on the server host, with these rules; it looks names up in `world.directory/hosts`."""
    directory = world.directory / name
    directory.mkdir(exist_ok=True)
    directory.chmod(0o777)
    hosts = world.directory / "hosts"
    if not hosts.exists():
        hosts.write_text(f"{SERVER} mirror.example\n")
    (directory / "conf").write_text(
        f"http_port {port}\npid_filename none\ncache_log {directory}/log\naccess_log none\ncoredump_dir none\ncache deny all\n"
        f"hosts_file {hosts}\ndns_nameservers 127.0.0.1\nshutdown_lifetime 0 seconds\nvisible_hostname proxy.example\n"
        f"dns_timeout 1 second\nnetdb_filename none\npinger_enable off\n{rules}\n"
    )  # fmt: skip
    program = world.start(
        "squid",
        "-N",
        "-n",
        f"b{Path(world.directory).name.replace('-', '').replace('_', '')}{name}",
        "-f",
        directory / "conf",
    )
    world.listens(port)
    return program
