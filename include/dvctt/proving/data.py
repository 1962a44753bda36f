"""Good data for the proof: a small province, its source files, and the counts that a person would have frozen.

Agencies, groups, zone and code are those of the province that is given; what the faults are measured against (calendar,
bands, budget, months) is the proof's own, so that a proof says the same in every province. Numbers follow from a row's
place: no chance, no clock. No fault lives here.
"""

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ConfigError
from dvctt.core.period import Month
from dvctt.province.model import Agency, DriftBand, ExpectedFeed, Feed, Province, QuarantineBudget, Source
from dvctt.warehouse.expectations import BASELINE_COLUMNS

Row = dict[str, str]

MONTHS = tuple(Month(2022, number) for number in range(6, 11))
"""Drift looks three months back: the fourth and the fifth have a band."""
LAST = MONTHS[-1]
CLOSED = MONTHS[:-1]
"""Months whose counts are frozen; the last one comes as a file of each agency's own."""

_AGENCIES = 9
"""As many faults share a build as there are agencies but one: one row in every agency is too many for the month."""
_FILINGS = 60
"""Received by an agency in the first month; one more each month. Above the band's smallest mean."""
_PAYMENTS = 24
"""Per agency and month: more than the 100 attempts a month below which an absent afternoon says nothing."""
_NUMBER = re.compile(r"-?\d{1,18}")


def small_province(province: Province) -> Province:
    """The province with at most nine of its agencies, all in force, and with the proof's own source, calendar, bands and
    budget.

    Raises:
        ConfigError: it has fewer than two agencies: nothing could be taken for something else.
    """
    by_code = {agency.agency_code: agency for agency in province.agencies_on(LAST.first_day)}
    ranks: Counter[str] = Counter()
    ranked: list[tuple[int, Agency]] = []
    for agency in sorted(by_code.values(), key=lambda agency: agency.official_order):
        ranked.append((ranks[agency.group_code], agency))
        ranks[agency.group_code] += 1
    # The first of every group, then the second of every group.
    in_turn = [agency for _, agency in sorted(ranked, key=lambda pair: (pair[0], pair[1].official_order))]
    chosen = [
        agency.model_copy(update={"valid_from": date(2016, 1, 1), "valid_to": None, "parent_code": None})
        for agency in in_turn[:_AGENCIES]
    ]
    if len(chosen) < 2:
        raise ConfigError(f"{province.folder / 'agencies.csv'}: found {len(chosen)} agencies, wanted at least 2")
    source = Source(
        id=province.sources[0].id,
        name_vi=province.sources[0].name_vi,
        kind="files",
        no_date=("1900-01-01",),
        entities={
            "filings": Feed(month_means="received"),
            **{name: Feed(month_means="updated") for name in ENTITIES if name != "filings"},
        },
    )
    owed = ("filings", "payment_requests", "payment_attempts")
    return province.model_copy(
        update={
            "agencies": tuple(chosen),
            "agency_successions": (),
            "sources": (source,),
            "targets": (),
            "published_figures": (),
            "value_mappings": (),
            "expected_feeds": tuple(
                ExpectedFeed(
                    source_id=source.id,
                    entity=entity,
                    agency_code="*",
                    due_working_day=5,
                    valid_from=MONTHS[0].first_day,
                    valid_to=None,
                    note="",
                )
                for entity in owed
            ),
            "drift_bands": tuple(
                DriftBand(
                    entity=entity,
                    measure=measure,
                    scope=scope,
                    group_code=None if scope == "province" else "*",
                    basis="trailing",
                    trailing_months=3,
                    lowest_percent=50,
                    highest_percent=150,
                    smallest_rows=10,
                    reason="the proof's own",
                    observed="none",
                    observed_on=LAST.first_day,
                )
                for entity in owed
                for measure in (("rows",) if entity == "filings" else ("rows", "vnd"))
                for scope in ("agency", "group", "province")
            ),
            # One faulty row an agency stays within the agency's budget; one in every agency is one too many for the month.
            "quarantine_budget": QuarantineBudget(rows_per_month=len(chosen) - 1, percent_of_agency_month=1.0),
        }
    )


