"""Options, then the environment, then the file, then the default."""

import click
import pytest
from click.testing import CliRunner

from bellrock.cli import configfile
from bellrock.cli.configuring import chosen, config_option, defaults
from bellrock.cli.rack import rack


@pytest.fixture
def up(monkeypatch):
    """A command called `up` that says what came to it; its keys are those of the real one."""
    monkeypatch.delenv("BELLROCK_CONFIG", raising=False)
    for name in ("BELLROCK_STATE_DIR", "BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)

    @click.command(name="up")
    @click.option("--port", type=int, default=5240)
    @click.option("--state-dir")
    @click.option("--vlan", "vlans", multiple=True)
    @config_option
    def up(**given):
        click.echo(repr(given))

    def run(*words):
        done = CliRunner().invoke(up, words, prog_name="up")
        return done.output if done.exit_code else eval(done.output)

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[up]\nport = 1111\nstate-dir = "/file"\nvlan = ["eth0:1", "eth1:2"]\n')
    return path


def test_without_a_file_there_are_defaults(up, monkeypatch, tmp_path):
    monkeypatch.setattr(configfile, "DEFAULT", tmp_path / "none")
    assert up() == {"port": 5240, "state_dir": None, "vlans": ()}


def test_the_file_goes_before_defaults(up, file):
    assert up("--config", str(file)) == {"port": 1111, "state_dir": "/file", "vlans": ("eth0:1", "eth1:2")}


def test_the_default_file_is_read_where_it_is(up, file, monkeypatch):
    monkeypatch.setattr(configfile, "DEFAULT", file)
    assert up()["port"] == 1111
    assert up("--config", "/dev/null")["port"] == 5240


def test_the_environment_names_a_file(up, file, monkeypatch):
    monkeypatch.setenv("BELLROCK_CONFIG", str(file))
    assert up()["port"] == 1111


def test_the_environment_goes_before_the_file(up, file, monkeypatch):
    monkeypatch.setenv("BELLROCK_STATE_DIR", "/environment")
    assert up("--config", str(file))["state_dir"] is None  # the command asks the environment by itself


def test_options_go_before_all(up, file):
    found = up("--port", "2222", "--vlan", "eth9:9", "--config", str(file))
    assert found == {"port": 2222, "state_dir": "/file", "vlans": ("eth9:9",)}


def test_mistakes_are_said_line_by_line(up, tmp_path):
    (tmp_path / "c.toml").write_text("[up]\nprot = 1\nport = 'x'\n")
    lines = up("--config", str(tmp_path / "c.toml")).splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["Error", "Error"]
    assert "did you mean 'port'?" in lines[0]
    assert ":3: up.port: expected a whole number" in lines[1]


def test_what_the_environment_says_is_left_out(file, monkeypatch):
    section = configfile.load(file).sections["up"]
    assert defaults(section)["state_dir"] == "/file"
    monkeypatch.setenv("BELLROCK_STATE_DIR", "/environment")
    assert "state_dir" not in defaults(section)


def test_a_file_that_is_named_is_meant_even_where_it_is_not(tmp_path):
    assert chosen(str(tmp_path / "gone")) == tmp_path / "gone"


def passed_on(monkeypatch, *words):
    """What `rack join` would have been called with."""
    taken = {}

    def start(context):
        taken.update(context.params)

    monkeypatch.setattr(rack.commands["join"], "invoke", start)
    done = CliRunner().invoke(rack, words, prog_name="rack", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return taken


@pytest.mark.parametrize("where", ["before", "after"])
def test_rack_join_goes_by_the_table_of_the_rack(tmp_path, monkeypatch, where):
    monkeypatch.setenv("BELLROCK_CONFIG", "/dev/null")
    (tmp_path / "c.toml").write_text('[rack]\nname = "here"\nrole = "node"\nregion = "other"\n')
    option = ("--config", str(tmp_path / "c.toml"))
    words = (*option, "--region", "mine", "join") if where == "before" else ("--region", "mine", "join", *option)
    found = passed_on(monkeypatch, *words)
    assert (found["name"], found["region_url"]) == ("here", "mine")


def test_completion_reads_no_file(tmp_path):
    from bellrock.cli.run import up as real

    context = real.make_context("up", ["--config", str(tmp_path / "gone")], resilient_parsing=True)
    assert not context.default_map
