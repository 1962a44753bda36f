"""Source kind ``database``: a month out of a real PostgreSQL, and out of SQLite for what every database shares."""

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ConfigError, ExtractError
from dvctt.core.period import Month
from dvctt.extract import Asked, Login, SourceUnreachable, Taken, check_source, database
from dvctt.province.folder import load_province
from dvctt.province.model import Source, SourcesFile
from dvctt.sample.load import load_sample, sources_yaml

from tests.conftest import PROVINCE, Inbox, write_tiny
from tests.postgres import running_postgres

pytestmark = pytest.mark.postgres

PASSWORD = "mat-khau-thu"
PERSON = "Nguyễn Thị Thử"
OCTOBER = Month(2022, 10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_postgres(user="dvctt", password=PASSWORD) as number:
        yield number


@pytest.fixture(scope="module")
def run_sql(port: int) -> Callable[..., None]:
    def run(*statements: str) -> None:
        link = psycopg2.connect(host="127.0.0.1", port=port, user="dvctt", dbname="postgres", password=PASSWORD)
        with link, link.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        link.close()

    return run


def login(port: int, **changed: Any) -> Login:
    given = Login("one_stop", "postgres", "127.0.0.1", port, "postgres", "dvctt", PASSWORD)
    return replace(given, **changed)


def source_of(entity: str, options: Mapping[str, Any], **feed: Any) -> Source:
    return Source.model_validate(
        {
            "id": "one_stop",
            "name_vi": "Hệ thống một cửa",
            "kind": "database",
            "connection": "one_stop",
            "fetch": {"first_month": "2022-01"},
            "entities": {entity: {"options": options, **feed}},
        }
    )


def asked_of(source: Source, given: Login, month: Month = OCTOBER) -> Asked:
    (entity,) = source.entities
    return Asked(source, ENTITIES[entity], month, given, "Asia/Ho_Chi_Minh", lambda rows: None)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


COUNTS = ("ThanhPhan", "TuSo", "MauSo")
INDEX = {"table": "chi_so", "month": {"column": "luc"}, "order_by": ["stt"]}


@pytest.fixture(scope="module")
def typed(run_sql: Callable[..., None]) -> Callable[[str], str]:
    """A table of payments whose columns have types of a database, under names of its own."""

    def make(name: str) -> str:
        run_sql(
            f'create table {name} (stt serial, "MaYeuCau" text, ho_so varchar(40), sotien numeric(18, 2), '
            "ngay timestamptz, da_thu boolean, ghi_chu text)",
            f'insert into {name} ("MaYeuCau", ho_so, sotien, ngay, da_thu, ghi_chu) values '
            "('Y1', 'a,\"b\"' || chr(10) || 'c%', 50000, '2022-09-30 17:00:00+00', true, 'x'), "
            f"('Y2', null, 12000.00, '2022-10-31 16:59:59+00', false, '{PERSON}'), "
            "('Y3', 'sau', 7, '2022-10-31 17:00:00+00', true, 'x'), ('Y4', 'truoc', 9, '2022-09-30 16:59:59+00', true, 'x'), "
            "('Y5', 'chua', 9, null, true, 'x')",
        )
        return name

    return make


PAYMENT = {
    "rename": {"ho_so": "MaHoSo", "ngay": "NgayYeuCau", "da_thu": "TrangThai"},
    "absent": [
        name
        for name in ENTITIES["payment_requests"].columns
        if name not in ("MaYeuCau", "MaHoSo", "SoTien", "NgayYeuCau", "TrangThai")
    ],
}


def payments(name: str, **changed: Any) -> Source:
    options = {"table": name, "month": {"column": "ngay"}, "order_by": ["stt"]}
    return source_of("payment_requests", options | changed, **PAYMENT)


def test_a_month_of_typed_columns_is_that_of_the_province_s_clocks(
    port: int, typed: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = payments(typed("thu_phi"))
    taken = database.fetch(asked_of(source, login(port)), tmp_path / "x.csv")
    assert taken == Taken(rows=2, total_amount_vnd=62000)
    assert rows_of(tmp_path / "x.csv") == [
        {
            "MaYeuCau": "Y1",
            "MaHoSo": 'a,"b"\nc%',
            "SoTien": "50000",
            "TrangThai": "true",
            "NgayYeuCau": "2022-10-01 00:00:00",
        },
        {"MaYeuCau": "Y2", "MaHoSo": "", "SoTien": "12000", "TrangThai": "false", "NgayYeuCau": "2022-10-31 23:59:59"},
    ]
    assert PERSON not in (tmp_path / "x.csv").read_text(encoding="utf-8")
    assert "1 records have no month in column ngay" in caplog.text


def test_an_empty_month_is_a_zero_that_the_database_says(
    port: int, typed: Callable[[str], str], tmp_path: Path
) -> None:
    source = payments(typed("thu_phi_trong"))
    taken = database.fetch(asked_of(source, login(port), Month(2021, 1)), tmp_path / "x.csv")
    assert taken == Taken(0, 0)
    assert rows_of(tmp_path / "x.csv") == []


def test_rows_and_totals_are_of_one_instant(
    port: int,
    typed: Callable[[str], str],
    run_sql: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = typed("thu_phi_dang_ghi")
    copy, written = database._copy, []

    def written_meanwhile(*arguments: Any) -> None:
        written.append(table)
        run_sql(f"insert into {table} (\"MaYeuCau\", sotien, ngay) values ('Y9', 1, '2022-10-15 00:00:00+00')")
        copy(*arguments)

    monkeypatch.setattr(database, "_copy", written_meanwhile)
    taken = database.fetch(asked_of(payments(table), login(port)), tmp_path / "x.csv")
    assert written and taken.rows == len(rows_of(tmp_path / "x.csv")) == 2


def test_the_transaction_cannot_write(
    port: int, typed: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = typed("thu_phi_chi_doc")

    def writes(connection: Any, *_: object) -> None:
        connection.exec_driver_sql(f"delete from {table}")

    monkeypatch.setattr(database, "_copy", writes)
    with pytest.raises(ExtractError, match="ReadOnlySqlTransaction, code 25006"):
        database.fetch(asked_of(payments(table), login(port)), tmp_path / "x.csv")


def test_the_whole_tiny_sample_comes_out_as_it_was_loaded(port: int, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    write_tiny(inbox)
    folder = inbox.root / "one_stop"
    load_sample(folder, f"postgresql://dvctt:{PASSWORD}@127.0.0.1:{port}/postgres")
    text = sources_yaml(load_province(PROVINCE).sources[0], ("2022-10", "2022-10"))
    (source,) = SourcesFile.model_validate(yaml.safe_load(text)).sources
    check_source(source)
    seen = 0
    for path in sorted(folder.glob("*/*.csv")):
        entity = ENTITIES[path.parent.name]
        asked = Asked(source, entity, Month.parse(path.name[:7]), login(port), "Asia/Ho_Chi_Minh", lambda rows: None)
        taken = database.fetch(asked, tmp_path / "x.csv")
        wanted = [{name: row[name] for name in entity.columns} for row in rows_of(path)]
        found = rows_of(tmp_path / "x.csv")
        assert found == wanted
        assert taken.rows == len(wanted) > 0
        assert all(personal not in found[0] for personal in entity.personal)
        seen += 1
    assert seen == 6


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"table": "khong_co"}, ExtractError, "no table or view khong_co that this user may see"),
        (
            {"month": {"column": "ghi_chu"}},
            ExtractError,
            "is of type TEXT, which is no date; wanted a date or a moment",
        ),
        ({"month": {"column": "khong_co"}}, ExtractError, "no column khong_co, which sources.yml names"),
        ({"order_by": ["khong_co"]}, ExtractError, "no column khong_co, which sources.yml names"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(
    port: int,
    typed: Callable[[str], str],
    run_sql: Callable[..., None],
    tmp_path: Path,
    changed: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    run_sql("drop table if exists thu_phi_sai")
    typed("thu_phi_sai")
    with pytest.raises(error, match=words) as caught:
        database.fetch(asked_of(payments("thu_phi_sai", **changed), login(port)), tmp_path / "x.csv")
    assert PERSON not in str(caught.value) and PASSWORD not in str(caught.value)
    assert "source 'one_stop', payment_requests of 2022-10" in str(caught.value)


def test_a_missing_column_is_named_by_both_names(port: int, typed: Callable[[str], str], tmp_path: Path) -> None:
    options = {"table": typed("thu_phi_thieu"), "month": {"column": "ngay"}}
    feed = {**PAYMENT, "rename": {**PAYMENT["rename"], "so_bien_lai": "MaGiaoDich"}}  # type: ignore[dict-item]
    feed["absent"] = [name for name in PAYMENT["absent"] if name != "MaGiaoDich"]
    with pytest.raises(ExtractError, match=r"missing mandatory column MaGiaoDich \(as so_bien_lai\); found 7 columns"):
        database.fetch(asked_of(source_of("payment_requests", options, **feed), login(port)), tmp_path / "x.csv")


def test_a_wrong_password_is_a_person_s_to_mend_and_a_server_that_is_down_is_tried_again(
    port: int, tmp_path: Path
) -> None:
    source = payments("thu_phi")
    with pytest.raises(ExtractError, match="did not accept the login of connection 'one_stop'") as refused:
        database.fetch(asked_of(source, login(port, password="sai-mat-khau")), tmp_path / "x.csv")
    assert not isinstance(refused.value, SourceUnreachable)
    assert "sai-mat-khau" not in str(refused.value) and "sai-mat-khau" not in repr(login(port, password="sai-mat-khau"))
    with pytest.raises(SourceUnreachable, match="the database is not reachable"):
        database.fetch(asked_of(source, login(1)), tmp_path / "x.csv")


def test_a_query_that_takes_too_long_is_tried_again(port: int, run_sql: Callable[..., None], tmp_path: Path) -> None:
    run_sql(
        "create view cham as select 'H'::text as \"MaDonVi\", '2022-10'::text as \"Thang\", pg_sleep(30)::text as "
        '"ChiTieu", \'1\'::text as "GiaTri"'
    )
    source = source_of("reported_figures", {"table": "cham", "month": {"column": "Thang", "holds": "month"}})
    source = source.model_copy(update={"options": {"statement_seconds": 1}})
    with pytest.raises(SourceUnreachable, match="code 57014"):
        database.fetch(asked_of(source, login(port)), tmp_path / "x.csv")


def test_a_connection_without_a_driver_or_of_no_database_is_said(tmp_path: Path) -> None:
    source = payments("x")
    with pytest.raises(ConfigError, match="found type 'http', wanted one of postgres, "):
        database.fetch(asked_of(source, login(1, system="http")), tmp_path / "x.csv")
    for given in (login(1, system="oracle"), login(1, system="generic", extra={"system": "oracle"})):
        with pytest.raises(ConfigError, match="no driver for 'oracle' is installed"):
            database.fetch(asked_of(source, given), tmp_path / "x.csv")


def test_outside_of_this_machine_the_wire_is_encrypted_unless_the_connection_says_otherwise() -> None:
    def mode(**changed: Any) -> str:
        url, _ = database._address(login(5432, **changed), database.SourceOptions())
        return str(url.query["sslmode"])

    assert [mode(host=host) for host in ("127.0.0.1", "localhost", "::1", "/run/postgresql")] == ["prefer"] * 4
    assert mode(host="mot-cua.example") == mode(host="10.0.0.8") == "require"
    assert mode(host="mot-cua.example", extra={"sslmode": "verify-full"}) == "verify-full"


def test_another_database_is_read_by_the_same_words(tmp_path: Path) -> None:
    link = sqlite3.connect(tmp_path / "nguon.db")
    link.execute(
        "create table chi_so (stt integer, MaDonVi text, Thang text, ThanhPhan text, TuSo integer, MauSo numeric)"
    )
    rows = [
        (n, f"H62.{n % 7}", "2022-10" if n % 2 else "2022-09", "một,\nhai" if n == 1 else "x", n, n)
        for n in range(25_001)
    ]
    link.executemany("insert into chi_so values (?, ?, ?, ?, ?, ?)", rows)
    link.commit()
    link.close()
    source = source_of(
        "index_counts", {"table": "chi_so", "month": {"column": "Thang", "holds": "month"}, "order_by": ["stt"]}
    )
    given = Login("one_stop", "sqlite", str(tmp_path / "nguon.db"))
    taken = database.fetch(asked_of(source, given), tmp_path / "x.csv")
    found = rows_of(tmp_path / "x.csv")
    assert taken == Taken(12_500, None)
    assert len(found) == 12_500
    assert found[0] == {"MaDonVi": "H62.1", "Thang": "2022-10", "ThanhPhan": "một,\nhai", "TuSo": "1", "MauSo": "1"}
    assert found[-1]["TuSo"] == "24999"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "entity 'index_counts': options: key table: Field required; key month: Field required"),
        ({"table": "a.b.c.d", "month": {"column": "x"}}, "key table: String should match pattern"),
        (
            {"table": "a", "month": {"column": "x", "holds": "week"}},
            "key month.holds: Input should be 'time' or 'month'",
        ),
        ({"table": "a", "month": {"column": "x"}, "tabel": "b"}, "key tabel: Extra inputs are not permitted"),
    ],
)
def test_options_that_say_nothing_known_are_refused_before_anything_is_asked(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", "\\(")):
        check_source(source_of("index_counts", options))