def write_inbox(inbox: Path, province: Province) -> None:
    """All source files of the good data, each with a control file."""
    source = province.sources[0].id
    for month in MONTHS:
        for entity, rows_of in _WRITERS.items():
            rows = {agency.agency_code: rows_of(agency, month) for agency in province.agencies}
            if entity == "filings" and month == LAST:
                for code, own in rows.items():
                    write_file(inbox, source, entity, f"{month}.{code}", own)
            else:
                write_file(inbox, source, entity, str(month), [row for own in rows.values() for row in own])
    write_file(inbox, source, "procedures", str(MONTHS[0]), _procedures())


def write_file(
    inbox: Path,
    source: str,
    entity: str,
    stem: str,
    rows: Sequence[Row],
    *,
    control: bool = True,
    header: Sequence[str] | None = None,
) -> None:
    """One CSV of the contract, and the control file that says what it holds.

    Args:
        header: names for the columns, in the contract's order, where they are not the contract's own.
    """
    folder = inbox / source / entity
    folder.mkdir(parents=True, exist_ok=True)
    columns = ENTITIES[entity].columns
    path = folder / f"{stem}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header or columns)
        writer.writerows([row.get(column, "") for column in columns] for row in rows)
    beside = path.with_name(f"{stem}.control.json")
    beside.unlink(missing_ok=True)
    if control:
        beside.write_text(json.dumps(_control(path, entity, rows)), encoding="utf-8")


