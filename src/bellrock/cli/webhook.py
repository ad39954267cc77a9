"""`bellrock webhook`: who is told when a verdict has changed."""

import sys
from pathlib import Path
from typing import Final

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.topology import region_options

MAX_AUTHORITY: Final = 32 * 1024


@click.group(epilog="Example: bellrock webhook add https://alerts.example/bellrock")
def webhook() -> None:
    """Say who is told when a verdict has become another, and stayed so for two runs, and when a finding opens or is gone.

    A POST with JSON is sent, signed: docs/how-to/watch-reachability.md says how to check that. Exit codes: 0 done, 1 no such
    webhook, or a test that was not delivered, 2 usage, 3 no region, or it does not let you.
    """


@webhook.command("list", epilog="Example: bellrock webhook list")
@region_options
@json_option
def list_webhooks(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show who is told, and what became of the last delivery. The secrets are not shown."""
    from bellrock.cli.asking import api

    found = api(region_url, state_dir).webhooks()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, one.url, ", ".join(one.flows) or "all", one.delivered, one.waiting, one.failed, one.last or "-")
        for one in found
    ]
    print_table(("id", "url", "flows", "delivered", "waiting", "given up", "last"), rows, "No webhooks.")


@webhook.command(epilog="Example: bellrock webhook add https://alerts.example/bellrock > webhook.secret")
@click.argument("url")
@click.option(
    "--flow",
    "flows",
    multiple=True,
    metavar="FLOW",
    shell_complete=completing.flows,
    help="Only of this flow. [default: all]",
)
@click.option(
    "--trust",
    type=PathName(path_type=Path),
    help="Certificate (PEM) of the authority that vouches for it. [default: those that the region's system trusts]",
)
@region_options
@json_option
def add(
    url: str, flows: tuple[str, ...], trust: Path | None, region_url: str, state_dir: Path | None, *, as_json: bool
) -> None:
    """Tell somebody, and print the secret that signs what is sent. It is shown this once."""
    from bellrock.cli.asking import api
    from bellrock.client.shapes import NewWebhook

    made = api(region_url, state_dir).add_webhook(NewWebhook(url=url, flows=flows, authority=_authority(trust)))
    if as_json:
        print_json(made)
        return
    click.echo(printable(made.secret))
    click.echo(printable(f"{made.id}: {url} is told; bellrock webhook test {made.id} tries it"), err=True)


@webhook.command(epilog="Example: bellrock webhook test w-5f0c1d2e")
@click.argument("webhook_id", metavar="ID")
@region_options
@json_option
def test(webhook_id: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Deliver a test, once, and say what became of it."""
    from bellrock.cli.asking import api

    found = api(region_url, state_dir).test_webhook(webhook_id)
    if as_json:
        print_json(found)
    else:
        click.echo(printable(found.what))
    sys.exit(0 if found.delivered else EXIT_NO)


@webhook.command(epilog="Example: bellrock webhook remove w-5f0c1d2e")
@click.argument("webhook_id", metavar="ID")
@region_options
@json_option
def remove(webhook_id: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Tell it no more. What still waits for it is not delivered."""
    from bellrock.cli.asking import api

    api(region_url, state_dir).remove_webhook(webhook_id)
    if as_json:
        print_json({"webhook": webhook_id, "removed": True})
    else:
        click.echo(printable(f"{webhook_id} is removed"))


def _authority(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_AUTHORITY + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
    if len(raw) > MAX_AUTHORITY or not raw.isascii():
        raise Failure(f"{path}: not a certificate in PEM of at most {MAX_AUTHORITY // 1024} KiB")
    return raw.decode()
