"""The catalogue of faults: what goes wrong, where, and the one that must catch it.

One entry a fault, nothing else decides. ``wanted`` is written as the one that speaks up would say it:

    look: <part of what it says>      the look that every night begins with; a publication's damage stops no night
    landing: <part of the error>      the file or the landing zone is refused, nothing of it is counted
    dbt: <name of a data test>        dbt stops the night before the gate
    <id of an expectation>            the gate's rule does not hold
    could not check: <id>             the gate's rule gave no answer
    quarantined: <reason>             exactly the spoiled rows are set aside, and no fact counts them
    superseded                        exactly the doubled rows give way, and every key is counted once
    unmoved                           no row of any agency moved: the fault does no harm

A fault is found by its ``wanted`` and the night's verdict: a caught fault that stops the night for nothing is not ok.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from dvctt.core.files import seal, unseal
from dvctt.core.sql import file_literal, read_literal
from dvctt.databases import open_database
from dvctt.proving import false_answers
from dvctt.proving.data import CLOSED, LAST, MONTHS, Row
from dvctt.proving.site import Injection, Place, Site

Where = Literal["disk", "inbox", "inbox, after landing", "landing", "staging", "facts", "audit", "gate"]
Verdict = Literal["refused", "failed", "could_not_check", "passed"]

_MONTH = str(LAST)
_CLOSED = str(CLOSED[-1])
_TOLERATED_REPEATS = 10
"""As many as ref_key_tolerances lets a small month have."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        where: before which step it is injected. ``inbox`` is a file as it first arrives, ``inbox, after landing`` a file
            that comes when others have landed; ``disk`` is what lies in landing and before readers between two nights,
            ``landing`` what is read when nobody has looked; ``staging``, ``facts`` and ``audit`` are tables of the candidate,
            the first before its models run and the others after; ``gate`` is Great Expectations itself.
        wanted: who must catch it.
        verdict: what the night must end with.
        falsify: how Great Expectations answers, for faults of the gate.
        agencies: to how many agencies the spoiled rows belong, if it is nothing but rows of these, and if who must catch
            it names a row or an agency. Such faults share a build, each with agencies of its own. 0: a build of its own.
    """

    id: str
    title_vi: str
    title_en: str
    where: Where
    wanted: str
    verdict: Verdict
    inject: Injection
    falsify: false_answers.Falsify | None = None
    agencies: int = 0


def _cells(entity: str, *rows: int, agency: int | None = None, **cells: str) -> Injection:
    """Overwrite cells in some rows (counted from 1) of an agency's own file of the last month, or in some of the first
    agency's rows of the file that all agencies share.
    """

    def inject(site: Site) -> Iterable[Place]:
        stem = _MONTH if agency is None else site.own_file(agency)
        content = site.rows(entity, stem)
        of_agency = site.places(entity, stem, 0) if agency is None else range(1, len(content) + 1)
        places = [of_agency[row - 1] for row in rows]
        for place in places:
            content[place - 1].update(cells)
        site.write(entity, stem, content)
        return [Place(entity, f"{stem}.csv", place) for place in places]

    return inject


def _filing(**cells: str) -> Injection:
    """Spoil one filing (row 5: online, finished) of the first agency."""
    return _cells("filings", 5, agency=0, **cells)


def _in_the_catalogue(**cells: str) -> Injection:
    """Spoil one procedure: names that are printed come from there."""

    def inject(site: Site) -> Iterable[Place]:
        content = site.rows("procedures", str(MONTHS[0]))
        content[0].update(cells)
        site.write("procedures", str(MONTHS[0]), content)
        return ()

    return inject


def _request(**cells: str) -> Injection:
    """Spoil one payment request of the first agency (row 3: paid online, not refunded)."""
    return _cells("payment_requests", 3, agency=None, **cells)


def _paid_an_hour_early(site: Site) -> Iterable[Place]:
    """Three in a hundred requests: one in a hundred is tolerated."""
    content = site.rows("payment_requests", _MONTH)
    for row in content[: len(content) * 3 // 100]:
        requested = datetime.fromisoformat(row["NgayYeuCau"])
        row["NgayThuPhi"] = f"{requested - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    site.write("payment_requests", _MONTH, content)
    return ()


def _request_where(change: Callable[[Row], None]) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        content = site.rows("payment_requests", _MONTH)
        place = site.places("payment_requests", _MONTH, 0)[2]
        change(content[place - 1])
        site.write("payment_requests", _MONTH, content)
        return [Place("payment_requests", f"{_MONTH}.csv", place)]

    return inject


def _sql(statement: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        site.sql(statement.format(first=site.agency(0), second=site.agency(1), source=site.source))
        return ()

    return inject


def _nothing(site: Site) -> Iterable[Place]:
    """The data is good; the gate is not."""
    return ()


# Files as they arrive.


def _empty_file(site: Site) -> Iterable[Place]:
    site.csv("payment_requests", _MONTH).write_bytes(b"")
    site.control("payment_requests", _MONTH).unlink()
    return ()


def _header_only(site: Site) -> Iterable[Place]:
    site.write("payment_requests", _MONTH, [], control=False)
    return ()


def _column_gone(site: Site) -> Iterable[Place]:
    _rename_in_header(site, "MucDo", "Muc do")
    return ()


def _column_twice(site: Site) -> Iterable[Place]:
    _rename_in_header(site, "DonViXuLy", "MaDonVi")
    return ()


def _rename_in_header(site: Site, old: str, new: str) -> None:
    path = site.csv("filings", site.own_file(0))
    header, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text("\n".join([header.replace(old, new), rest]), encoding="utf-8")


def _cut_in_a_row(site: Site) -> Iterable[Place]:
    path = site.csv("filings", site.own_file(0))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex(",1.000002,") + 3], encoding="utf-8")
    return ()


def _other_encoding(site: Site) -> Iterable[Place]:
    """A mainframe's letters; UTF-16 would be read."""
    path = site.csv("payment_requests", _MONTH)
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp037", errors="replace"))
    return ()


def _no_such_month(site: Site) -> Iterable[Place]:
    path = site.csv("payment_requests", _MONTH)
    path.rename(path.with_name("2022-13.csv"))
    site.control("payment_requests", _MONTH).unlink()
    return ()


def _data_file_missing(site: Site) -> Iterable[Place]:
    site.csv("payment_requests", _MONTH).unlink()
    return ()


def _everything_by_1000(site: Site) -> Iterable[Place]:
    """A file that agrees with itself: amount, phí and lệ phí alike, and nothing that it could be held against."""
    rows = [
        row | {column: str(int(row[column]) * 1000) for column in ("SoTien", "Phi", "LePhi") if row[column]}
        for row in site.rows("payment_requests", _MONTH)
    ]
    site.write("payment_requests", _MONTH, rows, control=False)
    return ()


def _amount_by(change: Callable[[int], int], rows: slice) -> Injection:
    """Change amounts, phí with them so that the row still adds up, under the control file of the true ones."""

    def inject(site: Site) -> Iterable[Place]:
        control = site.control("payment_requests", _MONTH).read_bytes()
        content = site.rows("payment_requests", _MONTH)
        for row in content[rows]:
            amount = change(int(row["SoTien"]))
            row.update(SoTien=str(amount), Phi=str(amount - int(row["LePhi"])))
        site.write("payment_requests", _MONTH, content)
        site.control("payment_requests", _MONTH).write_bytes(control)
        return ()

    return inject


def _control_says(entity: str, key: str, change: Callable[[object], object]) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        path = site.control(entity, _MONTH)
        content = json.loads(path.read_text(encoding="utf-8"))
        content[key] = change(content[key])
        path.write_text(json.dumps(content), encoding="utf-8")
        return ()

    return inject


def _one_more(value: object) -> object:
    return int(str(value)) + 1


# Rows set aside, and too many of them.


def _swapped(entity: str, one: str, other: str, agency: int | None = None) -> Injection:
    """The headings of two columns stand over each other's values."""

    def inject(site: Site) -> Iterable[Place]:
        stem = _MONTH if agency is None else site.own_file(agency)
        content = site.rows(entity, stem)
        header = [{one: other, other: one}.get(name, name) for name in content[0]]
        site.write(entity, stem, content, control=False, header=header)
        return ()

    return inject


def _another_months_file(site: Site) -> Iterable[Place]:
    """The first agency sends last month's filings once more, under this month's name."""
    rows = [row for row in site.rows("filings", _CLOSED) if row["MaDonVi"] == site.agency(0)]
    site.write("filings", site.own_file(0), rows)
    return ()


