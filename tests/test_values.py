"""What sources write in coded columns is mapped by data: national lists, and lines of the province folder by source."""

import csv
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES, fold_label
from dvctt.core.errors import ConfigError
from dvctt.province.folder import load_province
from dvctt.province.rules import SEEDS
from dvctt.settings import Settings
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, Inbox, attempt, dvctt, filing, payment, procedure
from tests.nights import Nights, nights_after

HEAD = "source_id,entity,column,source_value,value,note\n"
EMC = """
  - id: emc
    name_vi: Hệ thống EMC
    kind: files
    entities:
      filings: {month_means: received}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROVINCE, tmp_path / "tinh"))


CODED = {(entity, column) for entity, one in ENTITIES.items() for column in one.coded}


@dataclass
class Mapped:
    """Two nights of one inbox: without a line in values.csv, and with them."""

    nights: Nights
    unmapped: list[tuple[object, ...]]
    set_aside: list[tuple[object, ...]]
    printed: str


@pytest.fixture(scope="module")
def mapped(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    root = tmp_path_factory.mktemp("values")
    province = Path(shutil.copytree(PROVINCE, root / "tinh"))
    with (province / "sources.yml").open("a", encoding="utf-8") as file:
        file.write(EMC)
    inbox = Inbox(root / "inbox")
    inbox.write(
        "filings",
        "2022-10",
        [
            filing("W1", "243", "2022-10-03", channel="Trực tuyến", level="toàn trình", LoaiDoiTuong="Công dân"),
            filing(
                "W2",
                "243",
                "2022-10-03",
                channel="Bưu chính  công ích",
                level="Một phần",
                TrangThaiHoSo="Đã trả kết quả",
            ),
            filing("W3", "243", "2022-10-03", channel="TRỰC TIẾP", level="DVC", LoaiDoiTuong="2"),
            filing("W4", "243", "2022-10-03", level="To\u0061\u0300n tri\u0300nh\u00a0", TrangThaiHoSo="Đang xử lý"),
            filing("X1", "243", "2022-10-03", level="mức cao"),
            filing("X2", "243", "2022-10-03", channel="đường dây"),
            filing("X3", "243", "2022-10-03", TrangThaiHoSo="xong"),
            filing("X4", "243", "2022-10-03", LoaiDoiTuong="hộ kinh doanh"),
            filing("X5", "243", "2022-10-03", level="-"),
        ],
    )
    inbox.write(
        "payment_requests",
        "2022-10",
        [
            payment("YX1", "W1", "243", "2022-10-04", 10_000, TrangThai="TT xong"),
            payment("YX2", "W1", "243", "2022-10-04", 20_000, HinhThucThanhToan="Ví điện tử"),
            payment("YX3", "W1", "243", "2022-10-04", 40_000, HinhThucThu="thu ngay"),
        ],
    )
    inbox.write("payment_attempts", "2022-10", [attempt("TX1", "YX1", "W1", "2022-10-04", 10_000, "ok")])
    inbox.write(
        "procedures",
        "2022-10",
        [
            procedure("1.000001", "toàn trình", connected="có"),
            {**procedure("2.000001", "mức cao"), "CoThuPhi": "1"},
            {**procedure("2.000002", "3"), "CoThuPhi": "thu"},
            procedure("2.000003", "3", connected="rồi"),
        ],
    )
    inbox.write(
        "reported_figures",
        "2022-10",
        [
            {"MaDonVi": "243", "Thang": "2022-10", "ChiTieu": "Hồ sơ tiếp nhận", "GiaTri": "5"},
            {"MaDonVi": "243", "Thang": "2022-10", "ChiTieu": "tổng hồ sơ trực tuyến", "GiaTri": "7"},
        ],
    )
    inbox.write(
        "index_counts",
        "2022-10",
        [{"MaDonVi": "243", "Thang": "2022-10", "ThanhPhan": "mức hài lòng", "TuSo": "3", "MauSo": "4"}],
    )
    emc = Inbox(root / "inbox", source="emc")
    emc.write(
        "filings",
        "2022-10",
        [
            filing("E1", "244", "2022-10-05", channel="1", level="3"),
            filing("E2", "244", "2022-10-05", channel="2", level="mức cao"),
        ],
    )
    chosen = Settings(province_folder=province, inbox=root / "inbox", home=root / "home")
    nights = nights_after(tiny_home, chosen)
    nights.run()
    unmapped = nights.rows(
        "select source_id, entity, column_name, unmapped_rows, set_aside_rows from aud_unmapped_values "
        "where unmapped_rows > 0 order by all"
    )
    set_aside = nights.rows("select source_id, record_key, quarantine_reason from fct_quarantined_rows order by all")
    printed = dvctt(chosen, "values", "unmapped").stdout
    with (province / "values.csv").open("a", encoding="utf-8") as file:
        file.write(
            "*,filings,MucDo,MỨC CAO,toàn trình,\n"
            "emc,filings,MucDo,mức cao,3,its own word\n"
            "one_stop,filings,MucDo,-,not_given,\n"
            "one_stop,filings,KenhThucHien,đường dây,2,\n"
            "one_stop,filings,TrangThaiHoSo,xong,Đã xử lý xong,\n"
            "one_stop,filings,LoaiDoiTuong,hộ kinh doanh,doanh nghiệp,\n"
            "emc,filings,KenhThucHien,1,trực tuyến,the opposite of the national codes\n"
            "emc,filings,KenhThucHien,2,trực tiếp,\n"
            "one_stop,payment_requests,TrangThai,tt  xong,Đã thanh toán,\n"
            "one_stop,payment_requests,HinhThucThanhToan,ví điện tử,truc-tuyen,\n"
            "one_stop,payment_requests,HinhThucThu,thu ngay,Thu trước,\n"
            "one_stop,payment_attempts,TrangThai,OK,thanh-cong,\n"
            "one_stop,procedures,MucDo,mức cao,4,\n"
            "one_stop,procedures,CoThuPhi,thu,1,\n"
            "one_stop,procedures,DaTichHopDVCQG,rồi,có,\n"
            "*,reported_figures,ChiTieu,Tổng hồ sơ trực tuyến,ho_so_truc_tuyen,\n"
            "one_stop,index_counts,ThanhPhan,Mức hài lòng,hai_long,\n"
        )
    nights.run()
    return Mapped(nights, unmapped, set_aside, printed)


def test_levels_channels_and_statuses_in_words_are_the_codes_that_they_stand_for(mapped: Mapped) -> None:
    assert mapped.nights.rows(
        "select filing_id, channel_code, is_online, level_code, status_code, applicant_kind from fct_filings "
        "where filing_id like 'W%' order by 1"
    ) == [
        ("W1", 2, True, "4", 9, "1"),
        ("W2", 3, False, "3", 10, None),
        ("W3", 1, False, "2", 9, "2"),
        ("W4", 2, True, "4", 4, None),
    ]


def test_what_no_list_has_is_named_by_its_list_and_counted_by_its_column(mapped: Mapped) -> None:
    assert mapped.set_aside == [
        ("emc", "E2", "unknown_level"),
        ("one_stop", "TX1", "unknown_status"),
        ("one_stop", "X1", "unknown_level"),
        ("one_stop", "X2", "unknown_channel"),
        ("one_stop", "X3", "unknown_status"),
        ("one_stop", "X5", "unknown_level"),
        ("one_stop", "YX1", "unknown_status"),
        ("one_stop", "YX2", "unknown_method"),
        ("one_stop", "YX3", "unknown_collection_kind"),
        ("one_stop", None, "malformed_code"),
        ("one_stop", None, "malformed_code"),
        ("one_stop", None, "unknown_flag"),
        ("one_stop", None, "unknown_flag"),
        ("one_stop", None, "unknown_level"),
    ]
    assert mapped.unmapped == [
        ("emc", "filings", "MucDo", 1, 1),
        ("one_stop", "filings", "KenhThucHien", 1, 1),
        ("one_stop", "filings", "LoaiDoiTuong", 1, 0),
        ("one_stop", "filings", "MucDo", 2, 2),
        ("one_stop", "filings", "TrangThaiHoSo", 1, 1),
        ("one_stop", "index_counts", "ThanhPhan", 1, 1),
        ("one_stop", "payment_attempts", "TrangThai", 1, 1),
        ("one_stop", "payment_requests", "HinhThucThanhToan", 1, 1),
        ("one_stop", "payment_requests", "HinhThucThu", 1, 1),
        ("one_stop", "payment_requests", "TrangThai", 1, 1),
        ("one_stop", "procedures", "CoThuPhi", 1, 1),
        ("one_stop", "procedures", "DaTichHopDVCQG", 1, 1),
        ("one_stop", "procedures", "MucDo", 1, 1),
        ("one_stop", "reported_figures", "ChiTieu", 1, 1),
    ]
    # The case names every coded column of the contract: one that is added must be mapped here too.
    assert {(entity, column) for _, entity, column, _, _ in mapped.unmapped} == CODED


def test_the_operator_is_told_columns_and_counts_and_never_a_value(mapped: Mapped) -> None:
    assert re.search(r"one_stop +│ filings +│ MucDo +│ 2022-10 +│ +9 │ +2 │ 2", mapped.printed)
    assert "15 values in 14 columns of a month" in mapped.printed
    assert "values.csv" in mapped.printed
    for written in ("mức cao", "đường dây", "hộ kinh doanh", "TT xong", "Ví điện tử"):
        assert written.lower() not in mapped.printed.lower()


def test_a_line_of_the_folder_maps_one_source_and_goes_before_the_national_list(mapped: Mapped) -> None:
    assert mapped.nights.rows("select count(*) from fct_quarantined_rows") == [(0,)]
    assert mapped.nights.rows("select sum(unmapped_rows) from aud_unmapped_values") == [(0,)]
    assert mapped.nights.rows(
        "select filing_id, channel_code, is_online, is_channel_assumed, level_code, status_code, applicant_kind "
        "from fct_filings where filing_id like 'X%' or filing_id like 'E%' order by 1"
    ) == [
        ("E1", 2, True, False, "3", 9, None),
        ("E2", 1, False, False, "3", 9, None),
        ("X1", 2, True, False, "4", 9, None),
        ("X2", 2, True, False, "4", 9, None),
        ("X3", 2, True, False, "4", 9, None),
        ("X4", 2, True, False, "4", 9, "2"),
        ("X5", 2, True, False, None, 9, None),
    ]
    assert mapped.nights.rows(
        "select payment_request_id, status_id, method_id, collection_id, is_online_payment from fct_payments order by 1"
    ) == [
        ("YX1", "paid", "online", "before", True),
        ("YX2", "paid", "online", "before", True),
        ("YX3", "paid", "online", "before", True),
    ]
    assert mapped.nights.rows("select status_id from fct_payment_attempts") == [("succeeded",)]
    assert mapped.nights.rows(
        "select procedure_code, level_code, has_fee, is_connected from dim_procedures where is_known order by 1"
    ) == [
        ("1.000001", "4", True, True),
        ("2.000001", "4", True, True),
        ("2.000002", "3", True, True),
        ("2.000003", "3", True, True),
    ]


def test_figures_and_components_in_a_sources_own_words_are_compared(mapped: Mapped) -> None:
    assert mapped.nights.rows(
        "select indicator, reported_value, recorded_value from aud_reported_figures order by 1"
    ) == [("ho_so_tiep_nhan", 5, 9), ("ho_so_truc_tuyen", 7, 7)]
    assert mapped.nights.rows("select component from fct_index_counts") == [("hai_long",)]


def test_sql_and_contract_agree_on_which_columns_are_coded(mapped: Mapped) -> None:
    (audit,) = [node for node in mapped.nights.nodes if node.name == "aud_unmapped_values"]
    pairs = set()
    for entity, body in re.findall(
        r"select\s+source_id,\s+entity,\s+file_month,\s+'(\w+)' as column_name.*?from (\w+)", audit.sql, re.S
    ):
        pairs.add((body, entity))
    assert pairs == CODED


def test_every_national_spelling_is_written_as_it_is_compared() -> None:
    seeds = {(codes.seed, codes.label) for entity in ENTITIES.values() for codes in entity.coded.values()}
    assert len(seeds) == 11
    for seed, column in sorted(seeds):
        with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
            labels = [row[column] for row in csv.DictReader(file)]
        assert labels, seed
        assert [label for label in labels if fold_label(label) != label] == [], seed


def test_rows_and_the_folder_are_folded_alike(mapped: Mapped) -> None:
    """The macro and its mirror, on what keyboards, exports and copying make of a value."""
    (model,) = [node for node in mapped.nights.nodes if node.name == "stg_province__value_map"]
    query = re.sub(r'[\w".]*province"?\."?value_map"?', "value_map", model.sql, count=1)
    letters = st.sampled_from(
        "aAoOuUyYeEhHđĐ0123 \t\n\u00a0\u200b\ufeff\u00ad\u3000\u0300\u0301\u0309\u0303\u0323\u031b-_òáụỷ"
    )

    with duckdb.connect() as connection:
        connection.execute(
            "create table value_map (source_id text, entity text, column_name text, source_value text, national_value text)"
        )

        @settings(max_examples=300)
        @given(st.text(letters, min_size=1, max_size=12))
        @example("HỦY")
        @example("hòa")
        @example("00")
        @example("0010")
        @example("\u200b ")
        def agree(value: str) -> None:
            connection.execute("delete from value_map")
            connection.execute("insert into value_map values ('s', 'e', 'c', ?, null)", [value])
            row = connection.execute(query).fetchone()
            assert row is not None
            assert (row[3] or "") == fold_label(value)

        agree()
    assert fold_label("HỦY  thanh\u00a0toán") == "huỷ thanh toán" == fold_label("huỷ thanh toán")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("two_stop,filings,MucDo,x,3,", r"values\.csv:2: key source_id: found 'two_stop', wanted \* or a source of sources\.yml"),
        ("*,filing,MucDo,x,3,", r"values\.csv:2: key entity: found 'filing', wanted an entity"),
        ("*,reported_figures,GiaTri,x,3,", r"values\.csv:2: key column: found 'GiaTri', wanted a coded column of reported_figures: ChiTieu"),
        ("*,filings,MaHoSo,x,3,", r"values\.csv:2: key column: found 'MaHoSo', wanted a coded column of filings: KenhThucHien"),
        ("*,filings,MucDo,x,5,", r"values\.csv:2: key value: found '5', wanted a source_label of .*ref_service_level_labels\.csv, or not_given: 1, 2"),
        ("*,filings,TrangThaiHoSo,x,not_given,", r"values\.csv:2: key value: found 'not_given', but TrangThaiHoSo may not be empty"),
        ("*,filings,MucDo,\u00a0,3,", r"values\.csv:2: key source_value: found blanks only"),
        ("*,filings,MucDo,,3,", r"values\.csv:2: key source_value"),
        ("*,filings,MucDo,x,,", r"values\.csv:2: key value"),
        ("*,filings,MucDo,Hòa,3,\n*,filings,MucDo,HOÀ ,4,", r"values\.csv:3: key source_id, entity, column, source_value: the same value stands on line 2"),
    ],
)  # fmt: skip # a case is a row
def test_a_line_that_could_map_nothing_is_refused(folder: Path, line: str, wanted: str) -> None:
    (folder / "values.csv").write_text(HEAD + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=wanted):
        load_province(folder)


def test_a_folder_needs_no_values_and_another_mapping_is_another_province(folder: Path) -> None:
    before = load_province(folder)
    assert before.value_mappings == ()
    (folder / "values.csv").unlink()
    without = load_province(folder)
    (folder / "values.csv").write_text(HEAD + "one_stop,filings,MucDo,cao,toàn trình,\n", encoding="utf-8")
    after = load_province(folder)
    assert [(m.column, m.source_value, m.value) for m in after.value_mappings] == [("MucDo", "cao", "toàn trình")]
    assert len({before.digest, without.digest, after.digest}) == 3
