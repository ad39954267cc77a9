import asyncio.sslproto
import gc
import ssl
import subprocess
import sys

from bellrock.region import memory
from bellrock.region.memory import ANEW, TLS_BUFFER, Calm, slim_tls


def test_full_collections_leave_out_what_has_lasted_and_look_at_everything_now_and_then():
    program = """
import gc
from bellrock.region.memory import ANEW, settle_in
settle_in()
frozen = gc.get_freeze_count()
assert frozen > 1000, frozen
assert gc.get_threshold()[0] >= 10_000
kept = [[number] for number in range(5000)]
gc.collect()
assert gc.get_freeze_count() >= frozen + 5000
for _ in range(ANEW):
    gc.collect()
    if not gc.get_freeze_count():
        break
else:
    raise AssertionError("nothing is ever looked at again")
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_small_collections_freeze_nothing(monkeypatch):
    done: list[str] = []
    monkeypatch.setattr(memory.gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(memory.gc, "unfreeze", lambda: done.append("unfreeze"))
    calm = Calm()
    for generation in (0, 1):
        calm("stop", {"generation": generation})
    calm("start", {"generation": 2})
    assert done == []
    for _ in range(ANEW):
        calm("stop", {"generation": 2})
    assert done == ["freeze"] * (ANEW - 1) + ["unfreeze"]
    assert gc.isenabled()


def test_a_tls_connection_holds_a_small_buffer():
    before = asyncio.sslproto.SSLProtocol.max_size
    try:
        slim_tls()

        async def made() -> int:
            loop = asyncio.get_running_loop()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            one = asyncio.sslproto.SSLProtocol(loop, asyncio.Protocol(), context, loop.create_future())
            one._get_app_transport()._closed = True  # there was never a connection to close
            return len(one._ssl_buffer)

        assert asyncio.run(made()) == TLS_BUFFER
    finally:
        asyncio.sslproto.SSLProtocol.max_size = before
