"""The agent beside a region: when it is there, where it reports, and what a damaged secret file does to both."""

import asyncio
from pathlib import Path

import pytest

from bellrock.agent.settings import Settings as AgentSettings
from bellrock.cli import regionrun
from bellrock.cli.regionrun import Beside, _rekey, rekeying, speaks_tls, with_local
from bellrock.link.device import LinkError
from bellrock.region.addresses import AddressError
from bellrock.region.server import RegionError, Settings
from bellrock.wire.keys import Key, Keyring


@pytest.mark.parametrize(
    ("listen", "tls"),
    [
        (("127.0.0.1:5240",), False), (("unix:/s",), False), (("http://10.0.0.1:1",), False),
        (("0.0.0.0:5443",), True), (("127.0.0.1:1", "[2001:db8::1]:5443"), True), (("https://127.0.0.1:0",), True),
    ],
)  # fmt: skip
def test_where_it_speaks_tls_it_can_be_joined(listen, tls):
    assert speaks_tls(listen) is tls


def test_an_address_that_is_none_is_told():
    with pytest.raises(AddressError):
        speaks_tls(("nowhere",))


def test_its_own_agent_and_commands_find_it_on_this_machine(tmp_path):
    def listens(*listen, state_dir=tmp_path):
        return with_local(Settings(state_dir=state_dir, keys=(), listen=listen)).listen

    own = "unix:/s/local.sock"
    here = Path("/s")
    assert listens("127.0.0.1:5240", "0.0.0.0:5443", state_dir=here) == ("127.0.0.1:5240", "0.0.0.0:5443", own)
    assert listens(own, state_dir=here) == (own,)
    assert listens("0.0.0.0:1", state_dir=here) == ("0.0.0.0:1", own)
    deep = tmp_path / ("x" * 120)
    assert listens("unix:/s", "0.0.0.0:5443", state_dir=deep) == ("unix:/s", "0.0.0.0:5443")
    assert listens("0.0.0.0:1", state_dir=deep) == ("0.0.0.0:1", "127.0.0.1:0")


def test_a_region_that_may_not_beacon_runs_unheard(tmp_path, monkeypatch, caplog):
    def refuse(_):
        raise LinkError("no network today")

    monkeypatch.setattr("bellrock.cli.regionrun.open_all", refuse)
    beside = Beside(AgentSettings(state_dir=tmp_path), wanted=True)
    assert beside.opened is None
    assert "no network today; this region does not beacon" in caplog.text
    beside.close()
    Beside(AgentSettings(state_dir=tmp_path), wanted=False).close()


def test_secrets_that_a_region_does_not_take_change_nothing(caplog):
    class Region:
        def set_secrets(self, accepted):
            raise ValueError(f"{len(accepted)} are too many")

    _rekey(Region(), Keyring([Key(bytes([n]) * 32) for n in range(9)]))
    assert "9 are too many; the secrets so far stay in force" in caplog.text


@pytest.mark.parametrize(
    ("error", "said"),
    [(None, ""), (RegionError("site.toml: wrong\nand more"), "site.toml: wrong; the site so far stays in force")],
)
def test_sighup_has_the_site_file_read_again(monkeypatch, caplog, error, said):
    read, armed, changed = [], [], []

    class Region:
        def set_secrets(self, accepted):
            changed.append("region")

    async def take_site(region, path):
        read.append(path)
        if error:
            raise error

    async def scene():
        rekeying(Region(), armed.append, Path("site.toml"))(lambda _: changed.append("agent"))
        armed[0](Keyring([Key(bytes(32))]))
        async with asyncio.timeout(10):
            while not read:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    monkeypatch.setattr(regionrun, "take_site", take_site)
    asyncio.run(scene())
    assert (read, changed) == ([Path("site.toml")], ["region", "agent"])
    assert said in caplog.text
