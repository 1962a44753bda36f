"""The candidate's foundation: exactly the active extracts, and a damaged landing file named."""

from pathlib import Path

import duckdb
import pytest
import yaml
from dvctt.core.columns import columns_of
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import LandingError, WarehouseError
from dvctt.landing.zone import land, landed_extracts
from dvctt.province.folder import load_province
from dvctt.warehouse.connections import open_candidate, open_published
from dvctt.warehouse.foundation import lay_foundation
from dvctt.warehouse.province_tables import TABLES as PROVINCE_TABLES
from dvctt.warehouse.transform import DBT_PROJECT

from tests.conftest import PROVINCE, Inbox, filing

VINH_PHUC = load_province(PROVINCE)


def test_only_the_newest_version_of_a_file_is_read(inbox: Inbox, tmp_path: Path) -> None:
    for number in ("old", "new"):
        inbox.write("filings", "2022-10", [filing(number, "243", "20221001000000")])
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
    lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", landed_extracts(tmp_path / "landing"))
    with open_candidate(tmp_path / "candidate") as connection:
        assert connection.execute("select MaHoSo, row_number from landing.filings").fetchall() == [("new", 1)]
        assert connection.execute("select arrival, is_active from landing.extracts order by 2").fetchall() == [
            (1, False),
            (1, True),
        ]


def test_a_file_that_is_sent_again_keeps_its_place_before_the_supplement_that_came_after_it(
    inbox: Inbox, tmp_path: Path
) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    inbox.write("filings", "2022-10.bo-sung", [filing("A", "244", "20221001000000")])
    land(VINH_PHUC, inbox.root, tmp_path / "landing")
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000"), filing("B", "243", "20221001000000")])
    land(VINH_PHUC, inbox.root, tmp_path / "landing")
    lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", landed_extracts(tmp_path / "landing"))
    with open_candidate(tmp_path / "candidate") as connection:
        places = connection.execute(
            "select file_name, arrival from landing.extracts where is_active order by 2"
        ).fetchall()
    assert places == [("2022-10.csv", 1), ("2022-10.bo-sung.csv", 2)]


def test_content_that_comes_back_gives_the_same_rows_and_ids(inbox: Inbox, tmp_path: Path) -> None:
    seen = []
    for number in ("good", "bad", "good"):
        inbox.write("filings", "2022-10", [filing(number, "243", "20221001000000")])
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
        lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", landed_extracts(tmp_path / "landing"))
        with open_candidate(tmp_path / "candidate") as connection:
            seen.append(connection.execute("select extract_id, row_number, MaHoSo from landing.filings").fetchall())
            ids = [row[0] for row in connection.execute("select extract_id from landing.extracts").fetchall()]
        assert len(ids) == len(set(ids)) == len(seen)
    assert seen[0] == seen[2] != seen[1]


