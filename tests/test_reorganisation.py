"""The reorganisation of 2025 through the real stages: departments merged in March, communes in January and July, districts ended.

A province folder of its own: four departments, nine districts, the 121 old communes with the district they belonged to, and
the 36 new ones, which use codes of the old ones. Every agency in force receives one filing a month; who receives more says
so below. One commune that ended in January, and what the departments are called, are invented.
"""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.province.folder import load_province
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, Rows, attempt, dvctt, filing, payment, procedure, state_anew

MONTHS = ("2024-12", *(f"2025-{number:02d}" for number in range(1, 10)))
GONE_IN_JANUARY = "09999"
GONE_TO = "08707"
DISTRICTS = {"243": 9, "244": 9, "246": 19, "247": 12, "248": 9, "249": 13, "251": 16, "252": 20, "253": 14}
"""Communes from January 2025, domain notes §6."""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


BRIDGE = read(PROVINCE / "commune_succession.csv")


def write(path: Path, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split(","))
        writer.writerows(rows)


def agencies() -> list[tuple[str, str, str, str, str, str]]:
    """Code, name, group, parent, first day, last day."""
    began, june, july = "2016-01-01", "2025-06-30", "2025-07-01"
    rows = [
        ("S.KH", "Sở Kế hoạch", "provincial", "", began, "2025-02-28"),
        ("S.TC", "Sở Tài chính", "provincial", "", began, ""),
        ("S.NN", "Sở Nông nghiệp", "provincial", "", began, "2025-02-28"),
        ("S.MT", "Sở Môi trường", "provincial", "", began, "2025-02-28"),
        ("S.NM", "Sở Nông nghiệp và Môi trường", "provincial", "", "2025-03-01", ""),
        (GONE_IN_JANUARY, "Xã Đã Hết", "commune", "243", began, "2024-12-31"),
    ]
    districts = {row["old_district_code"]: row["old_district_vi"] for row in BRIDGE}
    new = {row["new_commune_code"]: row["new_commune_vi"] for row in BRIDGE}
    return [
        *rows,
        *((code, name, "district", "", began, june) for code, name in districts.items()),
        *(
            (row["old_commune_code"], row["old_commune_vi"], "commune", row["old_district_code"], began, june)
            for row in BRIDGE
        ),
        *((code, name, "commune", "", july, "") for code, name in new.items()),
    ]


def successions() -> list[tuple[str, str, str, str]]:
    """Predecessor, successor, day, kind."""
    rows = [
        ("S.KH", "S.TC", "2025-03-01", "merge"),
        ("S.NN", "S.NM", "2025-03-01", "merge"),
        ("S.MT", "S.NM", "2025-03-01", "merge"),
        (GONE_IN_JANUARY, GONE_TO, "2025-01-01", "merge"),
    ]
    merged = {(row["old_commune_code"], row["new_commune_code"]) for row in BRIDGE}
    split = {(row["old_district_code"], row["new_commune_code"]) for row in BRIDGE}
    return [
        *rows,
        *((old, new, "2025-07-01", "merge") for old, new in sorted(merged) if old != new),
        *((district, commune, "2025-07-01", "split") for district, commune in sorted(split)),
    ]


def write_province(folder: Path) -> None:
    shutil.copytree(PROVINCE, folder)
    write(
        folder / "agencies.csv",
        "agency_code,name_vi,short_name_vi,group_code,official_order,parent_code,valid_from,valid_to,code_basis,membership_basis",
        (
            (code, name, name, group, order, parent, since, until, "test", "test")
            for order, (code, name, group, parent, since, until) in enumerate(agencies(), start=1)
        ),
    )
    write(
        folder / "agency_successions.csv",
        "predecessor_code,successor_code,effective_on,kind,share_note,legal_basis,certainty",
        ((*row, "", "test", "assumed") for row in successions()),
    )
    for name in ("targets.csv", "published_figures.csv", "published_checks.csv"):
        header = (folder / name).read_text(encoding="utf-8").splitlines()[0]
        (folder / name).write_text(header + "\n", encoding="utf-8")


def in_force(month: str) -> list[str]:
    day = f"{month}-10"
    return [code for code, _, _, _, since, until in agencies() if since <= day and (not until or day <= until)]


STRAYS = {"2025-03": ("S.KH", "S.KH", "S.NN"), "2025-07": ("08710", "243")}
"""Sent under the old code after its end: 08710 went into 08716, 243 was split."""
PAID = {
    "2025-01": ("S.KH", "08710", "243"),
    "2025-02": ("S.KH", "S.TC"),
    "2025-03": ("S.TC", "S.KH"),  # the second comes after its agency's end
    "2025-06": ("08842", "08863"),
    "2025-07": ("08866",),
}


