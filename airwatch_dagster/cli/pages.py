"""Commands for readers: the bulletin, its pages, and tables as files."""

from typing import Any

import click

from airwatch_dagster.commands.arguments import DAY
from airwatch_dagster.commands.stopping import stoppable


@click.command(short_help="Print a day's bulletin and its page's address.")
@click.argument("day", metavar="[DAY]", type=DAY, required=False)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Language.")
def bulletin(**options: Any) -> None:
    """Print the bulletin of the issue day DAY, by default the newest, and the address of its page."""
    from airwatch_dagster.commands.pages.bulletin import show_bulletin

    show_bulletin(**options, echo=click.echo)


@click.command("serve-site", short_help="Serve the bulletin's pages on this machine.")
@click.option("--port", default=3001, show_default=True, help="Port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 lets others in.")
@stoppable()
def serve_site(port: int, host: str) -> None:
    """Serve the bulletins, their archive and the feeds, from a folder or from S3, until interrupted."""
    from airwatch_dagster.commands.pages.serve_site import serve_site as serve

    serve(port=port, host=host, echo=click.echo)


@click.command(short_help="Write a table's days for other programs.")
@click.argument("table")
@click.argument("first", metavar="FIRST", type=DAY)
@click.argument("last", metavar="LAST", type=DAY)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "geojson"]),
    default="csv",
    show_default=True,
    help="Kind of file.",
)
@click.option("--by", type=click.Choice(["county", "cbsa"]), help="Means of the sites of each region instead of sites.")
@click.option("--to", "folder", metavar="FOLDER", default=".", show_default=True, help="Where the files go.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same name.")
def export(**options: Any) -> None:
    """Write the days FIRST to LAST (YYYY-MM-DD, or yesterday) of TABLE to a file, and a manifest beside it.

    The manifest has the file's SHA-256, the time as of which it is, what each column means, and how to cite it.
    """
    from airwatch_dagster.commands.pages.export import export_table

    export_table(**options, echo=click.echo)
