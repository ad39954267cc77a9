"""The configuration file: every mistake on a line, with its place and what may have been meant."""

import os

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.cli.configfile import ConfigurationError, Mistake, blanked, load
from bellrock.cli.configkeys import SECTIONS, command_of, keys_of, schema_of
from bellrock.cli.output import EXIT_UNREADABLE, Failure

GOOD = """
[region]
listen = ["127.0.0.1:5240", "unix:/run/bellrock/region.sock"]
policy = "approve"
verbose = 1
no-beacons = true
vlan = ["eth1:10,20"]
[rack]
region = "https://10.0.0.1:5443"
[up]
port = 5555
"""
WRONG = [
    (
        '[region]\nlisten = "127.0.0.1:1"',
        2,
        "region.listen",
        'expected a list, such as ["…"], each item a text in quotes',
    ),
    ("[region]\nlisten = [1]", 2, "region.listen", 'expected a list, such as ["…"], each item a text in quotes'),
    ('[region]\nlisten = [\n "127.0.0.1:1",\n "here"]', 4, "region.listen[1]", "expected IPV4:PORT"),
    ('[region]\npolcy = "auto"', 2, "region.polcy", "did you mean 'policy'?"),
    ('[region]\npolicy = "never"', 2, "region.policy", "is not one of 'auto', 'approve', 'closed'"),
    (
        "[region]\nrebuild = true",
        2,
        "region.rebuild",
        "only on the command line: in a file it would begin with an empty",
    ),
    ("[region]\nno-beacons = 1", 2, "region.no-beacons", "expected true or false"),
    ("[region]\nverbose = true", 2, "region.verbose", "expected a whole number"),
    ('[region]\nurl = ["http://a"]', 2, "region.url[0]", "expected https://HOST:PORT"),
    ("[region]\nsite = 'gone.toml'", 2, "region.site", "does not exist"),
    ("[up]\nport = 70000", 2, "up.port", "70000 is not in the range"),
    ('[up]\nvlan = ["eth1:5000"]', 2, "up.vlan[0]", "'5000' is not a VID; expected 1 to 4094"),
    ('[rack]\nname = "a b"', 2, "rack.name", "expected at most 253 letters"),
    ('[rack]\nregion = "ftp://x"', 2, "rack.region", "expected https://HOST:PORT"),
    ("[rak]\n", 1, "rak", "no such table; did you mean 'rack'?"),
    ("region = 1", 1, "region", "expected a table: [region]"),
    ("[region\n", 1, "", "Expected ']'"),
    ("[region]\na = [" + "[" * 40 + "]" * 41, 0, "", "nested too deeply"),
]


def written(directory, text, mode=0o600):
    path = directory / "bellrock.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_what_is_right_is_taken(tmp_path):
    found = load(written(tmp_path, GOOD))
    assert found.sections["region"].values == {
        "listen": ["127.0.0.1:5240", "unix:/run/bellrock/region.sock"], "policy": "approve", "verbose": 1,
        "no-beacons": True, "vlan": ["eth1:10,20"],
    }  # fmt: skip
    assert found.sections["up"].values == {"port": 5555}
    assert (found.line("region", "policy"), found.line("up", "port")) == (4, 11)


@pytest.mark.parametrize(
    ("text", "line", "key", "what"), WRONG, ids=[f"{one[2] or 'toml'}-{n}" for n, one in enumerate(WRONG)]
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, line, key, what):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.line, mistake.key) == (str(path), line, key)
    assert what in mistake.what
    assert len(str(caught.value).splitlines()) == 1


def test_all_mistakes_are_said_in_the_order_of_the_file(tmp_path):
    text = '[up]\nprot = 1\n[region]\npolicy = "x"\nlisten = ["y", "z"]\n'
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert [(one.line, one.key) for one in caught.value.mistakes] == [
        (2, "up.prot"), (4, "region.policy"), (5, "region.listen[0]"), (5, "region.listen[1]")
    ]  # fmt: skip


def test_a_command_is_not_held_up_by_what_is_meant_for_another(tmp_path):
    path = written(tmp_path, '[up]\nprot = 1\n[rack]\nrole = "node"\n')
    assert load(path, ("rack",)).sections["rack"].values == {"role": "node"}


def test_paths_are_beside_the_file(tmp_path):
    (tmp_path / "site.toml").write_text("")
    found = load(written(tmp_path, '[region]\nsite = "site.toml"\nsecret-file = ["a", "/b"]\nstate-dir = "../s"\n'))
    assert found.sections["region"].values == {
        "site": str(tmp_path / "site.toml"), "secret-file": [str(tmp_path / "a"), "/b"], "state-dir": str(tmp_path / "../s")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://bellrock:hunter2@db/b", "postgresql://bellrock:…@db/b"),
        ("postgresql://db/b?a=1&password=hunter2&b=2", "postgresql://db/b?a=1&password=…&b=2"),
        ("postgresql://db/b?sslpassword=hunter2", "postgresql://db/b?sslpassword=…"),
        ("postgresql://u:p/hunter2@db/b", "postgresql://…"),
        ("https://10.0.0.1:5443", "https://10.0.0.1:5443"),
        ("postgresql://bellrock@db:5432/b", "postgresql://bellrock@db:5432/b"),
    ],
)
def test_passwords_of_addresses_are_blanked(address, told):
    assert blanked(address) == told


