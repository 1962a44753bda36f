"""Night after night equals everything at once: any order of arrival, rows that come 1 to 400 days late, files that are sent
again unchanged, corrected, spoiled and mended give the facts and the monthly figures that plain Python counts.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from dvctt.landing import zone
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.settings import Settings
from dvctt.warehouse import connections, foundation, previous
from dvctt.warehouse.definitions import Node, read_definitions, replay
from dvctt.warehouse.previous import Inputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, Inbox, filing, payment
from tests.nights import load_seeds

AGENCIES = ("243", "244", "H62.01")
FIRST_NIGHT = date(2023, 3, 2)
HOME_HISTORY = ("figure_movements", "restatements", "late_ledger", "late_ledger_totals", "verdict_history")
"""Tables that remember what earlier nights published."""
TIMES = ("data_cut_off", "feed_deliveries", "feeds", "feed_timeliness")
"""Tables that say when a file came."""


@dataclass(frozen=True)
class Row:
    """One row of a file: a filing and, with an amount, the payment for it on the day that it was received."""

    number: int
    agency: str
    days_late: int
    channel: str
    level: str
    is_spoiled: bool
    amount: int

    def received(self, night: date) -> date:
        return night - timedelta(days=self.days_late)


@dataclass(frozen=True)
class Sending:
    """What one agency system hands in before one night: a file's kind of name and the rows, which go to their months' files;
    or, with ``again``, the older content of a file that came before, the last but so many.
    """

    suffix: str
    rows: tuple[Row, ...]
    again: int


@dataclass
class Files:
    """What the inbox holds: by entity and name, the newest rows; and the order in which the names first came."""

    contents: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    versions: list[tuple[tuple[str, str], list[dict[str, str]]]] = field(default_factory=list)

    def put(self, key: tuple[str, str], rows: list[dict[str, str]]) -> None:
        self.contents[key] = rows
        self.versions.append((key, rows))

    def night_falls(self) -> None:
        """Names that are new take their places: of one month the plain name first, then by the parts of the name."""
        self.order += sorted(self.contents.keys() - set(self.order), key=lambda key: (key[0], key[1].split(".")))

    def write(self, inbox: Inbox) -> None:
        for (entity, name), rows in self.contents.items():
            inbox.write(entity, name, rows)


ROWS = st.builds(
    Row,
    number=st.integers(1, 6),
    agency=st.sampled_from(AGENCIES),
    days_late=st.one_of(st.integers(1, 400), st.sampled_from([1, 2, 30, 31, 399, 400])),
    channel=st.sampled_from(["1", "2", "2", "3", ""]),
    level=st.sampled_from(["3", "4", ""]),
    is_spoiled=st.sampled_from([False, False, False, True]),
    amount=st.sampled_from([0, 0, 10_000, 3_000_000_000]),
)
SENDINGS = st.builds(
    Sending,
    suffix=st.sampled_from(["", "", "bo-sung", "muon"]),
    rows=st.lists(ROWS, min_size=1, max_size=4).map(tuple),
    again=st.sampled_from([0, 0, 0, 1, 2]),
)
STORIES = st.lists(st.lists(SENDINGS, min_size=1, max_size=3), min_size=2, max_size=3)


@dataclass(frozen=True)
class Builder:
    """Builds facts and marts out of a landing, in this process: the SQL is a real build's, as it was published."""

    nodes: Sequence[Node]
    seeds: Path
    province: Province

    def build(self, root: Path, folder: str) -> Path:
        extracts = zone.landed_extracts(root / "landing")
        candidate = root / folder
        foundation.lay_foundation(candidate, self.province, root / "landing", extracts)
        previous.load_previous(candidate, Inputs(1, "1", "d", "p"), None, [])
        with connections.open_candidate(candidate, read_only=False) as connection:
            connection.execute("set threads = 1")  # as in Nights
            load_seeds(connection, self.seeds)
            replay(connection, self.nodes)
        return connections.candidate_path(candidate)