def _one_row_of_every_agency(site: Site) -> Iterable[Place]:
    for number in range(len(site.province.agencies)):
        _cells("filings", 5, agency=number, NgayTiepNhan="10/25/2022")(site)
    return ()


# Twins.


def _same_keys_again(site: Site) -> Iterable[Place]:
    stem = site.own_file(0)
    rows = site.rows("filings", stem)
    site.write("filings", f"{stem}.lan-2", rows)
    return [Place("filings", f"{stem}.csv", row) for row in range(1, len(rows) + 1)]


def _duplicate_key(site: Site) -> Iterable[Place]:
    stem = site.own_file(0)
    duplicate = {**site.rows("filings", stem)[4], "MucDo": "4", "TrangThaiHoSo": "9"}
    site.write("filings", f"{stem}.bo-sung", [duplicate])
    return [Place("filings", f"{stem}.csv", 5)]


def _two_months(site: Site) -> Iterable[Place]:
    """A filing of the month before comes again, received anew."""
    stem = site.own_file(0)
    before = site.rows("filings", _CLOSED)
    number = next(n for n, row in enumerate(before, start=1) if row["MaDonVi"] == site.agency(0))
    again = {**site.rows("filings", stem)[4], "MaHoSo": before[number - 1]["MaHoSo"]}
    site.write("filings", stem, [*site.rows("filings", stem), again])
    return [Place("filings", f"{_CLOSED}.csv", number)]


def _respelled_again(respell: Callable[[str], str]) -> Injection:
    """The first agency's filings come again under another name, their keys in another spelling."""

    def inject(site: Site) -> Iterable[Place]:
        stem = site.own_file(0)
        rows = site.rows("filings", stem)
        site.write("filings", f"{stem}.lan-2", [{**row, "MaHoSo": respell(row["MaHoSo"])} for row in rows])
        return [Place("filings", f"{stem}.csv", row) for row in range(1, len(rows) + 1)]

    return inject


def _rows_repeated(site: Site) -> Iterable[Place]:
    """The first agency's filings stand in their file until more of them are repeats than a month may have."""
    stem = site.own_file(0)
    rows = site.rows("filings", stem)
    site.write("filings", stem, rows * (2 + _TOLERATED_REPEATS // len(rows)))
    return ()


def _counted_in_two_cases(site: Site) -> Iterable[Place]:
    """The first agency's filings come again, and only the case of one letter tells their keys from the first ones."""
    stem = site.own_file(0)
    rows = site.rows("filings", stem)
    for name, ending in ((stem, "A"), (f"{stem}.lan-2", "a")):
        site.write("filings", name, [{**row, "MaHoSo": f"{row['MaHoSo']}-{ending}"} for row in rows])
    return ()


def _one_key_two_filings(site: Site) -> Iterable[Place]:
    """Two filings of two agencies under one key, in one file."""
    stem = site.own_file(0)
    rows = site.rows("filings", stem)
    rows[6].update(MaHoSo=rows[4]["MaHoSo"], MaDonVi=site.agency(1))
    site.write("filings", stem, rows)
    return [Place("filings", f"{stem}.csv", number) for number in (5, 7)]


def _one_key_two_requests(site: Site) -> Iterable[Place]:
    """The third request of one agency and the first of another under one key."""
    rows = site.rows("payment_requests", _MONTH)
    one, other = site.places("payment_requests", _MONTH, 0)[2], site.places("payment_requests", _MONTH, 1)[0]
    rows[other - 1]["MaYeuCau"] = rows[one - 1]["MaYeuCau"]
    site.write("payment_requests", _MONTH, rows)
    return [Place("payment_requests", f"{_MONTH}.csv", number) for number in (one, other)]


def _success_then_failure(site: Site) -> Iterable[Place]:
    """One attempt has both ends in one file: where the second stood, the first stands again, failed."""
    rows = site.rows("payment_attempts", _MONTH)
    first, second = site.places("payment_attempts", _MONTH, 0)[:2]
    rows[second - 1] = {**rows[first - 1], "TrangThai": "that-bai", "MaLoi": "99"}
    site.write("payment_attempts", _MONTH, rows)
    return [Place("payment_attempts", f"{_MONTH}.csv", number) for number in (first, second)]


def _bare_prefix(site: Site) -> Iterable[Place]:
    return _cells("filings", 5, agency=0, MaHoSo=f"{site.agency(0)}-")(site)


def _agency_in_wide_letters(site: Site) -> Iterable[Place]:
    """The first agency's code in small letters of double width, with a sign of no width in it."""
    stem = site.own_file(0)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in site.agency(0).lower()) + "\u200b"
    site.write("filings", stem, [{**row, "MaDonVi": wide} for row in site.rows("filings", stem)])
    return ()


def _other_keys_again(site: Site) -> Iterable[Place]:
    stem = site.own_file(0)
    rows = [{**row, "MaHoSo": f"{row['MaHoSo']}-A"} for row in site.rows("filings", stem)]
    site.write("filings", f"{stem}.lan-2", rows)
    return ()


def _a_third_of_the_file(site: Site) -> Iterable[Place]:
    stem = site.own_file(0)
    site.write("filings", stem, site.rows("filings", stem)[:20])
    return ()


def _a_third_of(entity: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        site.write(entity, _MONTH, site.rows(entity, _MONTH)[::3])
        return ()

    return inject


def _another_months_changes(site: Site) -> Iterable[Place]:
    """A feed of changes says nothing against rows of another month: it is the month itself that stays empty."""
    site.write("payment_requests", _MONTH, site.rows("payment_requests", _CLOSED))
    return ()


def _both_files_by_1000(site: Site) -> Iterable[Place]:
    """Requests and attempts agree with each other, and every control total with its file."""
    for entity, columns in (("payment_requests", ("SoTien", "Phi", "LePhi")), ("payment_attempts", ("SoTien",))):
        rows = [
            {**row, **{column: f"{row[column]}000" if row[column] != "0" else "0" for column in columns}}
            for row in site.rows(entity, _MONTH)
        ]
        site.write(entity, _MONTH, rows)
    return ()


def _levels_in_words(site: Site) -> Iterable[Place]:
    """Levels, channels and statuses as systems write them since August 2022, in several spellings."""
    words = {
        "MucDo": {"3": "Một  phần", "4": "TOÀN TRÌNH", "2": "DVC"},
        "KenhThucHien": {"1": "trực tiếp", "2": "Trực tuyến", "3": "Bưu chính công ích"},
        "TrangThaiHoSo": {"9": "Đã xử lý xong", "10": "Đã trả kết quả"},
    }
    stem = site.own_file(0)
    rows = [
        {**row, **{column: spelt.get(row[column], row[column]) for column, spelt in words.items()}}
        for row in site.rows("filings", stem)
    ]
    site.write("filings", stem, rows)
    return ()


def _decomposed(site: Site) -> Iterable[Place]:
    """Names and labels as another keyboard writes them: letters and marks apart, blanks around."""
    stem = site.own_file(0)
    rows = [
        {**row, "DonViXuLy": unicodedata.normalize("NFD", row["DonViXuLy"]), "MaDonVi": f"\u00a0{row['MaDonVi']} "}
        for row in site.rows("filings", stem)
    ]
    site.write("filings", stem, rows)
    paid = [
        {**row, "TrangThai": unicodedata.normalize("NFD", row["TrangThai"]).upper()}
        for row in site.rows("payment_requests", _MONTH)
    ]
    site.write("payment_requests", _MONTH, paid)
    return ()


def _name_for_code(site: Site) -> Iterable[Place]:
    name = unicodedata.normalize("NFD", site.province.agencies[0].name_vi)
    return _cells("filings", 5, agency=0, MaDonVi=name)(site)


# What points to nothing, what does not agree, what did not come.


def _second_success(site: Site) -> Iterable[Place]:
    rows = site.rows("payment_attempts", _MONTH)
    site.write("payment_attempts", _MONTH, [*rows, {**rows[0], "MaThamChieu": "TC-LAN-2"}])
    return ()


def _twelve_hours(site: Site) -> Iterable[Place]:
    rows = site.rows("payment_attempts", _MONTH)
    for row in rows:
        at = row["ThoiGianGD"]
        row["ThoiGianGD"] = f"{at[:8]}{(int(at[8:10]) - 1) % 12 + 1:02d}{at[10:]}"
    site.write("payment_attempts", _MONTH, rows)
    return ()


def _one_more_reported(site: Site) -> Iterable[Place]:
    rows = site.rows("reported_figures", _MONTH)
    row = rows[site.places("reported_figures", _MONTH, 0)[0] - 1]
    row["GiaTri"] = str(int(row["GiaTri"]) + 1)
    site.write("reported_figures", _MONTH, rows)
    return ()


def _withheld(site: Site) -> Iterable[Place]:
    site.csv("filings", site.own_file(0)).unlink()
    site.control("filings", site.own_file(0)).unlink()
    return ()


def _month_in_the_middle(site: Site) -> Iterable[Place]:
    for entity in ("filings", "payment_requests", "payment_attempts"):
        site.csv(entity, str(CLOSED[1])).unlink()
        site.control(entity, str(CLOSED[1])).unlink()
    return ()


def _absent_from_a_shared_file(site: Site) -> Iterable[Place]:
    """The file of all agencies' requests lacks one of them, and its control file agrees."""
    rows = site.rows("payment_requests", _MONTH)
    site.write("payment_requests", _MONTH, [row for row in rows if row["MaDonVi"] != site.agency(0)])
    return ()


def _header_that_says_zero(site: Site) -> Iterable[Place]:
    """A header and no row, and a control file that says 0 rows."""
    site.write("payment_attempts", _MONTH, [])
    return ()


def _feed_missing(entity: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        site.csv(entity, _MONTH).unlink()
        site.control(entity, _MONTH).unlink()
        return ()

    return inject


def _agency_says_zero(site: Site) -> Iterable[Place]:
    site.write("filings", site.own_file(0), [])
    return ()


def _closed_month_again(site: Site) -> Iterable[Place]:
    """A closed month is sent again, one filing short."""
    site.write("filings", _CLOSED, site.rows("filings", _CLOSED)[:-1])
    return ()


def _never_frozen(site: Site) -> Iterable[Place]:
    """A file comes for a month that was frozen without it."""
    rows = site.rows("procedures", str(CLOSED[0]))
    site.write("procedures", _CLOSED, [{**rows[0], "MaTTHC": "1.000009"}])
    return ()


def _last_month_cut(site: Site) -> Iterable[Place]:
    """The last month is sent again, and its last line is cut: the version that has landed goes on."""
    path = site.csv("filings", site.own_file(0))
    path.write_bytes(path.read_bytes()[:-20])
    return ()


def _header_lost(site: Site) -> Iterable[Place]:
    """The first line is a filing."""
    path = site.csv("filings", site.own_file(0))
    path.write_text(path.read_text(encoding="utf-8").split("\n", 1)[1], encoding="utf-8")
    site.control("filings", site.own_file(0)).unlink()
    return ()


def _zero_tail(site: Site) -> Iterable[Place]:
    """A disk that was full when the file was written: its size is right, its end was never written."""
    path = site.csv("filings", site.own_file(0))
    path.write_bytes(path.read_bytes() + b"\0" * 4096)
    site.control("filings", site.own_file(0)).unlink()
    return ()


def _renamed_to(stem: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        rows = site.rows("filings", site.own_file(0))
        site.write("filings", stem, rows)
        return ()

    return inject


def _two_names_for_one(site: Site) -> Iterable[Place]:
    for stem in (f"{_MONTH}.bo-sung", f"{_MONTH}.BO-SUNG"):
        site.write("filings", stem, site.rows("filings", site.own_file(0))[:1])
    return ()


def _link_for_a_file(site: Site) -> Iterable[Place]:
    path = site.csv("payment_requests", _MONTH)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    return ()


def _folder_for_a_file(site: Site) -> Iterable[Place]:
    path = site.csv("payment_requests", _MONTH)
    path.unlink()
    path.mkdir()
    return ()


def _bad_byte(site: Site) -> Iterable[Place]:
    path = site.csv("payment_requests", _MONTH)
    content = path.read_bytes()
    path.write_bytes(content.replace("Đã".encode(), "Đã".encode()[:1] + b"\xff", 1))
    return ()


def _header_ends_with(more: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        path = site.csv("filings", site.own_file(0))
        header, rest = path.read_text(encoding="utf-8").split("\n", 1)
        path.write_text(f"{header}{more}\n{rest}", encoding="utf-8")
        site.control("filings", site.own_file(0)).unlink()
        return ()

    return inject


def _cut_between_rows(site: Site) -> Iterable[Place]:
    path = site.csv("payment_requests", _MONTH)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    return ()


def _control_is(text: str) -> Injection:
    def inject(site: Site) -> Iterable[Place]:
        site.control("payment_requests", _MONTH).write_text(text, encoding="utf-8")
        return ()

    return inject


def _control_of_an_agency(site: Site) -> Iterable[Place]:
    path = site.control("payment_requests", _MONTH)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "agencies": {site.agency(0): 1}}), encoding="utf-8")
    return ()


# The disk, between two nights.


def _flipped(path: Path) -> Iterable[Place]:
    """One bit in the middle of a file is another one."""
    content = path.read_bytes()
    at = len(content) // 2
    path.chmod(0o644)
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    return ()


def _extract_lost(site: Site) -> Iterable[Place]:
    for ending in (".parquet", ".json"):
        site.landed("payment_requests", LAST, ending).unlink()
    return ()


def _marts_cut(site: Site) -> Iterable[Place]:
    path = site.publication / "marts.duckdb"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-4096])
    return ()


