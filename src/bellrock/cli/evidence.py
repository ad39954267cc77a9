"""`bellrock evidence`: everything that an expert would ask for, in one archive; and that archive read elsewhere."""

import sys
from pathlib import Path

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_NO, json_option, print_json
from bellrock.cli.paths import FILE, PathName
from bellrock.cli.topology import region_options


@click.group(epilog="Example: bellrock evidence bundle -o case-1.tar.gz")
def evidence() -> None:
    """Put what an expert would ask for into one archive, without secrets and payloads; read such an archive."""


@evidence.command(epilog="Example: bellrock evidence bundle --capture boot.pcapng -o case-1.tar.gz")
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help="Where to write the archive (.tar.gz).")
@click.option(
    "--capture",
    "captures",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Add this capture, headers only; may be given again.",
)
@click.option(
    "--payloads", is_flag=True, help="Leave payloads in captures; known secrets in them are blanked all the same."
)
@click.option(
    "--site",
    "site_file",
    type=PathName(path_type=Path),
    help="Add this site file; values that look secret are blanked.",
)
@click.option("--no-region", is_flag=True, help="Leave out what the region knows.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@region_options
@json_option
def bundle(
    output: str, captures: tuple[str, ...], *, payloads: bool, site_file: Path | None, no_region: bool, force: bool, region_url: str,
    state_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Write one archive: this host (interfaces, routes, neighbours, sockets, rules, clock, versions), what the region knows
    (topology, evidence, findings, matrix), captures, diagnoses of them, and a page that leads through it.

    What cannot be had is left out, and the archive says why. Names, MAC and IP addresses are in it: they are what it is about.

    Exit 0: done. Exit 2: usage. Exit 3: a capture or the site cannot be read, or the archive not be written.
    """
    from bellrock.cli.bundle import Bundle
    from bellrock.cli.bundlehost import host_parts
    from bellrock.cli.bundleregion import region_parts
    from bellrock.cli.bundlesite import site_parts
    from bellrock.cli.bundletraffic import capture_parts
    from bellrock.cli.pictures import may_write

    read = (*captures, *([str(site_file)] if site_file else ()))
    may_write({"-o": Path(output)}, read, force=force)
    with Bundle(output, force=force) as found:
        host_parts(found)
        if no_region:
            found.leave_out("the region", "--no-region was given")
        else:
            region_parts(found, region_url, state_dir)
        for path in captures:
            capture_parts(found, path, payloads=payloads)
        if site_file is not None:
            site_parts(found, site_file)
        manifest = found.finish()
    if as_json:
        print_json({"file": output, **manifest})
        return
    click.echo(f"{output}: {len(manifest['parts'])} parts, from {manifest['host']}", err=True)
    for one in manifest["left_out"]:
        click.echo(f"Note: left out: {one['what']}: {one['why']}", err=True)


@evidence.command("open", epilog="Example: bellrock evidence open case-1.tar.gz --extract case-1")
@click.argument("file", type=FILE, metavar="FILE", shell_complete=completing.files)
@click.option(
    "--extract",
    type=PathName(path_type=Path),
    metavar="DIRECTORY",
    help="Also write the parts into this directory, which must not be there yet.",
)
@json_option
def open_(file: str, extract: Path | None, *, as_json: bool) -> None:
    """Show what an archive holds: whose it is, findings, captures, what was left out; and whether it is as it was written.

    Exit 0: whole. Exit 1: parts were changed, are missing or were added. Exit 3: it cannot be read, or is no such archive.
    """
    from bellrock.cli.bundleopen import opened, show

    found = opened(file, extract)
    if as_json:
        print_json(found.document())
    else:
        show(found)
    sys.exit(EXIT_NO if found.damage else 0)
