"""The candidate's foundation: exactly the active extracts, and a damaged landing file named."""

import json
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import LandingError, WarehouseError
from dvctt.landing.zone import land, landed_extracts
from dvctt.province.folder import load_province
from dvctt.warehouse.connections import open_candidate, open_published
from dvctt.warehouse.foundation import lay_foundation

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


def verdict(number: int, run_id: str, outcome: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    checks = [{"severity": "critical", "status": "failed" if outcome == "failed" else "passed"}]
    content = {"run_id": run_id, "month": "2022-10", "verdict": outcome, "checks": checks}
    (folder / f"{number:06d}-{outcome}.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_history_holds_what_stopped_a_night_and_what_was_published_and_counts_without_gaps(tmp_path: Path) -> None:
    verdicts = tmp_path / "verdicts"
    for number, (run_id, outcome) in enumerate(
        [
            ("first", "passed"),  # published
            ("second", "failed"),
            ("third", "passed"),  # killed after its gate
            ("fourth", "could_not_check"),
            ("fourth", "passed"),  # judged again after a kill, and published
            ("fourth", "passed"),
        ],
        start=1,
    ):
        verdict(number, run_id, outcome, verdicts)
    lay_foundation(
        tmp_path / "candidate",
        VINH_PHUC,
        tmp_path / "landing",
        [],
        verdicts=verdicts,
        published_runs={"first", "fourth"},
    )
    with open_candidate(tmp_path / "candidate") as connection:
        rows = connection.execute(
            "select verdict_number, run_id, verdict, failed_critical from history.verdicts order by 1"
        ).fetchall()
    assert rows == [
        (1, "first", "passed", 0),
        (2, "second", "failed", 1),
        (3, "fourth", "could_not_check", 0),
        (4, "fourth", "passed", 0),
    ]


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