@pytest.fixture(scope="module")
def builder(tiny_home: Settings) -> Builder:
    publication = tiny_home.published / "1"
    nodes = [
        # A view is asked many times by those after it: as a table its rows are the same, and a build costs half.
        replace(node, materialized="table")
        for node in read_definitions(publication)
        if not node.name.startswith("aud_") and not node.name.endswith(HOME_HISTORY)
    ]
    assert len(nodes) > 50
    return Builder(nodes, publication / "definitions" / "seeds", load_province(PROVINCE))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The night that it is, for what landing writes down."""
    nights = [FIRST_NIGHT]
    monkeypatch.setattr(zone, "now", lambda: datetime.combine(nights[-1], time(1), tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))
    return nights


def hand_in(files: Files, sending: Sending, night: date) -> None:
    if sending.again and len(files.versions) >= sending.again:
        files.put(*files.versions[-sending.again])
        return
    for entity in ("filings", "payment_requests"):
        months: dict[str, list[dict[str, str]]] = {}
        for row in sending.rows:
            received = row.received(night)
            text = f"{received:%Y%m%d}080000"
            status = {"TrangThaiHoSo": "77"} if row.is_spoiled else {}
            if entity == "filings":
                made = filing(f"H{row.number}", row.agency, text, channel=row.channel, level=row.level, **status)
            elif row.amount:
                status = {"TrangThai": "không rõ"} if row.is_spoiled else {}
                made = payment(f"Y{row.number}", f"H{row.number}", row.agency, text, row.amount, **status)
            else:
                continue
            months.setdefault(f"{received:%Y-%m}", []).append(made)
        for month, rows in months.items():
            files.put((entity, f"{month}.{sending.suffix}" if sending.suffix else month), rows)


def is_of_one_record(rows: Sequence[dict[str, str]], fixed: Sequence[str]) -> bool:
    """Whether rows of one file under one key differ in nothing that cannot change; what is empty may be filled in later."""
    return all(len({row[column] for row in rows if row.get(column)}) <= 1 for column in fixed)


def winners(files: Files, entity: str, order: Sequence[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """The row that counts for each key, by the contract: among sound rows the later arrival's, then the later row's; of a file
    in which a key stands for two records, none. Requests are a feed of changes: a newer month's file goes before an older one's,
    whenever that came.
    """
    key, bad, fixed = {
        "filings": ("MaHoSo", ("TrangThaiHoSo", "77"), ("MaDonVi", "NgayTiepNhan", "KenhThucHien")),
        "payment_requests": ("MaYeuCau", ("TrangThai", "không rõ"), ("MaHoSo", "MaDonVi", "SoTien", "NgayThuPhi")),
    }[entity]
    places = [place for place in order if place[0] == entity]
    if entity == "payment_requests":
        places.sort(key=lambda place: place[1][:7])
    found = {}
    for place in places:
        rows = files.contents[place]
        for row in rows:
            if row[bad[0]] != bad[1] and is_of_one_record([one for one in rows if one[key] == row[key]], fixed):
                found[row[key]] = row
    return found


def delivered(files: Files, entity: str) -> set[tuple[str, str]]:
    """Agency and month: a plain file is for all, another is for those whose rows stand in it, a supplement for nobody."""
    return {
        (agency, name[:7])
        for (of, name), rows in files.contents.items()
        if of == entity and not name.endswith(".bo-sung")
        for agency in AGENCIES
        if len(name) == 7 or any(row["MaDonVi"] == agency for row in rows)
    }


def expected(files: Files, order: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Received and online per agency and month that was delivered."""
    counted = {cell: [0, 0] for cell in delivered(files, "filings")}
    for row in winners(files, "filings", order).values():
        cell = (row["MaDonVi"], f"{row['NgayTiepNhan'][:4]}-{row['NgayTiepNhan'][4:6]}")
        if cell in counted:
            counted[cell][0] += 1
            counted[cell][1] += row["KenhThucHien"] == "2"
    return {cell: (received, online) for cell, (received, online) in counted.items()}


