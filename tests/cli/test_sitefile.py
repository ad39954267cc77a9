from pathlib import Path

import pytest

from bellrock.cli.output import Failure
from bellrock.cli.sitefile import parse_site, read_raw, read_site
from bellrock.flows.site_file import MAX_FILE

EXAMPLE = Path(__file__).parents[2] / "examples" / "site.toml"


def test_a_site_is_read():
    site = read_site(EXAMPLE)
    assert site.name == "Hall 2"
    assert parse_site(read_raw(EXAMPLE), EXAMPLE) == site


@pytest.mark.parametrize(
    ("name", "why"),
    [("absent.toml", "No such file or directory"), (".", "Is a directory"), ("x" * 300, "File name too long")],
)
def test_what_cannot_be_read_is_one_line(tmp_path, name, why):
    with pytest.raises(Failure, match=why) as failure:
        read_site(tmp_path / name)
    assert failure.value.exit_code == 3
    assert "bellrock site init" in failure.value.message


@pytest.mark.parametrize(
    "raw", [b"\x7fELF\x02\x01\x01\x00\xff", b"[" * 5000, b"\0" * 100, b"a = " + b"[" * 3000 + b"]" * 3000]
)
def test_what_is_no_site_file_is_one_line(tmp_path, raw, capsys):
    (tmp_path / "site.toml").write_bytes(raw)
    with pytest.raises(Failure) as failure:
        read_site(tmp_path / "site.toml")
    assert failure.value.exit_code == 2
    assert str(tmp_path / "site.toml") in failure.value.message
    assert capsys.readouterr().err == ""


def test_an_enormous_file_is_refused_and_not_read(tmp_path):
    with (tmp_path / "site.toml").open("wb") as file:
        file.truncate(1 << 40)
    assert len(read_raw(tmp_path / "site.toml")) == MAX_FILE + 1
    with pytest.raises(Failure) as failure:
        read_site(tmp_path / "site.toml")
    assert failure.value.exit_code == 2


def test_each_mistake_is_a_line(tmp_path, capsys):
    path = tmp_path / "site.toml"
    path.write_text('[[subnet]]\nname = "a"\ncidr = "10.0.0.0/33"\n[role.nod]\nsubnets = ["x"]\n')
    with pytest.raises(Failure, match=r"site.toml:4: role.nod: no role 'nod'; did you mean 'node'\?") as failure:
        read_site(path)
    assert failure.value.exit_code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Error: {path}:3: subnet[0].cidr: ")