def _marts_lost(site: Site) -> Iterable[Place]:
    (site.publication / "marts.duckdb").unlink()
    return ()


def _pointer_to_nothing(site: Site) -> Iterable[Place]:
    pointer = site.publication.with_name("current")
    pointer.unlink()
    pointer.symlink_to("9")
    return ()


# Landing, after it has landed.


def _truncated(site: Site) -> Iterable[Place]:
    path = site.landed("payment_requests", LAST, ".parquet")
    path.write_bytes(path.read_bytes()[:-200])
    return ()


def _landed_rows(select: str) -> Injection:
    """Write a landed file anew from a select over itself."""

    def inject(site: Site) -> Iterable[Place]:
        path = site.landed("payment_requests", LAST, ".parquet")
        with open_database() as connection:  # of its own: the candidate does not exist yet
            connection.execute(f"create table landed as from read_parquet({read_literal(path)})")
            connection.execute(f"copy ({select}) to {file_literal(path)} (format parquet)")
        return ()

    return inject


def _manifest_says(key: str) -> Injection:
    """Sealed anew, so that it is not the seal which speaks."""

    def inject(site: Site) -> Iterable[Place]:
        path = site.landed("payment_requests", LAST, ".json")
        content = unseal(path.read_bytes())
        content[key] += 1
        path.write_text(seal(content), encoding="utf-8")
        return ()

    return inject


def _parquet_gone(site: Site) -> Iterable[Place]:
    site.landed("payment_requests", LAST, ".parquet").unlink()
    return ()


# SQL on the candidate.

_ONE_FACT = (
    "(select extract_id || '#' || row_number from fct_filings where source_agency_code = '{first}' and is_received "
    "and is_online order by 1 limit 1)"
)
_IS_ONE_FACT = f"extract_id || '#' || row_number = {_ONE_FACT}"

_IS_LAST_LINE = (
    "agency_code = '{first}' and period_key = (select max(period_key) from dim_reporting_periods where kind = 'month' "
    "and previous_period_key is not null)"
)


def _workload(change: str, where: str) -> Injection:
    """Spoil the first agency's line of the form in the last month that has one before it."""
    return _sql(f"update fct_workload set {change} where {_IS_LAST_LINE} and {where}")


_EQUAL = "expect_column_pair_values_to_be_equal"
_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
_BETWEEN = "expect_column_values_to_be_between"