def filings_of(month: str) -> Rows:
    """One for every agency in force, a second one from the Finance department; odd ones online; June's are left open."""
    codes = [*in_force(month), *STRAYS.get(month, ()), *(["S.TC"] if "S.TC" in in_force(month) else [])]
    opened = {"TrangThaiHoSo": "4", "NgayKetThucXuLy": ""} if month == "2025-06" else {}
    return [
        filing(f"F{month}-{number}", code, f"{month}-10 08:00:00", channel="2" if number % 2 else "1", **opened)
        for number, code in enumerate(codes)
    ]


def write_inbox(inbox: Inbox) -> None:
    inbox.write("procedures", MONTHS[0], [procedure("1.000001", "4")])
    for month in MONTHS:
        filings = filings_of(month)
        inbox.write("filings", month, filings, control={"rows": len(filings)})
        paid = [
            payment(f"Y{month}-{number}", f"F{month}-0", code, f"{month}-20 09:00:00", 1_500_000_000 + number)
            for number, code in enumerate(PAID.get(month, ()))
        ]
        inbox.write("payment_requests", month, paid, control={"rows": len(paid)})
        tried = [
            attempt(f"T{row['MaYeuCau']}", row["MaYeuCau"], row["MaHoSo"], f"{month}-20 09:00:00", int(row["SoTien"]))
            for row in paid
        ]
        inbox.write("payment_attempts", month, tried, control={"rows": len(tried)})