def test_an_entity_that_never_came_has_its_columns_and_no_rows(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    land(VINH_PHUC, inbox.root, tmp_path / "landing")
    lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", landed_extracts(tmp_path / "landing"))
    with open_candidate(tmp_path / "candidate") as connection:
        for name, entity in ENTITIES.items():
            relation = connection.sql(f"from landing.{name}")
            assert relation.columns == ["extract_id", "row_number", *entity.columns]
            assert len(relation.fetchall()) == (1 if name == "filings" else 0)


def test_a_damaged_landing_file_is_named_with_what_to_do(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    extracts = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    damaged = extracts[1].parquet(tmp_path / "landing")
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(LandingError, match=rf"{damaged.name}: damaged: .*; restore it from backup"):
        lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", extracts)


def test_a_new_foundation_throws_the_old_candidate_away(tiny_inbox: Inbox, tmp_path: Path) -> None:
    land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing")
    candidate = tmp_path / "candidate"
    candidate.mkdir()
    (candidate / "warehouse.duckdb").write_bytes(b"not a database")
    (candidate / "warehouse.duckdb.wal").write_bytes(b"nor its log")
    lay_foundation(candidate, VINH_PHUC, tmp_path / "landing", landed_extracts(tmp_path / "landing"))
    with open_candidate(candidate) as connection:
        assert connection.execute("select count(*) from province.agencies").fetchone() == (75,)


def test_no_candidate_no_publication_and_a_damaged_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="no candidate"), open_candidate(tmp_path):
        pass
    with pytest.raises(WarehouseError, match="no publication yet"), open_published(tmp_path / "marts.duckdb"):
        pass
    (tmp_path / "marts.duckdb").write_bytes(b"x" * 5000)
    with (
        pytest.raises(WarehouseError, match=r"marts\.duckdb: cannot be opened"),
        open_published(tmp_path / "marts.duckdb"),
    ):
        pass


def test_a_path_with_a_quote_in_it_is_a_path(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    landing = tmp_path / "l'endroit"
    land(VINH_PHUC, inbox.root, landing)
    lay_foundation(tmp_path / "c'est", VINH_PHUC, landing, landed_extracts(landing))
    with duckdb.connect(str(tmp_path / "c'est" / "warehouse.duckdb")) as connection:
        assert connection.execute("select count(*) from landing.filings").fetchone() == (1,)


def test_a_feed_for_all_is_owed_by_those_that_the_source_serves(tmp_path: Path) -> None:
    source = VINH_PHUC.sources[0].model_copy(update={"agencies": ("group:district", "H62.01")})
    province = VINH_PHUC.model_copy(update={"sources": (source,)})
    question = "select agency_code, is_for_all from province.expected_feeds where entity = 'filings' order by 1"
    for name, one in (("all", VINH_PHUC), ("served", province)):
        lay_foundation(tmp_path / name, one, tmp_path / "landing", [])
    with open_candidate(tmp_path / "all") as connection:
        assert connection.execute(question).fetchall() == [("*", True)]
    with open_candidate(tmp_path / "served") as connection:
        assert connection.execute(question).fetchall() == [
            (code, True) for code in ("243", "244", "246", "247", "248", "249", "251", "252", "253", "H62.01")
        ]


def laid(folder: Path, schema: str) -> dict[str, dict[str, str]]:
    """Tables of a schema of the candidate, each with its columns and types, in their order."""
    tables: dict[str, dict[str, str]] = {}
    with open_candidate(folder) as connection:
        for table, column, kind in connection.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns() where schema_name = ? "
            "and table_name in (select table_name from duckdb_tables()) order by table_name, column_index",
            [schema],
        ).fetchall():
            tables.setdefault(table, {})[column] = kind
    return tables


def test_the_tables_of_the_province_are_the_fields_of_its_models(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", [])
    found = laid(tmp_path / "candidate", "province")
    # As they were typed by hand before the models said so.
    assert list(found["targets"].items()) == [
        ("target_id", "varchar"),
        ("scope", "varchar"),
        ("entity_code", "varchar"),
        ("metric", "varchar"),
        ("target_percent", "double"),
        ("valid_from", "date"),
        ("valid_to", "date"),
        ("name_vi", "varchar"),
        ("legal_basis", "varchar"),
        ("certainty", "varchar"),
        ("name_en", "varchar"),
        ("legal_basis_en", "varchar"),
    ]
    assert list(found["drift_bands"].items()) == [
        ("entity", "varchar"),
        ("measure", "varchar"),
        ("scope", "varchar"),
        ("group_code", "varchar"),
        ("basis", "varchar"),
        ("trailing_months", "integer"),
        ("lowest_percent", "double"),
        ("highest_percent", "double"),
        ("smallest_rows", "double"),
    ]
    assert {name: list(columns.items()) for name, columns in found.items()} == {
        name: list(columns_of(model).items()) for name, (model, _) in PROVINCE_TABLES.items()
    }


def test_the_tables_of_the_province_are_those_that_dbt_names() -> None:
    sources = yaml.safe_load((DBT_PROJECT / "models" / "staging" / "_sources.yml").read_text(encoding="utf-8"))[
        "sources"
    ]
    (province,) = (source for source in sources if source["name"] == "province")
    assert len(province["tables"]) > 10
    assert {table["name"] for table in province["tables"]} == set(PROVINCE_TABLES)
