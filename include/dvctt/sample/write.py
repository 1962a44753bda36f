"""Writes the sample's files, each whole or not at all, and leaves a file alone that already says the same.

Owns paths, bytes and control files. What stands in a row is decided elsewhere in this package.
"""

import csv
import io
import json
import logging
import os
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dvctt.core.contract import ENTITIES, Entity
from dvctt.core.errors import ConfigError
from dvctt.core.files import sha256_of, write_atomically
from dvctt.province.folder import load_province
from dvctt.sample.catalogue import Desk, build_catalogue, catalogue_files
from dvctt.sample.filings import FilingMaker
from dvctt.sample.forms import CSV, FORMS, convert
from dvctt.sample.payments import PaymentMaker
from dvctt.sample.plan import FILE_NAME, Plan, load_plan

log = logging.getLogger(__name__)

SOURCE_KIND = "files"
MARKER = ".sample.json"
"""In the source's folder: which files the sample made, so that it never writes over others."""
RECEIVED, ONLINE = "ho_so_tiep_nhan", "ho_so_truc_tuyen"

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class SampleFile:
    """One file: where it lies, its rows without the header, and whether its bytes are new."""

    path: Path
    entity: str
    rows: int
    changed: bool


@dataclass(frozen=True)
class SampleSummary:
    """What ``write_sample`` wrote, in the order in which it did."""

    source_id: str
    files: tuple[SampleFile, ...]

    @property
    def rows_by_entity(self) -> dict[str, int]:
        """Rows over all files of each entity, twice-sent rows included."""
        totals: dict[str, int] = {}
        for file in self.files:
            totals[file.entity] = totals.get(file.entity, 0) + file.rows
        return totals


class _File:
    """One file in the making: rows are added up while they are written as CSV, and its target is replaced only at the end."""

    def __init__(self, folder: Path, entity: Entity, stem: str, form: str = CSV) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._entity = entity
        self._form = form
        self._target = folder / f"{stem}.{form}"
        self._control = folder / f"{stem}.control.json"
        self._temporary = folder / f".{stem}.csv.tmp"
        self._converted = folder / f".{stem}.{form}.converted.tmp"
        self._columns = (*entity.columns, *entity.personal)
        self._amount_at = self._columns.index(entity.amount) if entity.amount else None
        self._rows = 0
        self._amount = 0
        self._file = self._temporary.open("wb")
        self._write([self._columns])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        for path in (self._temporary, self._converted):
            path.unlink(missing_ok=True)

    def add(self, rows: list[list[str]]) -> None:
        self._write(rows)
        self._rows += len(rows)
        if self._amount_at is not None:
            self._amount += sum(int(row[self._amount_at]) for row in rows)

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode("utf-8"))

    def finish(self) -> SampleFile:
        self._file.close()
        made = self._temporary
        if self._form != CSV:
            made = self._converted
            convert(self._temporary, made, self._form)
        digest = sha256_of(made)
        changed = not (self._target.is_file() and sha256_of(self._target) == digest)
        if changed:
            os.replace(made, self._target)
        control: dict[str, int | str | bool] = {"rows": self._rows}
        if self._amount_at is not None:
            control["total_amount_vnd"] = self._amount
        control["sha256"] = digest
        control["sample"] = True
        text = json.dumps(control, indent=2) + "\n"
        if not (self._control.is_file() and self._control.read_bytes() == text.encode("utf-8")):
            write_atomically(self._control, text)
        return SampleFile(self._target, self._entity.name, self._rows, changed)


class _Writer:
    def __init__(self, root: Path, progress: Progress | None, form: str) -> None:
        self._root = root
        self._form = form
        self._progress = progress
        self.files: list[SampleFile] = []
        self._made = self._marked()

    def _marked(self) -> set[str]:
        path = self._root / MARKER
        try:
            return set(json.loads(path.read_text(encoding="utf-8"))["made"]) if path.is_file() else set()
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path}: not the list of what the sample made ({type(error).__name__}); nothing is written; choose an empty "
                f"folder with --out"
            ) from error

    def refuse_others(self, months: Set[str]) -> None:
        """Somebody's own files are never written over: found by month and entity, before anything is written."""
        for entity in ENTITIES:
            for path in sorted((self._root / entity).glob("*")):
                name = path.relative_to(self._root).as_posix()
                if path.name[:7] in months and name not in self._made:
                    raise ConfigError(
                        f"{path}: not made by the sample, which would write {entity} of {path.name[:7]} there; nothing is "
                        f"written; choose an empty folder with --out, or move this one away"
                    )

    def mark(self) -> None:
        """Keep the names of all that the sample has made here, for the next call."""
        for made in self.files:
            name = made.path.relative_to(self._root)
            stem = made.path.name.removesuffix(f".{self._form}")
            self._made |= {name.as_posix(), name.with_name(f"{stem}.control.json").as_posix()}
        text = json.dumps({"made": sorted(self._made)}, indent=1) + "\n"
        path = self._root / MARKER
        if not (path.is_file() and path.read_text(encoding="utf-8") == text):
            write_atomically(path, text)

    def open(self, entity: str, stem: str) -> _File:
        """A new file; what an earlier call made of it in another form makes way, for one month is sent in one form."""
        for other in FORMS.keys() - {self._form}:
            name = f"{entity}/{stem}.{other}"
            if name in self._made:
                (self._root / name).unlink(missing_ok=True)
                self._made.discard(name)
        return _File(self._root / entity, ENTITIES[entity], stem, self._form)

    def done(self, made: SampleFile) -> None:
        self.files.append(made)
        self.mark()
        log.info("sample: %s: %d rows%s", made.path, made.rows, "" if made.changed else ", unchanged")
        if self._progress:
            self._progress(made.path.relative_to(self._root.parent).as_posix(), made.rows)

    def write(self, entity: str, stem: str, rows: list[list[str]]) -> None:
        with self.open(entity, stem) as file:
            file.add(rows)
            self.done(file.finish())


