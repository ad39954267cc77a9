"""`bellrock firewall apply` and `confirm` under real kills: what was there before stands, or what was confirmed does."""

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess

import pytest

from tests.cli.programs import BELLROCK
from tests.lab.applying import BEFORE, BESIDE, SITE, Bench, programs, wait_until

pytestmark = pytest.mark.lab


@pytest.fixture
def bench(short_path):
    with programs(short_path) as start:
        made = Bench(short_path, start)
        yield made
        made.close()


@pytest.fixture(params=[(BESIDE, BEFORE), (BESIDE,)], ids=["replaces", "first"])
def before(request, bench):
    return bench.given(*request.param)


def is_again(bench, before):
    wait_until(lambda: bench.ruleset() == before, "what was there before is not in force")


def answered(bench, answer):
    done = subprocess.run(
        bench.space.command(str(BELLROCK), "firewall", "apply", "--site", str(SITE), "--for", "rack", "--json"),
        input=answer, text=True, capture_output=True, timeout=60,
        env=os.environ | {"BELLROCK_STATE_DIR": str(bench.state)},
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)["outcome"]


def test_yes_keeps_them_and_then_nothing_is_left_to_change(bench, before):
    assert answered(bench, "yes\n") == (0, "kept")
    assert "dhcp/renew" in bench.ours()
    assert BESIDE.partition("\n")[0] in bench.ruleset()
    bench.over()
    assert answered(bench, "") == (0, "unchanged")


def test_any_other_answer_takes_them_back(bench, before):
    assert answered(bench, "what?\n") == (1, "restored")
    assert bench.ruleset() == before
    bench.over()


def test_no_answer_takes_them_back(bench, before):
    program = bench.apply(within=1)
    assert program.ends() == 1
    assert "not confirmed within 1 s" in program.out
    assert bench.ruleset() == before
    bench.over()


def test_another_session_can_keep_them(bench, before):
    program = bench.applied()
    assert bench.firewall("confirm").ends() == 0
    assert program.ends() == 0
    assert "the rules stay" in program.out
    assert "dhcp/renew" in bench.ours()
    bench.over()


def test_nothing_to_confirm(bench, before):
    program = bench.firewall("confirm")
    assert program.ends() == 1
    assert "nothing waits to be confirmed" in program.err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_killed_while_it_waits_the_rules_go_all_the_same(bench, before, number):
    program = bench.applied(within=2)
    program.ends(number)
    is_again(bench, before)
    bench.over()


def test_killed_while_it_waits_another_session_can_still_keep_them(bench, before):
    bench.applied().ends(signal.SIGKILL)
    assert bench.firewall("confirm", "--json").ends() == 0
    bench.over()
    assert "dhcp/renew" in bench.ours()


def test_ctrl_c_takes_them_back_at_once(bench, before):
    assert bench.applied().ends(signal.SIGINT) == 1
    assert bench.ruleset() == before
    bench.over()


def test_killed_while_it_loads(bench, before):
    bench.set("wait")
    program = bench.apply(within=1)
    os.kill(bench.loading(), 0)
    assert bench.ruleset() == before
    # The order to load was given before the kill: the keeper carries it out, and takes it back.
    program.ends(signal.SIGKILL)
    assert bench.ruleset() == before
    bench.let_go()
    bench.over()
    assert bench.ruleset() == before


def test_killed_at_any_moment(bench):
    """From the start to well after loading, in steps of 50 ms."""
    before = bench.given(BESIDE, BEFORE)
    for step in range(10):
        program = bench.apply(within=1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.process.wait(step * 0.05)
        program.ends(signal.SIGKILL)
        if (bench.state / "firewall").exists():
            bench.over()
        assert bench.ruleset() == before, step


def test_the_keeper_killed_while_it_loads_loads_nothing(bench, before):
    bench.set("wait")
    program = bench.apply()
    loader = bench.loading()
    (bench.directory / "wait").unlink()
    os.kill(bench.keeper(), signal.SIGKILL)
    assert program.ends() == 1
    assert "the keeper was killed; what was there before is in force again" in program.out
    wait_until(lambda: not os.path.exists(f"/proc/{loader}"), "nft outlived the keeper")
    assert bench.ruleset() == before


def test_the_keeper_killed_while_it_waits_is_seen_and_made_good(bench, before):
    program = bench.applied()
    os.kill(bench.keeper(), signal.SIGKILL)
    assert program.ends() == 1
    assert bench.ruleset() == before
    # Nothing that it left behind stands in the way of the next.
    assert answered(bench, "yes\n") == (0, "kept")
    bench.over()


def test_a_keeper_told_to_end_puts_back_first(bench, before):
    program = bench.applied()
    os.kill(bench.keeper(), signal.SIGTERM)
    assert program.ends() == 1
    assert "told to end" in program.out
    assert bench.ruleset() == before


def test_the_keeper_has_no_terminal_and_no_session_in_common(bench, before):
    """As when an SSH session dies: its terminal goes, and all in its session hear of it."""
    shell, terminal = pty.openpty()
    command = bench.space.command(
        "setsid", "--ctty", "--wait", str(BELLROCK), "firewall", "apply", "--site", str(SITE), "--for", "rack", "--confirm-within", "2",
    )  # fmt: skip
    environment = os.environ | {"BELLROCK_STATE_DIR": str(bench.state)}
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    seen = b""
    while b"Can you still get in?" not in seen:
        seen += os.read(shell, 65536)
    keeper = bench.keeper()
    assert os.getsid(keeper) != os.getsid(process.pid)
    assert {os.readlink(f"/proc/{keeper}/fd/{number}") for number in range(3)} == {"/dev/null"}
    os.close(shell)
    process.wait(10)
    is_again(bench, before)
    bench.over()


def test_a_second_one_has_to_wait(bench, before):
    program = bench.applied()
    second = bench.firewall("apply", "--site", SITE, "--for", "node")
    assert second.ends() == 3
    assert "wait to be confirmed" in second.err
    assert "dhcp/renew" in bench.ours()
    assert bench.firewall("confirm").ends() == 0
    assert program.ends() == 0


def test_state_is_for_its_owner_alone(bench, before):
    program = bench.applied()
    directory = bench.state / "firewall"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in directory.iterdir()} == {0}
    assert len(list(directory.iterdir())) == 3
    program.ends(signal.SIGINT)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("refuse-check", "", "the new rules would not load: Error: syntax"),
        ("refuse-load", "", "the rules did not load; what was there before is in force: Error: no memory"),
        ("version", "nftables v0.9.0 (Fearless Fosdick)", "nft is version 0.9.0, and 1.0.0 is the oldest that will do"),
    ],
)
def test_what_nft_refuses_changes_nothing(bench, before, name, text, said):
    bench.set(name, text)
    program = bench.apply()
    assert program.ends() == 3
    assert program.err.strip().splitlines()[-1] == f"Error: {said}"
    assert bench.ruleset() == before