def expected_payments(files: Files, order: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Online payments and their amount per agency and month that was delivered."""
    counted = {cell: [0, 0] for cell in delivered(files, "payment_requests")}
    for row in winners(files, "payment_requests", order).values():
        cell = (row["MaDonVi"], f"{row['NgayThuPhi'][:4]}-{row['NgayThuPhi'][4:6]}")
        if cell in counted:
            counted[cell][0] += 1
            counted[cell][1] += int(row["SoTien"])
    return {cell: (count, amount) for cell, (count, amount) in counted.items()}


def figures(built: Path, mart: str, columns: str) -> dict[tuple[str, str], tuple[int, int]]:
    first, _ = columns.split(", ")
    with duckdb.connect(str(built), read_only=True) as connection:
        rows = connection.execute(
            f"select entity_code, strftime(month, '%Y-%m'), {columns} from {mart} where scope = 'agency' "
            f"and entity_code in {AGENCIES} and {first} is not null"
        ).fetchall()
    return {(agency, month): (one, two) for agency, month, one, two in rows}


def assert_as_counted_by_hand(built: Path, files: Files, order: Sequence[tuple[str, str]]) -> None:
    assert figures(built, "mart_online_rates", "received, online") == expected(files, order)
    columns = "online_payment_count, online_payment_amount_vnd"
    assert figures(built, "mart_payments", columns) == expected_payments(files, order)
    with duckdb.connect(str(built), read_only=True) as connection:
        facts = connection.execute("select filing_id, agency_code, level_code from fct_filings order by all").fetchall()
    assert facts == sorted(
        (row["MaHoSo"], row["MaDonVi"], row["MucDo"] or None) for row in winners(files, "filings", order).values()
    )


def assert_same_tables(one: Path, other: Path, but: tuple[str, ...]) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'one' and schema_name = 'main'"
            ).fetchall()
            if name.startswith(("fct_", "dim_", "mart_")) and not name.endswith(but)
        ]
        assert len(names) > 15
        for name in names:
            differing = connection.execute(
                f"(from one.main.{name} except all from other.main.{name}) union all "
                f"(from other.main.{name} except all from one.main.{name})"
            ).fetchall()
            assert differing == [], name


def live_through(builder: Builder, root: Path, story: Sequence[Sequence[Sending]], clock: list[date]) -> Files:
    """Night after night: hand in, land, build, count by hand."""
    files, inbox = Files(), Inbox(root / "inbox")
    for number, sendings in enumerate(story):
        clock.append(FIRST_NIGHT + timedelta(days=9 * number))
        for sending in sendings:
            hand_in(files, sending, clock[-1])
        files.night_falls()
        files.write(inbox)
        zone.land(builder.province, inbox.root, root / "landing")
        assert_as_counted_by_hand(builder.build(root, "candidate"), files, files.order)
    return files


@given(story=STORIES, data=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nights_in_any_order_equal_one_build_from_nothing(
    builder: Builder, clock: list[date], story: list[list[Sending]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(prefix="dvctt-parity-") as name:
        root = Path(name)
        files = live_through(builder, root, story, clock)
        lived = root / "candidate" / connections.CANDIDATE_NAME
        assert_same_tables(lived, builder.build(root, "from-nothing"), HOME_HISTORY)

        order = data.draw(st.permutations(files.order))
        for entity, file_name in order:
            Inbox(root / "again" / "inbox").write(entity, file_name, files.contents[entity, file_name])
            zone.land(builder.province, root / "again" / "inbox", root / "again" / "landing")
        reordered = builder.build(root / "again", "candidate")
        assert_as_counted_by_hand(reordered, files, order)
        if all(winners(files, e, order) == winners(files, e, files.order) for e in ("filings", "payment_requests")):
            assert_same_tables(lived, reordered, (*HOME_HISTORY, *TIMES, "quarantined_rows"))


def test_a_filing_that_comes_400_days_late_finds_its_month(builder: Builder, clock: list[date], tmp_path: Path) -> None:
    on_time = Row(1, "243", 1, "2", "4", False, 0)
    story = [
        [Sending("", (Row(2, "243", 400, "1", "", False, 0), on_time), 0)],
        [Sending("muon", (Row(3, "243", 400, "2", "3", False, 70_000),), 0)],
    ]
    live_through(builder, tmp_path, story, clock)
    built = tmp_path / "candidate" / connections.CANDIDATE_NAME
    assert figures(built, "mart_online_rates", "received, online")["243", "2022-01"] == (1, 0)
    assert figures(built, "mart_online_rates", "received, online")["243", "2022-02"] == (1, 1)
    assert figures(built, "mart_payments", "online_payment_count, online_payment_amount_vnd")["243", "2022-02"] == (
        1,
        70_000,
    )


def test_a_row_that_is_spoiled_and_mended_counts_again(builder: Builder, clock: list[date], tmp_path: Path) -> None:
    sound, spoiled = (Row(1, "244", 40, "2", "4", is_spoiled, 0) for is_spoiled in (False, True))
    inbox = Inbox(tmp_path / "inbox")
    seen = []
    for row in (sound, spoiled, sound):
        files = Files()
        hand_in(files, Sending("", (row,), 0), FIRST_NIGHT)
        files.write(inbox)
        zone.land(builder.province, inbox.root, tmp_path / "landing")
        seen.append(
            figures(builder.build(tmp_path, "candidate"), "mart_online_rates", "received, online")["244", "2023-01"]
        )
    assert seen == [(1, 1), (0, 0), (1, 1)]


def test_the_later_of_two_rows_of_one_file_wins(builder: Builder, clock: list[date], tmp_path: Path) -> None:
    earlier, later = (Row(1, "243", 40, "2", level, False, 10_000) for level in ("3", "4"))
    files = live_through(builder, tmp_path, [[Sending("", (earlier, later), 0)]], clock)
    assert winners(files, "filings", files.order)["H1"]["MucDo"] == "4"
    built = tmp_path / "candidate" / connections.CANDIDATE_NAME
    assert figures(built, "mart_online_rates", "received, online")["243", "2023-01"] == (1, 1)


def test_a_key_of_two_records_in_one_file_counts_none(builder: Builder, clock: list[date], tmp_path: Path) -> None:
    one, other = (Row(1, "243", 40, channel, "4", False, 10_000) for channel in ("1", "2"))
    live_through(builder, tmp_path, [[Sending("", (one, other), 0)]], clock)
    built = tmp_path / "candidate" / connections.CANDIDATE_NAME
    assert figures(built, "mart_online_rates", "received, online")["243", "2023-01"] == (0, 0)


def test_a_base_file_that_comes_after_its_supplement_wins_where_both_hold_a_key(
    builder: Builder, clock: list[date], tmp_path: Path
) -> None:
    online, direct = Row(1, "243", 40, "2", "4", False, 0), Row(1, "243", 40, "1", "", False, 0)
    for place, names in enumerate((["", "bo-sung"], ["bo-sung", ""])):
        root = tmp_path / str(place)
        for name in names:
            files = Files()
            hand_in(files, Sending(name, (online if name else direct,), 0), FIRST_NIGHT)
            files.write(Inbox(root / "inbox"))
            zone.land(builder.province, root / "inbox", root / "landing")
        built = builder.build(root, "candidate")
        assert figures(built, "mart_online_rates", "received, online")["243", "2023-01"] == (1, 1 - place)
        shutil.rmtree(root)