def test_a_password_is_refused_where_others_can_read_the_file(tmp_path):
    path = written(tmp_path, '[rack]\n\nregion = "https://a:hunter2@b:1"\n', mode=0o644)
    with pytest.raises(ConfigurationError) as caught:
        load(path, ("region",))
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.key) == (3, "rack.region")
    assert "hunter2" not in str(caught.value)
    assert f"chmod o-r {path}" in mistake.what
    path.chmod(0o640)
    assert load(path, ("region",)).sections["region"].values == {}


@pytest.mark.parametrize("query", ["postgresql://u:p/hunter2@db/b", "postgresql://u@db/b?sslpassword=hunter2"])
def test_no_secret_of_a_database_is_in_a_file_that_others_can_read_or_in_a_mistake(tmp_path, query):
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, f'[region]\ndatabase = "{query}"\n', mode=0o644))
    assert "chmod o-r" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_value_with_a_password_that_is_wrong_is_told_without_it(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, '[rack]\nregion = "https://a:hunter2@b:1"\n'))
    assert "hunter2" not in str(caught.value)


def test_what_everybody_can_change_is_no_configuration(tmp_path):
    with pytest.raises(Failure, match="chmod o-w"):
        load(written(tmp_path, "", mode=0o666))


def test_nothing_is_read_from_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path, "directory|regular"),
        (tmp_path / "pipe", "regular file"),
        (tmp_path / "gone", "No such file"),
    ):
        with pytest.raises(Failure, match=why) as caught:
            load(path)
        assert caught.value.exit_code == EXIT_UNREADABLE


def test_dev_null_is_an_empty_one(tmp_path):
    from pathlib import Path

    assert load(Path(os.devnull)).sections["region"].values == {}


def test_a_huge_file_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="more than 262144 octets"):
        load(written(tmp_path, "#" * (300 << 10)))


@given(st.binary(max_size=200) | st.text(alphabet='[]region="\n .,#{}1tue', max_size=120).map(str.encode))
def test_any_octets_are_a_configuration_or_lines_that_say_why_not(tmp_path_factory, octets):
    path = written(tmp_path_factory.getbasetemp(), octets)
    found = None
    try:
        load(path)
    except ConfigurationError as error:
        found = error.mistakes
    assert found is None or (found and all(str(path) in one.sentence for one in found))


def test_a_mistake_of_the_file_as_such_has_no_line():
    assert Mistake("f", 0, "", "what").sentence == "f: what"
    assert Mistake("f", 3, "", "what").sentence == "f:3: what"


TEXTS = [
    (section, key)
    for section in SECTIONS
    for key, option in keys_of(command_of(section)).items()
    if schema_of(option).get("type", "string") == "string"
]


@pytest.mark.parametrize(("section", "key"), TEXTS)
@pytest.mark.parametrize("text", ["ftp://x", "10.0.0.1:80", "-", "two words"])
def test_a_text_that_the_command_refuses_is_refused(tmp_path, section, key, text):
    """Whatever a command looks at before it begins: types and callbacks of its options."""
    command = command_of(section)
    try:
        with command.make_context(section, [f"--{key}", text]):
            pass
    except click.ClickException:
        path = tmp_path / "bellrock.toml"
        path.write_text(f'[{section}]\n{key} = "{text}"\n')
        with pytest.raises(ConfigurationError) as error:
            load(path)
        assert f"{path}:2: {section}.{key}: " in str(error.value)


@pytest.mark.parametrize(
    ("section", "key", "text", "why"),
    [
        ("region", "otlp-endpoint", "ftp://x", "expected https://HOST"),
        ("region", "disk-budget", "1 elephant", "is not a number with one of"),
        ("region", "disk-budget", "5", "5 is too little; at least 16MiB is expected."),
        ("rack", "metrics", "10.0.0.1:80", "10.0.0.1:80: figures are told on loopback"),
        ("rack", "metrics", "unix:x", "unix:x: a Unix socket needs an absolute path"),
        ("up", "name", "", "is empty; leave it out for this machine's host name"),
    ],
)
def test_what_only_a_callback_knows_is_refused(tmp_path, section, key, text, why):
    path = tmp_path / "bellrock.toml"
    path.write_text(f'[{section}]\n{key} = "{text}"\n')
    with pytest.raises(ConfigurationError) as error:
        load(path)
    (one,) = error.value.mistakes
    assert why in one.what
    assert not one.what.startswith("--")
