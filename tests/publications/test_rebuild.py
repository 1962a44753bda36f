"""A publication built from nothing, by its own definitions, is the publication; and what is not the same is found."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import LandingError, PublishError
from dvctt.publications.reading import Publication
from dvctt.publications.rebuild import Difference, compare, rebuild
from dvctt.publications.store import find
from dvctt.settings import Settings

from tests.conftest import dvctt
from tests.publications.test_publish import current


def differing(compared: list[Difference]) -> list[Difference]:
    assert len(compared) > 30, "wanted every published table"
    return [table for table in compared if table.differs]


@pytest.fixture
def doctored(tiny_copy: Settings) -> Publication:
    """Publication 1 with its files writable: what a person with root's rights could do."""
    publication = find(tiny_copy.published, 1)
    for path in publication.folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return publication


def test_every_table_of_a_publication_is_built_again_from_landing_row_for_row(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "parity")
    assert finished.returncode == 0, finished.stderr
    assert "0 tables that differ" in finished.stdout
    assert "fct_filings" in finished.stdout


def test_a_row_that_is_in_the_publication_alone_is_found(doctored: Publication, tiny_copy: Settings) -> None:
    with duckdb.connect(str(doctored.marts)) as connection:
        connection.execute(
            "update mart_online_rates set online = online + 1 where month = '2022-10-01' and scope = 'province'"
        )
    finished = dvctt(tiny_copy, "parity", "--json")
    assert finished.returncode == 1
    assert [table for table in json.loads(finished.stdout) if table["only_published"]] == [
        {"table": "mart_online_rates", "rows": 58, "only_published": 1, "only_rebuilt": 1}
    ]
    assert "marts.duckdb: changed since it was published: found" in finished.stderr


def test_a_row_that_stands_twice_is_found(doctored: Publication, tiny_copy: Settings, tmp_path: Path) -> None:
    with duckdb.connect(str(doctored.marts)) as connection:
        connection.execute("insert into fct_payments from fct_payments where payment_request_id = 'YO1'")
    rebuilt = rebuild(tiny_copy, doctored, tmp_path / "rebuilt")
    assert differing(compare(doctored, rebuilt)) == [Difference("fct_payments", 5, 1, 0)]


def test_an_extract_that_landing_lost_is_named(tiny_copy: Settings, tmp_path: Path) -> None:
    folder = tiny_copy.landing / "one_stop" / "filings" / "month=2022-10"
    shutil.rmtree(folder)
    with pytest.raises(LandingError, match=r"extract one_stop\.filings\.2022-10-.*found none, wanted [0-9a-f]{64}"):
        rebuild(tiny_copy, current(tiny_copy), tmp_path / "rebuilt")


def test_a_publication_without_definitions_says_so(doctored: Publication, tiny_copy: Settings, tmp_path: Path) -> None:
    shutil.rmtree(doctored.folder / "definitions")
    with pytest.raises(PublishError, match="no definitions to read"):
        rebuild(tiny_copy, doctored, tmp_path / "rebuilt")


def test_a_definition_that_was_changed_gives_other_rows(
    doctored: Publication, tiny_copy: Settings, tmp_path: Path
) -> None:
    path = doctored.folder / "definitions" / "models.json"
    text = path.read_text(encoding="utf-8")
    assert "coalesce(filings.channel_code, 1) = 2 as is_online" in text
    path.write_text(
        text.replace("coalesce(filings.channel_code, 1) = 2 as is_online", "true as is_online"), encoding="utf-8"
    )
    names = [table.table for table in differing(compare(doctored, rebuild(tiny_copy, doctored, tmp_path / "rebuilt")))]
    assert "fct_filings" in names
    assert "mart_online_rates" in names
    assert "fct_payments" not in names


def test_a_publication_that_is_cut_or_changed_is_named_before_it_answers(
    doctored: Publication, tiny_copy: Settings, tmp_path: Path
) -> None:
    whole = doctored.marts.read_bytes()
    figure = "mart_online_rates/2022-10/agency/243/online"
    month = ("--month", "2022-10")
    asking = (
        ("explain", figure),
        ("rows", "--table", "fct_filings", "--published"),
        ("reconcile", *month),
        ("status", *month),
        ("quarantine", "list", "--published"),
        ("values", "unmapped", "--published"),
        ("payments", *month),
    )
    for content in (
        whole[: len(whole) // 2],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        b"",
        whole[:4096] + bytes(len(whole)),
    ):
        doctored.marts.write_bytes(content)
        for arguments in asking:
            finished = dvctt(tiny_copy, *arguments)
            assert finished.returncode == 1, arguments
            assert "marts.duckdb: not as it was published" in finished.stderr, arguments
            assert "Traceback" not in finished.stderr, arguments
            assert len(finished.stderr.strip().splitlines()) == 1, arguments


def test_parity_and_reproduce_of_a_cut_or_changed_publication_say_so(
    doctored: Publication, tiny_copy: Settings
) -> None:
    whole = doctored.marts.read_bytes()
    for content in (whole[: len(whole) // 2], b"", whole[: len(whole) // 2] + bytes(len(whole) // 2)):
        doctored.marts.write_bytes(content)
        for arguments in (("parity",), ("reproduce", "mart_online_rates/2022-10/agency/243/online")):
            finished = dvctt(tiny_copy, *arguments)
            assert finished.returncode == 1
            assert "marts.duckdb: c" in finished.stderr, "changed since, or cannot be opened or read"
            assert "Traceback" not in finished.stderr