def read_file(inbox: Path, source: str, entity: str, stem: str) -> list[Row]:
    """The rows of one CSV, as text."""
    with (inbox / source / entity / f"{stem}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_baselines(path: Path, province: Province, counts: Iterable[tuple[str, Month, int]]) -> None:
    """The frozen past of the good data: facts by entity and closed month."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BASELINE_COLUMNS)
        writer.writerows(
            [province.code, province.sources[0].id, entity, str(month), rows] for entity, month, rows in counts
        )


def closed_counts(inbox: Path, province: Province) -> list[tuple[str, Month, int]]:
    """How many rows each closed month's file holds; all of them become facts."""
    source = province.sources[0].id
    return [
        (entity, month, len(read_file(inbox, source, entity, str(month))))
        for entity in ENTITIES
        for month in CLOSED
        if (inbox / source / entity / f"{month}.csv").is_file()
    ]


def _control(path: Path, entity: str, rows: Sequence[Row]) -> dict[str, object]:
    content: dict[str, object] = {"rows": len(rows)}
    amount = ENTITIES[entity].amount
    if amount:
        content["total_amount_vnd"] = sum(int(row[amount]) for row in rows if _NUMBER.fullmatch(row[amount]))
    if entity == "payment_attempts":
        content["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return content


def _moment(month: Month, place: int) -> datetime:
    """A local moment of the month, morning and afternoon in turn, early enough for what follows to lie in the month."""
    return datetime.fromisoformat(f"{month}-{1 + place % 24:02d} {8 + place % 9:02d}:{place % 60:02d}:00")


def _key(agency: Agency, month: Month, place: int) -> str:
    return f"{agency.agency_code}-{month.year % 100:02d}{month.number:02d}-{place:04d}"


def _filings(agency: Agency, month: Month) -> list[Row]:
    rows = []
    received_rows = _FILINGS + MONTHS.index(month)
    for place in range(received_rows):
        received = _moment(month, place)
        online = place % 2 == 0
        rows.append(
            {
                "MaHoSo": _key(agency, month, place),
                "MaTTHC": "1.000004" if online else "1.000002",
                "KenhThucHien": "2" if online else ("1", "3", "")[place % 3],
                "MucDo": ("3", "4")[place % 4 // 2] if online else "2",
                "MaDonVi": agency.agency_code,
                "DonViXuLy": agency.name_vi,
                "NgayNopHoSo": f"{received:%Y%m%d%H%M%S}",
                "NgayTiepNhan": f"{received:%Y%m%d%H%M%S}",
                "NgayKetThucXuLy": f"{received + timedelta(days=2):%Y%m%d%H%M%S}",
                "TrangThaiHoSo": "10",
                "LoaiDoiTuong": "1",
            }
        )
    refused = _moment(month, received_rows)
    rows.append(
        {
            "MaHoSo": _key(agency, month, received_rows),
            "MaTTHC": "1.000004",
            "KenhThucHien": "2",
            "MucDo": "4",
            "MaDonVi": agency.agency_code,
            "NgayNopHoSo": f"{refused:%d/%m/%Y %H:%M}",
            "TrangThaiHoSo": "3",
            "LoaiDoiTuong": "1",
        }
    )
    return rows


def _requests(agency: Agency, month: Month) -> list[Row]:
    rows = []
    for place in range(_PAYMENTS):
        paid = _moment(month, place) + timedelta(hours=1)
        refunded = paid + timedelta(days=1) if place == 0 else None
        rows.append(
            {
                "MaYeuCau": f"YC-{_key(agency, month, place)}",
                "MaHoSo": _key(agency, month, place),
                "MaDonVi": agency.agency_code,
                "SoTien": str(50_000 + 1_000 * place),
                "Phi": str(30_000 + 1_000 * place),
                "LePhi": "20000",
                "TrangThai": "Hoàn phí" if refunded else "Đã thanh toán",
                "HinhThucThanhToan": "truc-tuyen" if place % 4 else "tien-mat",
                "HinhThucThu": "Thu trước",
                "NgayYeuCau": f"{paid:%Y-%m-%d %H:%M:%S}",
                "NgayThuPhi": f"{paid:%Y-%m-%d %H:%M:%S}",
                "NgayHoanPhi": f"{refunded:%Y-%m-%d %H:%M:%S}" if refunded else "",
            }
        )
    return rows


def _attempts(agency: Agency, month: Month) -> list[Row]:
    return [
        {
            "MaThamChieu": f"TC-{request['MaYeuCau']}-{number}",
            "MaYeuCau": request["MaYeuCau"],
            "MaHoSo": request["MaHoSo"],
            "SoTien": request["SoTien"],
            "TrangThai": status,
            "MaLoi": "00" if status == "thanh-cong" else "99",
            "ThoiGianGD": re.sub(r"\D", "", request["NgayThuPhi"]),
        }
        for place, request in enumerate(_requests(agency, month))
        for number, status in enumerate(["that-bai", "thanh-cong"] if place % 12 == 1 else ["thanh-cong"])
    ]


def _reported(agency: Agency, month: Month) -> list[Row]:
    received = [row for row in _filings(agency, month) if row["TrangThaiHoSo"] == "10"]
    online = [row for row in received if row["KenhThucHien"] == "2"]
    return [
        {"MaDonVi": agency.agency_code, "Thang": str(month), "ChiTieu": indicator, "GiaTri": str(len(rows))}
        for indicator, rows in (("ho_so_tiep_nhan", received), ("ho_so_truc_tuyen", online))
    ]


def _index_counts(agency: Agency, month: Month) -> list[Row]:
    return [{"MaDonVi": agency.agency_code, "Thang": str(month), "ThanhPhan": "hai_long", "TuSo": "55", "MauSo": "60"}]


_WRITERS = {
    "filings": _filings,
    "payment_requests": _requests,
    "payment_attempts": _attempts,
    "reported_figures": _reported,
    "index_counts": _index_counts,
}


def _procedures() -> list[Row]:
    return [
        {
            "MaTTHC": f"1.00000{level}",
            "TenTTHC": f"Thủ tục mẫu mức độ {level}",
            "MaLinhVuc": "LV01",
            "TenLinhVuc": "Lĩnh vực mẫu",
            "CapThucHien": "tinh",
            "MucDo": str(level),
            "CoThuPhi": "1",
            "DaTichHopDVCQG": "1",
            "HieuLucTu": "01/01/2020",
        }
        for level in (2, 3, 4)
    ]