FAULTS: tuple[Fault, ...] = (
    # Refused at the door.
    Fault("empty_file", "Tệp rỗng", "an empty file",
          "inbox", "landing: empty file (0 bytes)", "refused", _empty_file),
    Fault("header_only", "Tệp chỉ có dòng tiêu đề", "a header and no row",
          "inbox", "landing: empty file (a header", "refused", _header_only),
    Fault("column_gone", "Thiếu một cột bắt buộc", "a mandatory column is missing",
          "inbox", "landing: missing mandatory column MucDo", "refused", _column_gone),
    Fault("column_twice", "Một cột có hai lần", "a column stands twice",
          "inbox", "landing: column MaDonVi stands more than once", "refused", _column_twice),
    Fault("cut_in_a_row", "Tệp bị cắt giữa dòng", "a file that ends in the middle of a row",
          "inbox", "landing: not readable as CSV", "refused", _cut_in_a_row),
    Fault("other_encoding", "Tệp không phải UTF-8", "a file in another encoding",
          "inbox", "landing: not UTF-8", "refused", _other_encoding),
    Fault("no_such_month", "Tên tệp ghi tháng 13", "a file named for a thirteenth month",
          "inbox", "landing: name not of the contract", "refused", _no_such_month),
    Fault("header_lost", "Tệp mất dòng tiêu đề", "a file without its header line",
          "inbox", "landing: is the header line missing", "refused", _header_lost),
    Fault("zero_tail", "Cuối tệp là các byte 0", "a file that ends in zero bytes",
          "inbox", "landing: a zero byte", "refused", _zero_tail),
    Fault("month_after_next", "Tên tệp ghi nhầm năm về sau", "a file named for a year to come",
          "inbox", "landing: the month that follows today", "refused", _renamed_to("2222-10")),
    Fault("month_before_first_day", "Tên tệp ghi tháng trước ngày đầu tiên của tỉnh",
          "a file named for a month before the province's first day",
          "inbox", "landing: the month of the province's first day", "refused", _renamed_to("0022-10")),
    Fault("name_twin", "Hai tên tệp chỉ khác chữ hoa", "two file names that differ in case alone",
          "inbox", "landing: one name with", "refused", _two_names_for_one),
    Fault("data_file_missing", "Có tệp kiểm soát, không có tệp dữ liệu", "a control file without its data file",
          "inbox", "landing: control file without its data file", "refused", _data_file_missing),
    Fault("link_for_a_file", "Tệp là một liên kết", "a link in the place of a file",
          "inbox", "landing: found a symbolic link, wanted a regular file", "refused", _link_for_a_file),
    Fault("folder_for_a_file", "Thư mục mang tên tệp", "a folder under a file's name",
          "inbox", "landing: found a folder, wanted a regular file", "refused", _folder_for_a_file),
    Fault("bad_byte", "Một byte hỏng giữa tệp", "one byte in the middle that is no UTF-8",
          "inbox", "landing: not UTF-8", "refused", _bad_byte),
    Fault("nameless_column", "Tiêu đề thừa một dấu phẩy", "a comma at the header's end",
          "inbox", "landing: no comma behind the last", "refused", _header_ends_with(",")),
    Fault("column_twice_in_other_case", "Hai cột chỉ khác chữ hoa", "two columns that differ in case alone",
          "inbox", "landing: have one name but for case: MucDo", "refused", _header_ends_with(",MUCDO")),
    Fault("cut_between_rows", "Tệp bị cắt giữa hai dòng, tệp kiểm soát nguyên",
          "a file cut between two rows, its control file whole",
          "inbox", "landing: key rows", "refused", _cut_between_rows),
    Fault("control_hash_is_a_number", "Tệp kiểm soát ghi mã băm bằng số", "a number for the control file's hash",
          "inbox", "landing: key sha256", "refused", _control_says("payment_attempts", "sha256", lambda _: 5)),
    Fault("control_key_unknown", "Tệp kiểm soát có khóa lạ", "a key that no control file has",
          "inbox", "landing: 1 keys that no control file has", "refused", _control_is('{"so_dong": 1}')),
    Fault("control_nested", "Tệp kiểm soát lồng 30.000 tầng", "a control file nested 30,000 deep",
          "inbox", "landing: nested too deep", "refused", _control_is("[" * 30_000)),
    Fault("control_other_agency_rows", "Tệp kiểm soát ghi khác số dòng của một cơ quan",
          "the control file states another number of rows for one agency",
          "inbox", "landing: agencies have another number of rows", "refused", _control_of_an_agency),
    Fault("vnd_by_1000", "Số tiền nhân 1.000", "VND times 1,000",
          "inbox", "landing: key total_amount_vnd", "refused", _amount_by(lambda vnd: vnd * 1000, slice(None))),
    Fault("one_vnd", "Một khoản lệch một đồng so với tệp kiểm soát", "one amount differs by 1 VND from the control file",
          "inbox", "landing: key total_amount_vnd", "refused", _amount_by(lambda vnd: vnd + 1, slice(1))),
    Fault("control_rows_off_by_one", "Tệp kiểm soát ghi thừa một dòng", "the control file counts one row more",
          "inbox", "landing: key rows", "refused", _control_says("payment_requests", "rows", _one_more)),
    Fault("control_hash_wrong", "Tệp kiểm soát ghi mã băm của tệp khác", "the control file's hash is of another file",
          "inbox", "landing: key sha256", "refused", _control_says("payment_attempts", "sha256", lambda _: "0" * 64)),
    Fault("late_control_differs", "Tệp kiểm soát đến sau và khác số đã nhận", "a late control file differs from what landed",
          "inbox, after landing", "landing: control total differs from what has landed", "refused",
          _control_says("payment_requests", "rows", _one_more)),
    # The disk: what lies in landing or before readers is not what it was; the look that every night begins with tells.
    Fault("landed_byte_flipped", "Một bit của tệp đã nhận bị đảo", "one bit of a landed file is flipped",
          "disk", "look: changed since it landed", "refused",
          lambda site: _flipped(site.landed("payment_requests", LAST, ".parquet"))),
    Fault("landed_manifest_flipped", "Một bit của biên nhận bị đảo", "one bit of a landed file's manifest is flipped",
          "disk", "look: not a landing manifest", "refused",
          lambda site: _flipped(site.landed("payment_requests", LAST, ".json"))),
    Fault("extract_lost", "Mất cả tệp đã nhận lẫn biên nhận", "a landed file is lost with its manifest",
          "disk", "look: gone, but the current publication is made of it", "refused", _extract_lost),
    Fault("marts_byte_flipped", "Một bit của bản công bố bị đảo", "one bit of marts.duckdb is flipped",
          "disk", "look: marts.duckdb: found sha256", "passed", lambda site: _flipped(site.publication / "marts.duckdb")),
    Fault("marts_cut", "Tệp marts.duckdb của bản công bố bị cắt", "marts.duckdb is cut",
          "disk", "look: marts.duckdb: found", "passed", _marts_cut),
    Fault("marts_lost", "Mất tệp marts.duckdb của bản công bố", "marts.duckdb is gone",
          "disk", "look: marts.duckdb: found no file", "passed", _marts_lost),
    Fault("publication_manifest_flipped", "Một bit của bản kê công bố bị đảo",
          "one bit of the publication's manifest is flipped",
          "disk", "look: damaged, and no publication before it is whole", "refused",
          lambda site: _flipped(site.publication / "manifest.json")),
    Fault("pointer_to_nothing", "Con trỏ current chỉ vào chỗ trống", "current points to nothing",
          "disk", "look: current", "refused", _pointer_to_nothing),
    # Landing is not what it was, and the look did not tell.
    Fault("parquet_truncated", "Tệp đã nhận bị cắt cụt", "a landed file is truncated",
          "landing", "landing: damaged", "refused", _truncated),
    Fault("landed_row_deleted", "Một dòng bị xóa sau khi nhận", "one row is deleted after landing",
          "landing", "landing: damaged: found", "refused",
          _landed_rows("select * from landed where row_number <> 3 order by row_number")),
    Fault("landed_file_gone", "Tệp đã nhận bị mất, biên nhận còn", "a landed file is gone, its manifest is there",
          "landing", "landing: but gone", "refused", _parquet_gone),
    Fault("landed_vnd_changed", "Một đồng bị sửa sau khi nhận", "one VND is changed after landing",
          "landing", "amounts.landed_are_staged", "failed",
          _landed_rows(
              'select * replace (case when row_number = 3 then cast(cast("SoTien" as bigint) + 1 as varchar) '
              'else "SoTien" end as "SoTien", case when row_number = 3 then cast(cast("Phi" as bigint) + 1 as varchar) '
              'else "Phi" end as "Phi") from landed order by row_number'
          )),
    Fault("manifest_rows_changed", "Số dòng nguồn khai trong biên nhận bị sửa", "a manifest's control rows are changed",
          "landing", "rows.control_total_is_landed", "failed", _manifest_says("control_rows")),
    Fault("manifest_amount_changed", "Số tiền nguồn khai trong biên nhận bị sửa", "a manifest's control amount is changed",
          "landing", "amounts.control_total_is_landed", "failed", _manifest_says("control_total_amount_vnd")),
    # Rows set aside, one at a time, and the night goes on.
    Fault("null_key", "Hồ sơ không có mã", "a filing without its key",
          "inbox", "quarantined: missing_key", "passed", _filing(MaHoSo=""), agencies=1),
    Fault("malformed_key", "Mã hồ sơ có khoảng trắng", "a filing's key with a blank in it",
          "inbox", "quarantined: malformed_key", "passed", _filing(MaHoSo="HS 0001"), agencies=1),
    Fault("spreadsheet_key", "Mã hồ sơ bị bảng tính đổi thành số mũ", "a filing's key made an exponent by a spreadsheet",
          "inbox", "quarantined: malformed_key", "passed", _filing(MaHoSo="2.0221E+17"), agencies=1),
    Fault("error_for_a_key", "Mã hồ sơ là lỗi của ô tính", "the error of a cell in place of a filing's key",
          "inbox", "quarantined: malformed_key", "passed", _filing(MaHoSo="#REF!"), agencies=1),
    Fault("key_of_signs", "Mã hồ sơ chỉ có dấu", "a filing's key of signs only",
          "inbox", "quarantined: malformed_key", "passed", _filing(MaHoSo="??"), agencies=1),
    Fault("bare_prefix", "Mã hồ sơ chỉ còn phần đầu", "nothing but the prefix of a filing's key",
          "inbox", "quarantined: malformed_key", "passed", _bare_prefix, agencies=1),
    Fault("doubled_filing", "Hai hồ sơ chung một mã trong một tệp", "two filings under one key in one file",
          "inbox", "quarantined: doubled_key", "passed", _one_key_two_filings, agencies=2),
    Fault("doubled_request", "Hai yêu cầu thanh toán chung một mã trong một tệp", "two requests under one key in one file",
          "inbox", "quarantined: doubled_key", "passed", _one_key_two_requests, agencies=2),
    Fault("doubled_attempt", "Một giao dịch vừa thành công vừa thất bại", "one attempt that succeeds and fails in one file",
          "inbox", "quarantined: doubled_key", "passed", _success_then_failure, agencies=1),
    Fault("level_outside_list", "Mức độ ngoài danh mục", "a service level outside its list",
          "inbox", "quarantined: unknown_level", "passed", _filing(MucDo="7"), agencies=1),
    Fault("channel_outside_list", "Kênh nộp ngoài danh mục", "a channel outside its list",
          "inbox", "quarantined: unknown_channel", "passed", _filing(KenhThucHien="9"), agencies=1),
    Fault("status_outside_list", "Trạng thái hồ sơ ngoài danh mục", "a filing status outside its list",
          "inbox", "quarantined: unknown_status", "passed", _filing(TrangThaiHoSo="77"), agencies=1),
    Fault("received_without_date", "Hồ sơ đã tiếp nhận, thiếu ngày", "received, and no date of receipt",
          "inbox", "quarantined: missing_received_date", "passed", _filing(NgayTiepNhan=""), agencies=1),
    Fault("received_in_the_future", "Tiếp nhận sau lúc lấy số liệu", "received after the moment of the fetch",
          "inbox", "quarantined: received_in_the_future", "passed",
          _filing(NgayTiepNhan="99990101080000", NgayKetThucXuLy=""), agencies=1),
    Fault("finished_before_received", "Xong trước khi tiếp nhận", "finished before it was received",
          "inbox", "quarantined: finished_before_received", "passed", _filing(NgayKetThucXuLy="20220101080000"),
          agencies=1),
    # Dates that cannot be: what stands for no date, a year that nobody meant, an order that cannot be, a month for a day.
    Fault("date_for_no_date", "Ô không có ngày ghi 01/01/1900", "01/01/1900 stands for no date",
          "inbox", "defects.to_know", "passed", _filing(NgayTra="01/01/1900 00:00")),
    Fault("paid_on_no_date", "Đã thanh toán, ngày thu ghi 01/01/1900", "paid, and 01/01/1900 stands for no date",
          "inbox", "quarantined: paid_without_date", "passed", _request(NgayThuPhi="1900-01-01 00:00:00"), agencies=1),
    Fault("paid_in_year_one", "Thu phí năm 0001", "paid in the year 1",
          "inbox", "quarantined: paid_before_first_day", "passed", _request(NgayThuPhi="0001-01-01T00:00:00"),
          agencies=1),
    Fault("refunded_in_1753", "Hoàn phí năm 1753", "refunded in 1753",
          "inbox", "quarantined: refunded_before_first_day", "passed",
          _request(TrangThai="Hoàn phí", NgayHoanPhi="1753-01-01"), agencies=1),
    Fault("received_in_year_22", "Tiếp nhận năm 0022", "received in the year 22",
          "inbox", "quarantined: received_before_first_day", "passed", _filing(NgayTiepNhan="0022-10-05 12:04:00"),
          agencies=1),
    Fault("submitted_in_2202", "Nộp năm 2202", "submitted in 2202",
          "inbox", "quarantined: submitted_in_the_future", "passed", _filing(NgayNopHoSo="22021005120400"), agencies=1),
    Fault("returned_in_2565", "Trả kết quả năm 2565 (Phật lịch)", "handed over in 2565, a Buddhist year",
          "inbox", "quarantined: returned_in_the_future", "passed", _filing(NgayTra="05/10/2565"), agencies=1),
    Fault("due_before_received", "Hẹn trả trước khi tiếp nhận", "due before it was received",
          "inbox", "quarantined: due_before_received", "passed", _filing(NgayHenTra="2022-10-04"), agencies=1),
    Fault("due_in_2202", "Hẹn trả năm 2202", "due in 2202",
          "inbox", "quarantined: due_too_late", "passed", _filing(NgayHenTra="2202-10-20"), agencies=1),
    Fault("returned_before_received", "Trả kết quả trước khi tiếp nhận", "handed over before it was received",
          "inbox", "quarantined: returned_before_received", "passed", _filing(NgayTra="2022-10-04"), agencies=1),
    Fault("returned_before_finished", "Trả kết quả nhiều ngày trước khi xong", "handed over days before it was finished",
          "inbox", "quarantined: returned_before_finished", "passed",
          _filing(NgayKetThucXuLy="20221020120000", NgayTra="20221010120000"), agencies=1),
    Fault("received_before_submitted", "Tiếp nhận nhiều ngày trước khi nộp", "received days before it was submitted",
          "inbox", "quarantined: received_before_submitted", "passed", _filing(NgayNopHoSo="20221010120000"),
          agencies=1),
    Fault("paid_day_for_month", "Ngày và tháng thu phí bị đảo", "the day and the month of a payment are swapped",
          "inbox", "quarantined: paid_before_requested", "passed", _request(NgayThuPhi="2022-03-10 11:02:00"),
          agencies=1),
    Fault("paid_an_hour_early", "Thu phí một giờ trước khi ghi yêu cầu", "paid an hour before the request was written down",
          "inbox", "defects.of_dates", "passed", _paid_an_hour_early),
    Fault("success_on_another_day", "Giao dịch thành công khác ngày thu phí", "a success on another day than its payment",
          "inbox", "defects.of_dates", "passed", _request(NgayThuPhi="2022-10-23 11:02:00")),
    Fault("requested_after_the_month", "Yêu cầu sau tháng của tệp thay đổi", "requested after the month of a file of changes",
          "inbox", "quarantined: requested_after_month", "passed",
          _request(NgayYeuCau="2022-11-03", NgayThuPhi="2022-11-03"), agencies=1),
    Fault("attempt_day_for_month", "Ngày và tháng giao dịch bị đảo", "the day and the month of an attempt are swapped",
          "inbox", "quarantined: attempted_before_requested", "passed",
          _cells("payment_attempts", 4, ThoiGianGD="20220410110200"), agencies=1),
    Fault("attempt_in_1901", "Giao dịch năm 1901", "an attempt in 1901",
          "inbox", "quarantined: attempted_before_first_day", "passed",
          _cells("payment_attempts", 4, ThoiGianGD="19010101000000"), agencies=1),
    Fault("reported_for_next_month", "Báo cáo cho tháng sau tháng của tệp", "reported for the month after the file's",
          "inbox", "quarantined: month_after_file", "passed", _cells("reported_figures", 1, Thang="2022-11"),
          agencies=1),
    Fault("counted_for_year_one", "Chỉ số của năm 0001", "an index count of the year 1",
          "inbox", "quarantined: month_before_first_day", "passed", _cells("index_counts", 1, Thang="0001-10"),
          agencies=1),
    Fault("received_in_another_month", "Ngày tiếp nhận thuộc tháng khác", "received in another month than the file's",
          "inbox", "quarantined: received_outside_month", "passed",
          _filing(NgayNopHoSo="20220805080000", NgayTiepNhan="20220805080000"), agencies=1),
    Fault("month_before_day", "Ngày viết kiểu tháng/ngày", "a date with the month first",
          "inbox", "quarantined: unparseable", "passed", _filing(NgayTiepNhan="10/25/2022"), agencies=1),
    Fault("no_such_day", "Ngày 31/02", "the 31st of February",
          "inbox", "quarantined: unparseable", "passed", _filing(NgayHenTra="31/02/2022"), agencies=1),
    Fault("thousands_dot", 'Số tiền viết "2.952"', '"2.952" as an amount: neither 2.952 nor 2,952',
          "inbox", "quarantined: unparseable", "passed", _request(SoTien="2.952"), agencies=1),
    Fault("decimal_amount", "Số tiền có phần lẻ", "an amount with decimals",
          "inbox", "quarantined: unparseable", "passed", _request(SoTien="50000.5"), agencies=1),
    Fault("amount_missing", "Thiếu số tiền", "no amount",
          "inbox", "quarantined: missing_amount", "passed", _request(SoTien=""), agencies=1),
    Fault("amount_negative", "Số tiền âm", "a negative amount",
          "inbox", "quarantined: negative_amount", "passed", _request(SoTien="-50000", Phi="-70000"), agencies=1),
    Fault("amount_is_not_its_parts", "Số tiền khác phí cộng lệ phí", "an amount that is not phí plus lệ phí",
          "inbox", "quarantined: amount_is_not_phi_plus_le_phi", "passed",
          _request_where(lambda row: row.update(SoTien=str(int(row["SoTien"]) + 1))), agencies=1),
    Fault("payment_status_outside_list", "Trạng thái thanh toán ngoài danh mục", "a payment status outside its list",
          "inbox", "quarantined: unknown_status", "passed", _request(TrangThai="Xong"), agencies=1),
    Fault("method_outside_list", "Hình thức thanh toán ngoài danh mục", "a way of paying outside its list",
          "inbox", "quarantined: unknown_method", "passed", _request(HinhThucThanhToan="vi-khac"), agencies=1),
    Fault("level_in_words_of_no_list", "Mức độ ghi bằng chữ ngoài danh mục", "a service level in words that no list has",
          "inbox", "quarantined: unknown_level", "passed", _filing(MucDo="mức cao"), agencies=1),
    Fault("collection_outside_list", "Hình thức thu ngoài danh mục", "a time of collection outside its list",
          "inbox", "quarantined: unknown_collection_kind", "passed", _request(HinhThucThu="Thu giữa"), agencies=1),
    Fault("attempt_status_outside_list", "Trạng thái giao dịch ngoài danh mục", "an attempt's status outside its list",
          "inbox", "quarantined: unknown_status", "passed", _cells("payment_attempts", 3, TrangThai="timeout"),
          agencies=1),
    Fault("applicant_outside_list", "Loại đối tượng ngoài danh mục", "a kind of applicant outside its list",
          "inbox", "unmapped_values.every_value_has_a_place", "passed", _filing(LoaiDoiTuong="Hộ kinh doanh")),
    Fault("paid_without_date", "Đã thanh toán, thiếu ngày thu", "paid, and no date",
          "inbox", "quarantined: paid_without_date", "passed", _request(NgayThuPhi=""), agencies=1),
    Fault("refund_without_date", "Đã hoàn phí, thiếu ngày hoàn", "refunded, and no date of the refund",
          "inbox", "quarantined: refunded_without_date", "passed", _request(TrangThai="Hoàn phí"), agencies=1),
    Fault("refund_without_payment", "Hoàn phí mà chưa thu phí", "a refund of what was never paid",
          "inbox", "quarantined: paid_without_date", "passed",
          _request(TrangThai="Hoàn phí", NgayThuPhi="", NgayHoanPhi="2022-10-20 10:00:00"), agencies=1),
    Fault("refund_before_payment", "Hoàn phí trước khi thu phí", "refunded before it was paid",
          "inbox", "quarantined: refunded_before_paid", "passed",
          _request(TrangThai="Hoàn phí", NgayHoanPhi="2022-01-20 10:00:00"), agencies=1),
    # Too many rows set aside: the night stops.
    Fault("five_percent_of_an_agency", "5% dòng của một cơ quan bị lỗi", "5 % of one agency's rows are faulty",
          "inbox", "quarantine.agency_is_within_budget", "failed", _cells("filings", 5, 9, 13, 17, agency=0, MucDo="7"),
          agencies=1),
    Fault("spread_over_the_month", "Mỗi cơ quan một dòng lỗi", "one faulty row in every agency",
          "inbox", "quarantine.month_is_within_budget", "failed", _one_row_of_every_agency),
    Fault("columns_swapped", "Hai cột bị tráo tiêu đề", "two columns under each other's heading",
          "inbox", "quarantine.agency_is_within_budget", "failed",
          _swapped("filings", "KenhThucHien", "NgayTiepNhan", agency=0), agencies=1),
    Fault("amounts_swapped", "Cột số tiền và cột phí bị tráo", "the amount under the heading of one of its parts",
          "inbox", "quarantine.agency_is_within_budget", "failed", _swapped("payment_requests", "SoTien", "Phi")),
    Fault("file_of_another_month", "Tệp mang tên tháng khác", "a file under the name of another month",
          "inbox", "quarantine.agency_is_within_budget", "failed", _another_months_file, agencies=1),
    # Twins: what comes twice is counted once.
    Fault("same_file_again", "Tệp gửi lại dưới tên khác", "the same file again under another name",
          "inbox", "superseded", "passed", _same_keys_again),
    Fault("twin_key", "Một mã hồ sơ, hai nội dung", "one key with two contents, in two files",
          "inbox", "superseded", "passed", _duplicate_key),
    Fault("counted_in_two_months", "Một hồ sơ ở hai tháng", "one filing in two months",
          "inbox", "superseded", "passed", _two_months),
    Fault("invisible_in_key", "Mã hồ sơ có dấu không nhìn thấy", "the same filings again, a soft hyphen in every key",
          "inbox", "superseded", "passed", _respelled_again(lambda key: f"{key[:3]}\u00ad{key[3:]}")),
    Fault("other_dash_in_key", "Mã hồ sơ viết bằng dấu gạch khác", "the same filings again, another dash in every key",
          "inbox", "keys.are_spelled_one_way", "passed", _respelled_again(lambda key: key.replace("-", "\u2013"))),
    Fault("other_case_in_key", "Mã hồ sơ chỉ khác chữ hoa", "the same filings again, a letter of every key in another case",
          "inbox", "keys.few_count_twice", "failed", _counted_in_two_cases),
    Fault("agency_in_wide_letters", "Mã cơ quan viết bằng chữ toàn độ rộng", "an agency's code in wide small letters",
          "inbox", "unmoved", "passed", _agency_in_wide_letters),
    Fault("same_file_other_keys", "Tệp gửi lại với mã khác", "the same file again with other keys",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _other_keys_again, agencies=1),
    Fault("two_thirds_missing", "Tệp thiếu hai phần ba", "two thirds of a file are missing, and its control file agrees",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _a_third_of_the_file, agencies=1),
    Fault("half_of_every_agency", "Tệp thanh toán mất quá nửa số dòng", "a payment file is cut, and its control file agrees",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _a_third_of("payment_requests")),
    Fault("other_months_changes", "Tệp thay đổi mang tên tháng khác", "another month's rows in a feed of changes",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _another_months_changes),
    Fault("vnd_by_1000_everywhere", "Mọi số tiền của tháng nhân 1.000", "all amounts of a month times 1,000, in both files",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _both_files_by_1000),
    Fault("levels_in_words", "Mức độ, kênh, trạng thái ghi bằng chữ", "levels, channels and statuses in words",
          "inbox", "unmoved", "passed", _levels_in_words),
    Fault("name_decomposed", "Tên cơ quan ở hai dạng Unicode", "an agency's name in NFD, its code with blanks around",
          "inbox", "unmoved", "passed", _decomposed),
    Fault("name_for_code", "Tên cơ quan thay cho mã", "an agency's name, in NFD, in place of its code",
          "inbox", "references.point_to_something", "passed", _name_for_code),
    # Rows that point to nothing; they count, and are named.
    Fault("unknown_agency", "Mã cơ quan lạ", "an agency that nobody knows",
          "inbox", "references.point_to_something", "passed", _filing(MaDonVi="X99.99")),
    Fault("unknown_procedure", "Mã thủ tục lạ", "a procedure that the catalogue does not have",
          "inbox", "references.point_to_something", "passed", _filing(MaTTHC="9.999999"), agencies=1),
    Fault("payment_without_filing", "Khoản thu không có hồ sơ", "a payment for a filing that is not there",
          "inbox", "references.point_to_something", "passed", _request(MaHoSo="KHONG-CO"), agencies=1),
    Fault("reference_is_no_key", "Mã hồ sơ của khoản thu là lỗi của ô tính", "a cell's error in place of a payment's filing",
          "inbox", "references.point_to_something", "passed", _request(MaHoSo="#N/A"), agencies=1),
    Fault("attempt_without_request", "Giao dịch không có yêu cầu", "an attempt for a request that is not there",
          "inbox", "references.point_to_something", "passed", _cells("payment_attempts", 1, MaYeuCau="KHONG-CO")),
    Fault("two_successes", "Hai giao dịch thành công cho một yêu cầu", "two successful attempts for one request",
          "inbox", "references.at_most_one_success", "failed", _second_success),
    Fault("whole_file_by_1000", "Cả tệp thanh toán nhân 1.000, không có tệp kiểm soát",
          "a whole payment file times 1,000, parts and totals alike, and no control file",
          "inbox", "references.success_pays_its_request", "failed", _everything_by_1000),
    # Defects, feeds, agencies' own figures, the frozen past.
    Fault("twelve_hour_clock", "Cổng thanh toán ghi giờ 12 tiếng", "a gateway with a 12-hour clock",
          "inbox", "defects.to_know", "passed", _twelve_hours),
    Fault("online_without_level", "Hồ sơ trực tuyến không phân mức", "an online filing without a level",
          "inbox", "defects.to_know", "passed", _filing(MucDo="")),
    Fault("finished_without_date", "Hồ sơ xong mà thiếu ngày", "finished, and no date",
          "inbox", "defects.of_filings", "passed", _filing(NgayKetThucXuLy="")),
    Fault("level_2_filed_online", "Hồ sơ mức độ 2 nộp trực tuyến", "a filing of level 2 that came in online",
          "inbox", "defects.of_filings", "passed", _filing(MucDo="2")),
    Fault("unprintable_sign", "Ký tự điều khiển trong tên lĩnh vực", "a control sign in a field's name",
          "inbox", "texts.are_printable", "passed", _in_the_catalogue(TenLinhVuc="Đất\x07 đai")),
    Fault("private_sign", "Ký tự riêng trong tên thủ tục", "a private-use sign in a procedure's name",
          "inbox", "texts.are_printable", "passed", _in_the_catalogue(TenTTHC="Thủ tục \ue000")),
    Fault("paid_in_a_month_without_a_file", "Thu phí ở tháng không có tệp", "paid in a month that no file is for",
          "inbox", "placed_facts.month_has_a_file", "passed",
          _request(NgayYeuCau="20220105080000", NgayThuPhi="20220106080000")),
    Fault("reported_one_more", "Cơ quan tự báo cáo thừa một hồ sơ", "an agency reports one filing more than it has",
          "inbox", "reported_figures.agree_with_records", "passed", _one_more_reported, agencies=1),
    Fault("counted_for_an_unknown_component", "Mã thành phần lạ của Bộ chỉ số", "a count of a component that nobody knows",
          "inbox", "index_counts.component_is_known", "passed", _cells("index_counts", 1, ThanhPhan="thanh_phan_la")),
    Fault("counted_by_an_unknown_agency", "Số liệu thành phần của cơ quan lạ", "a count of an agency that nobody knows",
          "inbox", "index_counts.entity_is_known", "passed", _cells("index_counts", 1, MaDonVi="H99.99")),
    Fault("part_over_whole", "Tử số của thành phần lớn hơn mẫu số", "a component's part is more than its whole",
          "inbox", "index_counts.part_is_within_whole", "passed", _cells("index_counts", 1, TuSo="61")),
    Fault("new_version_refused", "Bản gửi lại của tệp bị từ chối, bản trước vẫn dùng",
          "a new version is refused, and the one before goes on",
          "inbox, after landing", "refused_files.there_are_none", "passed", _last_month_cut),
    Fault("rows_repeated_in_file", "Nhiều dòng lặp trong chính tệp", "more rows repeat in their file than are let pass",
          "inbox", "keys.few_rows_repeat", "passed", _rows_repeated),
    Fault("one_row_set_aside", "Một dòng bị cách ly", "one row is set aside",
          "inbox", "quarantine.is_empty", "passed", _filing(NgayTiepNhan="32/10/2022"), agencies=1),
    Fault("agency_missing", "Một cơ quan không gửi tệp", "one agency sends nothing",
          "inbox", "feeds.expected_ones_came", "passed", _withheld, agencies=1),
    Fault("month_missing", "Thiếu hẳn một tháng ở giữa", "a whole month is missing in the middle",
          "inbox", "feeds.expected_ones_came", "passed", _month_in_the_middle),
    Fault("agency_absent_from_shared_file", "Tệp chung không có dòng nào của một cơ quan",
          "a shared file without one agency's rows",
          "inbox", "feeds.expected_ones_came", "passed", _absent_from_a_shared_file),
    Fault("header_that_says_zero", "Tệp chỉ có dòng tiêu đề, tệp kiểm soát ghi 0 dòng",
          "a header alone, with a control file that says 0 rows",
          "inbox", "feeds.expected_ones_came", "passed", _header_that_says_zero),
    Fault("attempts_missing", "Không có tệp giao dịch thanh toán của tháng", "no payment attempts of the month",
          "inbox", "feeds.expected_ones_came", "passed", _feed_missing("payment_attempts")),
    Fault("free_text_for_a_field_code", "Chữ tự do trong cột mã lĩnh vực", "free text in the column of a field's code",
          "inbox", "defects.of_dates", "passed", _filing(MaLinhVuc="Đất đai, nhà ở")),
    Fault("free_text_for_a_procedure", "Chữ tự do trong cột mã thủ tục", "free text in the column of a procedure's code",
          "inbox", "references.point_to_something", "passed", _filing(MaTTHC="Cấp giấy phép xây dựng nhà ở"),
          agencies=1),
    Fault("free_text_for_a_bank", "Chữ tự do trong cột mã ngân hàng", "free text in the column of a bank's code",
          "inbox", "defects.of_dates", "passed", _request(MaNganHang="Ngân hàng của tỉnh, phòng giao dịch số 5")),
    Fault("requests_missing", "Không có tệp yêu cầu thanh toán của tháng", "no payment requests of the month",
          "inbox", "feeds.expected_ones_came", "passed", _feed_missing("payment_requests")),
    Fault("header_that_says_zero_filings", "Tệp hồ sơ của một cơ quan chỉ có tiêu đề, ghi 0 dòng",
          "one agency's filings: a header alone, with a control file that says 0 rows",
          "inbox", "movements.are_within_bands_or_accepted", "failed", _agency_says_zero, agencies=1),
    Fault("closed_month_moved", "Tháng đã chốt gửi lại, thiếu một hồ sơ", "a closed month comes again, one filing short",
          "inbox, after landing", "row_counts.frozen_past_is_unmoved", "passed", _closed_month_again),
    Fault("closed_month_grew", "Tệp mới cho tháng đã chốt", "a file comes for a month that was frozen without it",
          "inbox, after landing", "row_counts.frozen_past_is_unmoved", "passed", _never_frozen),
    # The warehouse's own SQL goes wrong.
    Fault("staging_loses_a_row", "Tầng staging làm mất một dòng", "staging loses a row",
          "staging", "rows.landed_are_staged", "failed",
          _sql("alter view landing.filings rename to all_filings; create view landing.filings as "
               "select * from landing.all_filings where row_number <> 7 or extract_id not like '%{first}%'")),
    Fault("repeat_without_a_twin", "Dòng bị coi là lặp mà không lặp", "a row is called repeated and is not",
          "facts", "keys.repeats_are_superseded", "failed",
          _sql("update int_filings_disposed set disposition = 'superseded', is_superseded_within_file = true "
               "where extract_id || '#' || row_number = "
               "(select extract_id || '#' || row_number from int_filings_disposed order by 1 limit 1)")),
    Fault("fact_lost", "Bảng sự kiện mất một dòng", "a fact is lost",
          "facts", "rows.landed_are_accounted_for", "failed", _sql(f"delete from fct_filings where {_IS_ONE_FACT}")),
    Fault("fact_moved_to_another_agency", "Hồ sơ bị tính cho cơ quan khác", "a filing is counted for another agency",
          "facts", "agency_rows.staged_are_accounted_for", "failed",
          _sql(f"update fct_filings set source_agency_code = '{{second}}' where {_IS_ONE_FACT}")),
    Fault("fact_amount_changed", "Một khoản trong bảng sự kiện lệch một đồng", "an amount in the facts differs by 1 VND",
          "facts", "amounts.landed_are_accounted_for", "failed",
          _sql("update fct_payments set amount_vnd = amount_vnd + 1, phi_vnd = phi_vnd + 1 where payment_request_id = "
               "(select min(payment_request_id) from fct_payments)")),
    Fault("level_in_no_class", "Một mức độ không thuộc loại nào", "a level that no class holds",
          "facts", "totals.are_classes_and_residue", "failed",
          _sql(f"update fct_filings set level_code = '5' where {_IS_ONE_FACT}"), agencies=1),
    Fault("fact_twice", "Một hồ sơ thành hai sự kiện", "a filing becomes two facts",
          "facts", "dbt: unique_combination_fct_filings", "refused",
          _sql(f"insert into fct_filings from fct_filings where {_IS_ONE_FACT}")),
    Fault("fact_of_no_agency", "Sự kiện chỉ đến cơ quan không có trong bảng", "a fact points to no agency of the dimension",
          "facts", "dbt: relationships_fct_filings_agency_key", "refused",
          _sql(f"update fct_filings set agency_key = 'x' where {_IS_ONE_FACT}")),
    Fault("disposition_unknown", "Một dòng không rõ số phận", "a row of which nobody can say what became of it",
          "facts", "dbt: accepted_values_int_filings_disposed_disposition", "refused",
          _sql(f"update int_filings_disposed set disposition = 'dropped' where {_IS_ONE_FACT}")),
    Fault("fact_in_no_place", "Một bản ghi không ở bảng nào, không mục nào", "a fact is in no table and in no named count",
          "facts", "placed_facts.are_in_a_table_or_named", "failed",
          _sql("update fct_placed_facts set row_count = row_count - 1 where entity = 'filings' and place = 'monthly' "
               "and month = (select max(month) from fct_placed_facts) and agency_code = '{first}'")),
    # Form II.06a: a line that does not add up, or a backlog that is not the one before.
    Fault("workload_new_filing_missing", "Biểu 06a thiếu một hồ sơ mới", "form 06a lacks a filing among the new ones",
          "facts", "workload.received_is_new_and_carried_in", "failed",
          _workload("received_other = received_other - 1", "received_other > 0"), agencies=1),
    Fault("workload_no_due_date_nowhere", "Hồ sơ không có hạn trả không thuộc cột nào",
          "a filing without a due date is in none of the columns of resolved ones",
          "facts", "workload.resolved_is_early_on_time_late", "failed",
          _workload("resolved_on_time = resolved_on_time - 1", "resolved_on_time > 0"), agencies=1),
    Fault("workload_overdue_twice", "Hồ sơ tồn quá hạn bị đếm hai lần", "an overdue filing is counted in time too",
          "facts", "workload.pending_is_in_time_and_overdue", "failed",
          _workload("pending_overdue = pending_overdue + 1", "true"), agencies=1),
    Fault("workload_resolved_and_pending", "Hồ sơ đã giải quyết vẫn còn trong hồ sơ tồn",
          "a resolved filing is still pending",
          "facts", "workload.received_is_resolved_and_pending", "failed",
          _workload("pending_total = pending_total + 1, pending_in_time = pending_in_time + 1", "true"), agencies=1),
    Fault("workload_backlog_lost", "Mất một hồ sơ tồn chuyển kỳ", "a filing of the backlog is lost between two periods",
          "facts", "workload.carried_in_is_carried_out", "failed",
          _workload("carried_in = carried_in + 1, received_other = received_other - 1", "received_other > 0"),
          agencies=1),
    Fault("workload_line_lost", "Mất một dòng của biểu 06a", "a line of form 06a is lost",
          "facts", "workload.agencies_are_the_province", "failed",
          _sql(f"delete from fct_workload where {_IS_LAST_LINE}")),
    Fault("workload_fields_make_up", "Hai lĩnh vực lệch bù cho nhau", "one field too high and one too low make up",
          "audit", "workload.no_field_hides_another", "failed",
          _sql("update aud_workload set failing_fields = 2 where rule_id = 'workload.carried_in_is_carried_out' "
               "and period_key = (select max(period_key) from aud_workload) and agency_code = '{first}'")),
    # The audit tables and the gate itself: no answer is an answer of its own.
    Fault("residue_by_subtraction", "Phần dư lấy bằng phép trừ", "a residue got by subtraction hides a row of two classes",
          "audit", "totals.residue_is_not_negative", "failed",
          _sql("update aud_totals set sum_of_classes = sum_of_classes + residue + 1, residue = -1 "
               "where total_id = 'filings.online_by_level' and agency_code = '{first}'")),
    Fault("audit_table_dropped", "Bảng kiểm tra bị mất", "an audit table is gone",
          "audit", "could not check: rows.landed_are_accounted_for", "could_not_check",
          _sql("drop table aud_row_reconciliation")),
    Fault("audit_table_emptied", "Bảng kiểm tra rỗng", "an audit table is empty",
          "audit", "could not check: totals.are_classes_and_residue", "could_not_check", _sql("delete from aud_totals")),
    Fault("audit_column_renamed", "Cột của bảng kiểm tra đổi tên", "an audit table's column has another name",
          "audit", "could not check: agency_rows.staged_are_accounted_for", "could_not_check",
          _sql("alter table aud_agency_rows rename column accounted_rows to rows_accounted")),
    Fault("rule_not_run", "Một quy tắc đã khai không được chạy", "a declared rule is not run",
          "gate", "could not check: rows.landed_are_staged", "could_not_check", _nothing,
          falsify=false_answers.forgets("rows.landed_are_staged")),
    Fault("no_without_a_row", "Trả lời sai mà không nêu dòng nào", "a rule says no and names no row",
          "gate", "could not check: totals.are_classes_and_residue", "could_not_check", _nothing,
          falsify=false_answers.names_no_row("totals.are_classes_and_residue")),
    Fault("validator_falls_over", "Công cụ kiểm tra bị lỗi giữa chừng", "the validator falls over",
          "gate", "could not check: quarantine.agency_is_within_budget", "could_not_check", _nothing,
          falsify=false_answers.raises()),
    Fault("always_equal", "Phép bằng luôn nói đúng", "equal always says yes",
          "gate", "could not check: canary.equal", "could_not_check", _nothing,
          falsify=false_answers.says_yes_to(_EQUAL, with_condition=False)),
    Fault("always_equal_where", "Phép bằng có điều kiện luôn nói đúng", "equal under a condition always says yes",
          "gate", "could not check: canary.equal_where", "could_not_check", _nothing,
          falsify=false_answers.says_yes_to(_EQUAL, with_condition=True)),
    Fault("always_greater", "Phép lớn hơn luôn nói đúng", "greater always says yes",
          "gate", "could not check: canary.greater", "could_not_check", _nothing,
          falsify=false_answers.says_yes_to(_GREATER, with_condition=False)),
    Fault("always_greater_where", "Phép lớn hơn có điều kiện luôn nói đúng", "greater under a condition always says yes",
          "gate", "could not check: canary.greater_where", "could_not_check", _nothing,
          falsify=false_answers.says_yes_to(_GREATER, with_condition=True)),
    Fault("always_between", "Phép trong khoảng luôn nói đúng", "between always says yes",
          "gate", "could not check: canary.between", "could_not_check", _nothing,
          falsify=false_answers.says_yes_to(_BETWEEN, with_condition=False)),
)  # fmt: skip # a fault is one entry: its names, then where and who catches it