@pytest.fixture(scope="session")
def reorganised(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one publication of the year of the reorganisation. Ask it, do not change it."""
    root = tmp_path_factory.mktemp("reorganised")
    write_province(root / "province")
    write_inbox(Inbox(root / "inbox"))
    settings = Settings(province_folder=root / "province", inbox=root / "inbox", home=root / "home")
    finished = dvctt(settings, "run")
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return settings


def ask(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.published / "current" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def figures(
    settings: Settings, mart: str, month: str, scope: str = "agency", measure: str = "received"
) -> dict[str, object]:
    found = ask(
        settings,
        f"select entity_code, {measure} from {mart} where month = '{month}-01' and scope = '{scope}' order by official_order",
    )
    return {str(code): value for code, value in found}


def test_the_fixture_has_the_whole_bridge(reorganised: Settings) -> None:
    province = load_province(reorganised.province_folder)
    assert len(province.agencies_on(date(2025, 6, 30))) == 2 + 9 + 121
    assert len(province.agencies_on(date(2025, 7, 1))) == 2 + 36
    assert {row["new_commune_code"] for row in BRIDGE} <= {row["old_commune_code"] for row in BRIDGE}


def test_every_filing_that_was_sent_is_in_the_province_on_both_maps(reorganised: Settings) -> None:
    sent = {month: len(filings_of(month)) for month in MONTHS}
    assert (sent["2025-02"], sent["2025-06"], sent["2025-09"]) == (135, 133, 39)
    for mart in ("mart_online_rates", "mart_online_rates_restated"):
        found = ask(reorganised, f"select strftime(month, '%Y-%m'), received from {mart} where scope = 'province'")
        assert dict(found) == sent


def test_what_was_paid_is_in_the_province_on_both_maps(reorganised: Settings) -> None:
    for mart in ("mart_payments", "mart_payments_restated"):
        found = ask(
            reorganised,
            f"select strftime(month, '%Y-%m'), online_payment_count, online_payment_amount_vnd from {mart} "
            "where scope = 'province' and online_payment_count > 0 order by month",
        )
        assert found == [
            ("2025-01", 3, 4_500_000_003),
            ("2025-02", 2, 3_000_000_001),
            ("2025-03", 2, 3_000_000_001),
            ("2025-06", 2, 3_000_000_001),
            ("2025-07", 1, 1_500_000_000),
        ]


def test_departments_are_restated_to_the_one_they_were_merged_into(reorganised: Settings) -> None:
    was = figures(reorganised, "mart_online_rates", "2025-02")
    assert [was.get(code) for code in ("S.KH", "S.TC", "S.NN", "S.MT", "S.NM")] == [1, 2, 1, 1, None]
    restated = figures(reorganised, "mart_online_rates_restated", "2025-02")
    assert [restated.get(code) for code in ("S.KH", "S.TC", "S.NN", "S.MT", "S.NM")] == [None, 3, None, None, 2]
    since = figures(reorganised, "mart_online_rates", "2025-03")
    assert [since.get(code) for code in ("S.KH", "S.TC", "S.NN", "S.MT", "S.NM")] == [None, 2, None, None, 1]
    paid = {"measure": "online_payment_count"}
    assert figures(reorganised, "mart_payments", "2025-02", **paid)["S.KH"] == 1
    assert figures(reorganised, "mart_payments_restated", "2025-02", **paid)["S.TC"] == 2


def test_communes_are_restated_to_the_new_ones_across_district_lines(reorganised: Settings) -> None:
    parts = Counter(row["new_commune_code"] for row in BRIDGE)
    restated = figures(reorganised, "mart_online_rates_restated", "2025-06")
    assert {code: restated[code] for code in parts} == dict(parts)
    assert len(parts) == 36
    bridge = ask(
        reorganised,
        "select heir_name_vi, count(*), sum(received) from mart_structure_bridge where month = '2025-06-01' "
        "and group_code = 'commune' group by heir_code, heir_name_vi having count(distinct parent_code) > 1 order by 1",
    )
    assert bridge == [("Xã Sơn Đông", 3, 3), ("Xã Tam Dương Bắc", 3, 3)]


def test_a_code_that_both_structures_use_is_called_by_the_name_of_its_month(reorganised: Settings) -> None:
    names = "select entity_name_vi from {} where entity_code = '08707' and scope = 'agency' and month = '{}-01'"
    assert ask(reorganised, names.format("mart_online_rates", "2025-06")) == [("Phường Tích Sơn",)]
    assert ask(reorganised, names.format("mart_online_rates", "2025-07")) == [("Phường Vĩnh Yên",)]
    assert ask(reorganised, names.format("mart_online_rates_restated", "2025-06")) == [("Phường Vĩnh Yên",)]


def test_a_commune_that_ended_in_january_is_followed_through_july(reorganised: Settings) -> None:
    december = figures(reorganised, "mart_online_rates", "2024-12")
    assert december[GONE_IN_JANUARY] == 1
    before, after = (
        figures(reorganised, "mart_online_rates_restated", month)[GONE_TO] for month in ("2024-12", "2025-01")
    )
    assert (before, after) == (5, 4)
    assert GONE_IN_JANUARY not in figures(reorganised, "mart_online_rates", "2025-01")


def test_districts_are_rebuilt_from_the_keys_of_their_communes(reorganised: Settings) -> None:
    found = ask(
        reorganised,
        "select parent_code, count(*), sum(received) from mart_structure_bridge "
        "where month = '2025-06-01' and parent_code is not null group by 1 order by 1",
    )
    assert found == [(code, communes, communes) for code, communes in DISTRICTS.items()]


def test_what_a_district_received_itself_is_named_and_not_shared_out(reorganised: Settings) -> None:
    assert figures(reorganised, "mart_online_rates_restated", "2025-06")["unallocated"] == 9
    assert figures(reorganised, "mart_online_rates_restated", "2025-06", "group") == {
        "provincial": 3,
        "commune": 121,
        "unallocated": 9,
    }
    assert "unallocated" not in figures(reorganised, "mart_online_rates_restated", "2025-07")
    assert "unallocated" not in figures(reorganised, "mart_online_rates", "2025-06")
    named = ask(
        reorganised,
        "select distinct entity_name_vi, entity_name_en from mart_online_rates_restated where entity_code = 'unallocated'",
    )
    assert named == [("Chưa quy đổi được", "Could not be restated")]


def test_what_comes_under_a_code_after_its_end_is_counted_and_said(reorganised: Settings) -> None:
    for mart in ("mart_online_rates", "mart_online_rates_restated"):
        unknown = {month: figures(reorganised, mart, month).get("unknown") for month in MONTHS}
        assert {month: count for month, count in unknown.items() if count} == {"2025-03": 3, "2025-07": 2}
    kept = ask(
        reorganised,
        "select strftime(received_month, '%Y-%m'), source_agency_code, count(*) from fct_filings "
        "where agency_code = 'unknown' group by all order by all",
    )
    assert kept == [("2025-03", "S.KH", 2), ("2025-03", "S.NN", 1), ("2025-07", "08710", 1), ("2025-07", "243", 1)]
    paid = figures(reorganised, "mart_payments_restated", "2025-03", measure="online_payment_amount_vnd")
    assert paid["unknown"] == 1_500_000_001


def test_open_filings_are_handed_over_once(reorganised: Settings) -> None:
    """On the last day each is its own agency's, the day after its heir's; none is lost and none is counted twice."""
    handed = {}
    for day in ("2025-06-30", "2025-07-01"):
        rows = ask(
            reorganised,
            f"select heirs.heir_code, count(*) from fct_filings as filings inner join dim_agency_heirs as heirs "
            f"on filings.agency_code = heirs.agency_code and date '{day}' between heirs.heir_from and coalesce(heirs.heir_to, date '9999-12-31') "
            f"where filings.finished_at is null and filings.received_at < date '{day}' group by 1",
        )
        handed[day] = dict(rows)
    assert sum(handed["2025-06-30"].values()) == sum(handed["2025-07-01"].values()) == 133
    assert handed["2025-06-30"]["08710"] == 1
    assert "08710" not in handed["2025-07-01"]
    assert handed["2025-07-01"]["unallocated"] == 9


def test_every_day_of_every_agency_has_exactly_one_heir(reorganised: Settings) -> None:
    counted = ask(
        reorganised,
        "select count(*), count(*) filter (heirs = 1) from ("
        "  select agencies.agency_code, days.date_day, (select count(*) from dim_agency_heirs as heirs"
        "    where heirs.agency_code = agencies.agency_code and days.date_day between heirs.heir_from and coalesce(heirs.heir_to, date '9999-12-31')) as heirs"
        "  from (select distinct agency_code, min(valid_from) over (partition by agency_code) as first_day from dim_agencies where is_known) as agencies"
        "  inner join dim_dates as days on days.date_day >= agencies.first_day)",
    )
    ((days, once),) = counted
    assert days == once > 100_000
    own = "select count(*) from dim_agencies as a inner join dim_agency_heirs as h on a.agency_code = h.agency_code and a.valid_from between h.heir_from and coalesce(h.heir_to, date '9999-12-31')"
    assert ask(reorganised, f"{own} where h.heir_code <> a.agency_code") == [(0,)]


def test_both_maps_stand_side_by_side_with_equal_totals(reorganised: Settings) -> None:
    finished = dvctt(reorganised, "structure", "--month", "2025-02", "--on", "2025-03-01", "--json")
    assert finished.returncode == 0, finished.stderr
    shown = json.loads(finished.stdout)
    assert (len(shown["as_was"]), len(shown["restated"])) == (4 + 9 + 121, 2 + 9 + 121)
    assert [
        (move["was"]["agency_code"], move["heir_code"])
        for move in shown["bridge"]
        if move["was"]["agency_code"] != move["heir_code"]
    ] == [
        ("S.KH", "S.TC"),
        ("S.NN", "S.NM"),
        ("S.MT", "S.NM"),
    ]
    assert [(total["measure"], total["as_was"], total["restated"]) for total in shown["totals"]] == [
        ("received", 135, 135),
        ("online", 67, 67),
        ("online_payment_count", 2, 2),
        ("online_payment_amount_vnd", 3_000_000_001, 3_000_000_001),
    ]
    newest = dvctt(reorganised, "structure", "--month", "2025-06")
    assert newest.returncode == 0, newest.stderr
    assert "structure of 01/07/2025" in newest.stdout
    assert "unallocated Chưa quy đổi được: 9 received" in newest.stdout
    assert "received: 133 as it was, 133 restated: equal" in newest.stdout


def test_nothing_is_restated_to_agencies_that_were_before(reorganised: Settings) -> None:
    finished = dvctt(reorganised, "structure", "--month", "2025-07", "--on", "2025-06-30")
    assert finished.returncode == 1
    assert "2025-06-30 lies before the last day of 2025-07: wanted 2025-07-31" in finished.stderr


def test_every_total_of_the_year_is_explained(reorganised: Settings) -> None:
    finished = dvctt(reorganised, "check", "additivity", "--no-formats")
    assert finished.returncode == 0, finished.stdout
    assert ", 0 unexplained" in finished.stdout


def test_maps_that_differ_end_with_1(reorganised: Settings, tmp_path: Path) -> None:
    shutil.copytree(reorganised.home, tmp_path / "home", symlinks=True)
    settings = Settings(province_folder=reorganised.province_folder, inbox=reorganised.inbox, home=tmp_path / "home")
    with duckdb.connect(str(settings.published / "1" / "marts.duckdb")) as connection:
        connection.execute("delete from mart_structure_bridge where month = '2025-06-01' and agency_code = '08866'")
    state_anew(settings.published / "1")
    finished = dvctt(settings, "structure", "--month", "2025-06")
    assert finished.returncode == 1
    assert "received: 133 as it was, 132 restated: NOT EQUAL" in finished.stdout
