"""Writes the reference pages from the code when the site is built, so that they cannot drift from it.

A hook of MkDocs: ``on_files`` adds a page for settings, command line, tables, automation and checks.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site."""
    pages = {
        "settings": settings_page(),
        "cli": command_line_page(),
        "tables": tables_page(),
        "automation": automation_page(),
        "checks": checks_page(),
    }
    for name, lines in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content="\n".join(lines) + "\n"))
    return files


def settings_page() -> Iterator[str]:
    """Every setting with its meaning, default and values."""
    from airwatch_dagster.orchestration.configuration.settings import settings_reference

    yield "# Settings\n"
    yield "Settings are environment variables. All of them can stand in `.env`; the environment wins over `.env`."
    yield "An invalid value stops a command with a sentence that names the setting, the value and the fix.\n"
    rows = [(f"`{one.name}`", one.meaning, one.default or "–", one.allowed) for one in settings_reference()]
    yield from _table(("setting", "meaning", "default", "allowed"), rows)
    yield "\nS3 credentials, region and endpoint follow the usual `AWS_*` variables, a login at MLflow's server"
    yield "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. A secret may be"
    yield "[in a file](../how-to/team.md#keep-secrets-in-files): `NAME_FILE` beside `NAME`.\n"
    yield from _env_file_lines()


def _env_file_lines() -> Iterator[str]:
    """What a line of ``.env`` means, and which lines are refused."""
    yield "## `.env`\n"
    yield "`airwatch`, `make`, Dagster and docker compose read it. Compose has a reader of its own, the others use"
    yield "python-dotenv. A line that the two take differently stops `airwatch` with its number, its name and the fix;"
    yield "`airwatch doctor` lists all of them.\n"
    rows = [
        ("`NAME=value`, `export NAME=value`, `NAME = value`", "the value without blanks around it"),
        ("`NAME=value # comment`", "a comment needs a blank before `#`; `NAME=a#b` has none"),
        ("`NAME='a $b # c'`", "as it stands"),
        ('`NAME="a # b"`', "as it stands; no backslash, and `$` only in `${OTHER}`"),
        ("`NAME=${OTHER}`, `NAME=${OTHER:-default}`", "the environment's value, else that of an earlier line"),
        ("a name for the second time", "the last line counts"),
        ("CRLF line ends, a byte-order mark", "are ignored"),
        ("`$NAME`, `$$`, `${NAME-x}`", "refused: only compose replaces them; use single quotes"),
        ("`NAME`, `NAME: value`, open quotes, text after quotes, `NAME= # x`, UTF-16", "refused"),
    ]
    yield from _table(("line", "meaning"), rows)
    yield "\nA relative path in `.env` starts at the folder of `.env`, one in the environment at the current folder."
    yield "The environment wins over `.env`. Only programs of Dagster's that you start yourself in that folder differ:"
    yield "Dagster lets `.env` win. `make dev` starts them with the settings of `airwatch`;"
    yield "`python -m airwatch_dagster.commands.with_settings dagster …` does so for others."


def command_line_page() -> Iterator[str]:
    """The help of every command, as the terminal shows it."""
    from airwatch_dagster.cli import main

    yield "# Command line\n"
    yield "Everything `airwatch` does can also be done from the Dagster UI. The exit code is 0 only on success.\n"
    context = click.Context(main, info_name="airwatch", max_content_width=100)
    yield from _help(context)


def _help(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _help(click.Context(child, info_name=name, parent=context, max_content_width=100))


def tables_page() -> Iterator[str]:
    """The data dictionary."""
    from airwatch_dagster.schemas.dictionary import data_dictionary

    yield data_dictionary()


def automation_page() -> Iterator[str]:
    """Jobs, schedules and sensors as the code location defines them."""
    from airwatch_dagster.definitions import defs

    repository = defs.get_repository_def()
    yield "# Jobs, schedules and sensors\n"
    yield "`make dev` and the compose stack start the daemon, which runs what is on. Times are UTC.\n"
    yield "## Schedules\n"
    schedules = sorted(repository.schedule_defs, key=lambda one: one.name)
    yield from _table(
        ("schedule", "cron", "job", "default", "what it does"),
        [(f"`{s.name}`", f"`{s.cron_schedule}`", f"`{s.job_name}`", _status(s), s.description) for s in schedules],
    )
    yield "\n## Sensors\n"
    sensors = sorted(repository.sensor_defs, key=lambda one: one.name)
    yield from _table(
        ("sensor", "default", "what it does"), [(f"`{s.name}`", _status(s), s.description) for s in sensors]
    )
    yield "\n## Jobs\n"
    jobs = [repository.get_job(job.name) for job in sorted(defs.jobs or [], key=lambda one: one.name)]
    yield from _table(
        ("job", "tables", "what it does"),
        [(f"`{job.name}`", _tables_of(job), job.description) for job in jobs],
    )


def _status(definition: Any) -> str:
    return "on" if "RUNNING" in str(definition.default_status) else "**off**"


def _tables_of(job: Any) -> str:
    keys = job.asset_layer.selected_asset_keys
    return ", ".join(f"`{key.to_user_string()}`" for key in sorted(keys)) or "–"


def checks_page() -> Iterator[str]:
    """Every asset check, table by table."""
    import dagster as dg

    from airwatch_dagster.definitions import defs

    yield "# Checks\n"
    yield "A blocking check keeps bad rows from being stored and stops the run. The others warn or fail; the table"
    yield "stays readable. Each of them opens an [incident](../how-to/incidents.md) when it does not pass.\n"
    assets = [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    rows = [
        (f"`{spec.asset_key.to_user_string()}`", f"`{spec.name}`", "yes" if spec.blocking else "no", spec.description)
        for asset in assets
        for spec in asset.check_specs
    ]
    yield from _table(("table", "check", "blocking", "what it checks"), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('---' for _ in columns)}|"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