def test_without_permission_it_is_one_line(bench, before):
    program = bench.apply(prefix=("setpriv", "--bounding-set=-net_admin,-sys_admin", "--inh-caps=-all"))
    assert program.ends() == 3
    assert "not permitted; run it as root, or with CAP_NET_ADMIN" in program.err
    assert bench.ruleset() == before


def test_a_table_of_somebody_else_is_refused(bench, before):
    program = bench.apply("--table", "filter")
    assert program.ends() == 2
    assert "its name has to begin with bellrock" in program.err
    assert bench.ruleset() == before


def test_a_directory_that_others_may_write_to_is_closed_to_them_first(bench, before):
    (bench.state / "firewall").mkdir(parents=True)
    (bench.state / "firewall").chmod(0o777)
    program = bench.applied()
    assert (bench.state / "firewall").stat().st_mode & 0o777 == 0o700
    program.ends(signal.SIGINT)


def test_a_state_directory_that_cannot_be_made_loads_nothing(bench, before):
    bench.set("state", "a file is in the way")
    program = bench.apply()
    assert program.ends() == 3
    assert "nothing was loaded" in program.err
    assert bench.ruleset() == before
    assert bench.firewall("confirm").ends() == 1


def test_an_nft_that_commits_and_then_fails_is_undone(bench, before):
    bench.set("commit-and-fail")
    program = bench.apply()
    assert program.ends() == 3
    assert "the rules did not load; what was there before is in force: netlink: Error: No buffer space" in program.err
    assert bench.ruleset() == before
    bench.over()


def test_an_nft_that_commits_and_then_hangs_is_killed_and_undone(bench, before):
    bench.set("commit-once-and-hang")
    program = bench.apply(within=1)
    wait_until((bench.directory / "committed").exists, "nft was not told to load")
    assert program.ends(seconds=30) == 3
    assert "nft did not end within 5 s" in program.err
    assert bench.ruleset() == before
    bench.over()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_keeper_ended_when_nft_has_committed_and_hangs(bench, before, number):
    bench.set("commit-once-and-hang")
    program = bench.apply(within=5)
    wait_until((bench.directory / "committed").exists, "nft was not told to load")
    os.kill(bench.keeper(), number)
    assert program.ends(seconds=40) in (1, 3)
    assert bench.ruleset() == before
    bench.over()


def test_what_cannot_be_put_back_is_said_with_the_command_that_does(bench, before):
    bench.set("commit-and-break")
    program = bench.applied(within=1)
    assert program.ends(seconds=60) == 3
    (kept,) = (bench.state / "firewall").glob("*.before.nft")
    assert "COULD NOT BE PUT BACK: Error: broken" in program.err
    assert f"load it with: nft -f {kept}" in program.err
    assert "dhcp/renew" in bench.ours()
    # The next one does not write over the only copy, and the command does what it is said to do.
    second = bench.firewall("apply", "--site", SITE, "--for", "node")
    assert second.ends() == 3
    assert "was killed before it could put back" in second.err
    bench.nft("-f", str(kept))
    assert bench.ruleset() == before


def test_a_state_directory_that_vanishes_keeps_nobody_out(bench, before):
    program = bench.applied(within=1)
    shutil.rmtree(bench.state)
    assert program.ends() == 1
    assert bench.ruleset() == before


def test_the_same_rules_unconfirmed_are_not_said_to_be_in_force(bench, before):
    program = bench.applied()
    second = bench.apply()
    assert second.ends() == 3
    assert "wait to be confirmed" in second.err
    program.ends(signal.SIGINT)


@pytest.mark.parametrize("table", ["bellrock/../../x", "../../etc/passwd", "filter"])
def test_a_name_that_is_no_table_of_ours_reaches_no_path(bench, table):
    program = bench.firewall("confirm", "--table", table)
    assert program.ends() == 2
    assert "its name has to begin with bellrock" in program.err
