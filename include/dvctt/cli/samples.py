"""Commands of the sample one-stop system: its files, and the same records in a service and in a database."""

import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from dvctt.cli.root import samples
from dvctt.cli.screen import digits, out, refuse_no_folder
from dvctt.core.errors import ConfigError
from dvctt.settings import Settings

if TYPE_CHECKING:
    from dvctt.province.model import Source

log = logging.getLogger(__name__)

FromOption = Annotated[
    Path | None, typer.Option("--from", help="Folder that --out wrote as CSV; without it, the sample is made anew.")
]
ScaleOption = Annotated[int, typer.Option("--scale", min=1, help="Multiply the volume, for benchmarks.")]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="Under which source of sources.yml; without it, the first.")
]


@samples.callback()
def sample(
    context: typer.Context,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Inbox folder to write the source files into.", show_default=False)
    ] = None,
    scale: ScaleOption = 1,
    form: Annotated[
        str, typer.Option("--as", help="Form of the files: csv, csv.gz, json, jsonl, parquet or xlsx.")
    ] = "csv",
) -> None:
    """The sample one-stop system: ten months that reproduce the published figures. With --out, its files are written; its
    commands put the same records into a running system.
    """
    if context.invoked_subcommand is not None:
        return
    if out_folder is None:
        raise typer.BadParameter("wanted --out FOLDER, or a command: load, serve", param_hint="--out")
    refuse_no_folder(out_folder)
    _write(Settings.from_environment(), out_folder, scale, form)


def _write(settings: Settings, folder: Path, scale: int, form: str = "csv") -> None:
    from dvctt.sample import write_sample

    clock = time.monotonic()
    summary = write_sample(settings.province_folder, folder, scale, form=form)
    rows = sum(file.rows for file in summary.files)
    log.info("sample: %d files, %d rows in %s, %.1f s", len(summary.files), rows, folder, time.monotonic() - clock)


@contextmanager
def _files(settings: Settings, source: "Source", scale: int, written: Path | None) -> Iterator[Path]:
    """The source's folder of what --out wrote, or of a sample that lives as long as this call."""
    if written is not None:
        folder = written / source.id
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such folder; wanted what dvctt sample --out {written} writes")
        yield folder
        return
    with TemporaryDirectory(prefix="dvctt-sample-") as name:
        _write(settings, Path(name), scale)
        yield Path(name) / source.id


def _source(settings: Settings, source_id: str | None) -> "Source":
    from dvctt.province.folder import load_province

    sources = load_province(settings.province_folder).sources
    for source in sources:
        if source_id in (None, source.id):
            return source
    raise ConfigError(f"sources.yml: no source {source_id!r}; wanted one of {', '.join(one.id for one in sources)}")


def _months(folder: Path, source: "Source") -> tuple[str, str]:
    from dvctt.sample.records import months_of

    months = [month for entity in source.entities for month in months_of(folder, entity)]
    return min(months), max(months)


@samples.command("load")
def load(
    url: Annotated[str, typer.Argument(help="postgresql://user:password@host:port/name", show_default=False)],
    written: FromOption = None,
    scale: ScaleOption = 1,
    source: SourceOption = None,
) -> None:
    """Put the sample into the schema one_stop of a PostgreSQL, and print the sources.yml that reads it from there."""
    from dvctt.sample.load import load_sample, sources_yaml

    settings = Settings.from_environment()
    described = _source(settings, source)
    with _files(settings, described, scale, written) as folder:
        rows = load_sample(folder, url)
        months = _months(folder, described)
    for entity, count in rows.items():
        out.print(f"# {entity}: {digits(count)} rows")
    print(sources_yaml(described, months), end="")


@samples.command("serve")
def serve(
    password: Annotated[
        str, typer.Option("--password", envvar="DVCTT_SAMPLE_PASSWORD", help="What a client has to send.")
    ] = "mau",  # noqa: S107 # of records that are made up
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")] = 8899,
    fail_percent: Annotated[int, typer.Option("--fail-percent", min=0, max=90, help="So many answers fail.")] = 0,
    written: FromOption = None,
    scale: ScaleOption = 1,
    source: SourceOption = None,
) -> None:
    """Offer the sample over HTTP, on this machine alone, until Ctrl-C, and print the sources.yml that reads it from there."""
    from dvctt.sample.serve import Faults, serving, sources_yaml

    settings = Settings.from_environment()
    described = _source(settings, source)
    with (
        _files(settings, described, scale, written) as folder,
        serving(folder, password=password, port=port, faults=Faults(percent=fail_percent)) as running,
    ):
        print(sources_yaml(described, _months(folder, described)), end="", flush=True)
        log.info(
            "serving on http://127.0.0.1:%d; AIRFLOW_CONN_%s='%s'",
            running.port,
            described.id.upper(),
            json.dumps({"conn_type": "http", "host": f"http://127.0.0.1:{running.port}", "password": "..."}),
        )
        stopped = Event()
        # Said here, because a shell lets what it starts in the background pass over Ctrl-C.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        stopped.wait()