def write_sample(
    province_folder: Path, out: Path, scale: int = 1, progress: Progress | None = None, *, form: str = CSV
) -> SampleSummary:
    """Write the sample one-stop system of a province as ``<out>/<source>/<entity>/<YYYY-MM>[.suffix].<form>`` and control
    files (contract: docs/how-to/the-sample.md). The same province data, scale and form give the same bytes everywhere.

    Args:
        province_folder: a province folder with a sample.yml.
        out: created when missing; files that an earlier call made are replaced, others are not touched.
        scale: multiplies filings, payment requests and attempts of every agency and month; the catalogue stays.
        progress: called after each file with its path below ``out`` and its rows.
        form: one of `forms.FORMS`, the ending of every file. What an earlier call made in another form is removed.

    Raises:
        ConfigError: the province folder or its sample.yml is wrong, ``scale`` is less than 1, there is no such form, or a file
            of a month that the sample writes lies there and was not made by it: nothing is written then.
    """
    if form not in FORMS:
        raise ConfigError(f"form: found {form!r}, wanted one of {', '.join(FORMS)}")
    if scale < 1:
        raise ConfigError(f"scale: found {scale}, wanted 1 or more")
    province = load_province(province_folder)
    source = next((source for source in province.sources if source.kind == SOURCE_KIND), None)
    if source is None:
        raise ConfigError(
            f"{province_folder / 'sources.yml'}: key sources: found no source of kind {SOURCE_KIND!r}; the sample needs one"
        )
    plan = load_plan(province)
    writer = _Writer(out / source.id, progress, form)
    writer.refuse_others({*plan.data.all_months, *catalogue_files(plan, build_catalogue(plan))})
    catalogue = build_catalogue(plan)
    for month, rows in catalogue_files(plan, catalogue).items():
        writer.write("procedures", month, rows)
    filings = FilingMaker(plan, Desk(plan, catalogue), scale)
    try:
        payments = PaymentMaker(plan, scale)
    except ValueError as error:
        raise ConfigError(f"{province_folder / FILE_NAME}: key {error}") from error
    for month in plan.data.all_months:
        _write_month(plan, month, scale, filings, payments, writer)
    return SampleSummary(source.id, tuple(writer.files))


def _write_month(
    plan: Plan, month: str, scale: int, filings: FilingMaker, payments: PaymentMaker, writer: _Writer
) -> None:
    suffixed = f"{month}.{plan.data.resent.suffix}"
    supplement: list[list[str]] = []
    with writer.open("filings", month) as file:
        # Agency by agency, so that a large sample needs the memory of one agency's month only.
        for agency in plan.agencies:
            cell = plan.cells[month, agency.agency_code]
            batch = filings.make(cell)
            payments.make(cell, batch)
            file.add(batch.rows)
            supplement.extend(batch.supplement)
        writer.done(file.finish())
    if supplement:
        writer.write("filings", suffixed, supplement)
    requests, late_requests, attempts = payments.take(month)
    writer.write("payment_requests", month, requests)
    if late_requests:
        writer.write("payment_requests", suffixed, late_requests)
    writer.write("payment_attempts", month, attempts)
    cells = [plan.cells[month, agency.agency_code] for agency in plan.agencies]
    writer.write(
        "reported_figures",
        month,
        [
            [cell.agency.agency_code, month, name, str(count * scale)]
            for cell in cells
            for name, count in ((RECEIVED, cell.received), (ONLINE, cell.online))
        ],
    )
    writer.write("index_counts", month, _index_counts(plan, month, scale))


def _index_counts(plan: Plan, month: str, scale: int) -> list[list[str]]:
    """Assumed components of the index: a share that moves evenly from the first month's to the last month's."""
    months = plan.data.all_months
    passed = months.index(month) / max(1, len(months) - 1)
    rows: list[list[str]] = []
    for agency in plan.agencies:
        total = plan.cells[month, agency.agency_code].received * scale
        for component, (first, last) in plan.data.index_components.items():
            share = first + (last - first) * passed
            rows.append([agency.agency_code, month, component, str(round(total * share)), str(total)])
    return rows
