"""Rules of iptables-legacy are never ignored."""

import subprocess
import sys

import pytest

from bellrock.cli import nft_legacy
from bellrock.cli.output import Failure


def test_none(tmp_path):
    nft_legacy.require_none(tmp_path)
    (tmp_path / "ip_tables_names").write_text("")
    nft_legacy.require_none(tmp_path)


@pytest.mark.parametrize(("name", "program"), nft_legacy._NAMES)
def test_tables_are_named_with_what_shows_them(tmp_path, name, program):
    (tmp_path / name).write_text("filter\nnat\n")
    with pytest.raises(Failure, match=rf"{program} are in force \(filter, nat\).*{program}-save") as caught:
        nft_legacy.require_none(tmp_path)
    assert caught.value.exit_code == 3


def test_what_may_not_be_read(tmp_path):
    (tmp_path / "ip_tables_names").mkdir()
    with pytest.raises(Failure, match="run it as root"):
        nft_legacy.require_none(tmp_path)


@pytest.mark.lab
def test_a_live_ruleset_beside_legacy_rules_gets_no_verdict():
    script = "iptables-legacy -P INPUT DROP && exec \"$0\" -c 'from bellrock.cli import nft; nft.live()'"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, sys.executable], capture_output=True, text=True, timeout=60
    )
    assert "tables of iptables-legacy are in force (filter)" in done.stderr
