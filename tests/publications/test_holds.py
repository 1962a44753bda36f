"""What moves a month beyond its band waits for a named person: the file's version alone, and nobody else's figures."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dvctt.closing.plan import plan_close
from dvctt.core.errors import GateFailed, HoldRefused
from dvctt.core.files import seal, write_atomically
from dvctt.core.period import Month
from dvctt.landing import zone
from dvctt.pipeline import alerting, decisions
from dvctt.province.folder import load_province
from dvctt.publications import holds, rebuild
from dvctt.publications.holds import Hold
from dvctt.publications.reading import Publication
from dvctt.report.wording.caveats import own_words
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, Rows, filing, payment
from tests.nights import Nights, nights_after

BY = {"by": "Trần Thị Mẫu", "reason": "đã đối chiếu với cơ quan"}
SONG_LO, VINH_YEN, HOME_AFFAIRS = "253", "243", "H62.01"


def filings(month: str, **counts: int) -> Rows:
    """So many filings of each agency, one key each; ``a253`` is agency 253."""
    rows = []
    for name, count in counts.items():
        agency = name.removeprefix("a").replace("_", ".")
        rows += [
            filing(f"{agency}-{month}-{n:03}", agency, f"{month}-{1 + n % 28:02} 09:00:00") for n in range(1, count + 1)
        ]
    return rows


def payments(month: str, count: int, amount: int) -> Rows:
    return [
        payment(f"Y-{month}-{n:03}", f"243-{month}-{n:03}", "243", f"{month}-{1 + n % 28:02} 10:00:00", amount)
        for n in range(1, count + 1)
    ]


@dataclass
class Walk:
    """One home, night by night; what each night published, what it answered, and what was held after it."""

    nights: Nights
    inbox: Inbox
    publications: dict[str, Publication] = field(default_factory=dict)
    figures: dict[str, dict[tuple[str, str], tuple[object, ...]]] = field(default_factory=dict)
    held: dict[str, list[Hold]] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.nights.settings

    def night(self, name: str) -> None:
        self.publications[name] = publication = self.nights.run()
        # What people are told of a publication is read off marts that these nights do without.
        alerted = self.settings.home / "alerted.json"
        write_atomically(alerted, seal({"publication": publication.number}))
        self.figures[name] = {
            (f"{month:%Y-%m}", code): (received, own_words(caveats))
            for month, code, received, caveats in self.nights.rows(
                "select month, entity_code, received, caveats_json from mart_online_rates"
            )
        }
        self.held[name] = holds.holds(self.settings.ledgers)

    def received(self, name: str, month: str, *codes: str) -> list[object]:
        return [self.figures[name][month, code][0] for code in codes]

    def caveat(self, name: str, month: str, code: str) -> str:
        return str(self.figures[name][month, code][1] or "")

    def new(self, name: str) -> list[Hold]:
        """What was held by this night."""
        run_id = self.publications[name].manifest["run_id"]
        return [hold for hold in self.held[name] if hold.run_id == run_id]

    def hold(self, name: str, file: str) -> Hold:
        """What was held of this file by this night."""
        return next(hold for hold in self.new(name) if self.file_of(hold) == file)

    def file_of(self, hold: Hold) -> str:
        extracts = zone.landed_extracts(self.settings.landing)
        return next(f"{e.entity}/{e.file_name}" for e in extracts if e.extract_id == hold.extract_id)


def home_of_its_own(tiny_home: Settings, root: Path) -> Nights:
    """An empty home, and a province whose own band holds from 100 filings on."""
    shutil.copytree(PROVINCE, root / "province")
    bands = root / "province" / "drift_bands.csv"
    text = bands.read_text(encoding="utf-8")
    changed = text.replace(
        "filings,rows,province,,published,,90,110,500,", "filings,rows,province,,published,,90,110,100,"
    )
    assert changed != text
    bands.write_text(changed, encoding="utf-8")
    settings = Settings(province_folder=root / "province", inbox=root / "inbox", home=root / "home")
    nights = nights_after(tiny_home, settings)
    nights.keep("mart_online_rates", "mart_feeds", "mart_data_cut_off", "fct_quarantined_rows", "aud_movement_files")
    return nights


@pytest.fixture(scope="module")
def walk(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    nights = home_of_its_own(tiny_home, tmp_path_factory.mktemp("holds"))
    inbox = Inbox(nights.settings.inbox)
    walk = Walk(nights, inbox)
    settings = nights.settings
    for month in ("2022-07", "2022-08", "2022-09"):
        inbox.write("filings", month, filings(month, a243=100, a253=100, aH62_01=60))
        inbox.write("payment_requests", month, payments(month, 60, 1_000))
    walk.night("three months")

    rows = filings("2022-10", a243=40, a253=100, aH62_01=60)
    inbox.write("filings", "2022-10", rows, control={"rows": len(rows)})
    inbox.write("payment_requests", "2022-10", payments("2022-10", 61, 1_000))
    walk.night("first version cut")

    whole = filings("2022-10", a243=98, a253=100, aH62_01=60)
    inbox.write("filings", "2022-10", whole, control={"rows": len(whole)})
    walk.night("new content")
    walk.answers["outdated"] = refusal(lambda: decisions.accept_hold(settings, 1, **BY))

    rows = filings("2022-10", a243=60, a253=100, aH62_01=60)
    inbox.write("filings", "2022-10", rows, control={"rows": len(rows)})
    inbox.write("payment_requests", "2022-09.muon", [payment("L1", "243-2022-09-061", "243", "2022-09-30 10:00:00", 7)])
    walk.night("cut again")
    walk.answers["plan"] = close_plan(settings, "2022-10")

    decisions.accept_hold(settings, 2, **BY)
    inbox.write("filings", "2022-10.muon", [filing(f"L{n}", "243", "2022-10-30 09:00:00") for n in range(1, 6)])
    walk.night("accepted, and other figures came")
    decisions.accept_hold(settings, 3, **BY)
    walk.night("accepted")
    walk.answers["decided"] = refusal(lambda: decisions.reject_hold(settings, 3, **BY))

    inbox.write("filings", "2022-10", whole[::-1], control={"rows": len(whole)})
    doubled = [{**row, "MaHoSo": row["MaHoSo"] + "-A"} for row in filings("2022-08", a243=100, a253=100)]
    inbox.write("filings", "2022-08.lan-2", doubled, control={"rows": len(doubled)})
    inbox.write("payment_requests", "2022-08", payments("2022-08", 60, 1_000_000))
    rows = filings("2022-09", a243=85, a253=85, aH62_01=56)
    inbox.write("filings", "2022-09", rows)
    inbox.write(
        "reported_figures",
        "2022-11",
        [{"MaDonVi": "253", "Thang": "2022-11", "ChiTieu": "ho_so_tiep_nhan", "GiaTri": "100"}],
    )
    inbox.write("filings", "2022-11", filings("2022-11", a243=90, a253=70, aH62_01=60))
    walk.night("five files")
    decisions.reject_hold(settings, walk.hold("five files", "filings/2022-10.csv").number, **BY)
    walk.night("one rejected")
    return walk


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(HoldRefused) as refused:
        act()
    return str(refused.value)


def close_plan(settings: Settings, month: str) -> tuple[str, ...]:
    plan = plan_close(
        published=settings.published,
        closed=settings.closed,
        landing=settings.landing,
        ledgers=settings.ledgers,
        candidate=settings.candidate,
        verdicts=settings.verdicts,
        province=load_province(settings.province_folder),
        month=Month.parse(month),
    )
    return plan.waiting


def shown(hold: Hold) -> list[tuple[object, ...]]:
    return [
        (m.entity, m.measure, m.scope, m.entity_code, m.month, m.basis, m.before_value, m.new_value)
        for m in hold.movements
        if m.is_beyond
    ]


def test_three_usual_months_are_published_and_nothing_is_held(walk: Walk) -> None:
    assert walk.received("three months", "2022-09", "243", "253", "H62.01", "26") == [100, 100, 60, 260]
    assert walk.held["three months"] == []


def test_a_first_version_far_below_the_months_before_is_missing_and_named_until_somebody_answers(walk: Walk) -> None:
    (hold,) = walk.new("first version cut")
    assert shown(hold) == [("filings", "rows", "agency", "243", "2022-10", "trailing", 100, 40)]
    assert walk.received("first version cut", "2022-10", "243", "253", "H62.01") == [None, None, None]
    assert "UBND thành phố Vĩnh Yên" in walk.caveat("first version cut", "2022-10", "26")
    assert walk.received("first version cut", "2022-09", "243") == [100]
    (out,) = walk.publications["first version cut"].manifest["left_out"]
    assert (out["extract_id"], out["why"]) == (hold.extract_id, "held")


def test_what_comes_beside_a_held_file_is_published_the_same_night(walk: Walk) -> None:
    rows = walk.publications["first version cut"]
    with_october = [e["extract_id"] for e in rows.manifest["extracts"] if e["month"] == "2022-10"]
    assert len(with_october) == 1 and with_october[0].startswith("one_stop.payment_requests.2022-10-")


def test_new_content_under_the_name_is_judged_anew(walk: Walk) -> None:
    assert walk.received("new content", "2022-10", "243", "253", "H62.01") == [98, 100, 60]
    assert walk.new("new content") == []
    assert "newer content has come under this file's name" in str(walk.answers["outdated"])


def test_a_cut_version_is_held_and_the_version_before_goes_on_with_a_caveat_that_says_so(walk: Walk) -> None:
    (hold,) = walk.new("cut again")
    assert shown(hold) == [
        ("filings", "rows", "agency", "243", "2022-10", "published", 98, 60),
        ("filings", "rows", "province", "26", "2022-10", "published", 258, 220),
    ]
    assert walk.received("cut again", "2022-10", "243", "253", "H62.01", "26") == [98, 100, 60, 258]
    for code in ("243", "253", "26"):
        assert "bản tệp mới đang được giữ lại chờ xác nhận" in walk.caveat("cut again", "2022-10", code)
    assert "giữ lại" not in walk.caveat("cut again", "2022-09", "243")


def test_nobodys_other_figures_wait_for_a_held_file(walk: Walk) -> None:
    listed = [e["extract_id"] for e in walk.publications["cut again"].manifest["extracts"]]
    assert sum("2022-09.muon" in extract_id for extract_id in listed) == 1


def test_a_close_says_that_a_file_of_its_month_waits(walk: Walk) -> None:
    assert "hold 2, which no one has decided: dvctt held show 2" in walk.answers["plan"]  # type: ignore[operator]


def test_a_persons_word_on_other_figures_does_not_count(walk: Walk) -> None:
    (hold,) = walk.new("accepted, and other figures came")
    assert hold.number == 3 and hold.extract_id == walk.held["cut again"][1].extract_id
    assert shown(hold)[0] == ("filings", "rows", "agency", "243", "2022-10", "published", 98, 65)
    assert walk.received("accepted, and other figures came", "2022-10", "243") == [103]


def test_what_was_accepted_is_published_by_the_next_night_without_a_caveat(walk: Walk) -> None:
    assert walk.received("accepted", "2022-10", "243", "26") == [65, 225]
    assert walk.new("accepted") == []
    assert [one["why"] for one in walk.publications["accepted"].manifest["left_out"]] == ["outdated"]
    assert "giữ lại" not in walk.caveat("accepted", "2022-10", "243")
    assert "hold 3 is accepted already" in str(walk.answers["decided"])


def test_every_file_of_a_bad_night_is_held_for_what_it_did_itself(walk: Walk) -> None:
    found = {walk.file_of(hold): shown(hold) for hold in walk.new("five files")}
    assert {file: movements[0] for file, movements in found.items()} == {
        "filings/2022-10.csv": ("filings", "rows", "agency", "243", "2022-10", "published", 65, 103),
        "filings/2022-08.lan-2.csv": ("filings", "rows", "agency", "243", "2022-08", "published", 100, 200),
        "payment_requests/2022-08.csv": (
            "payment_requests",
            "vnd",
            "agency",
            "243",
            "2022-08",
            "published",
            60_000,
            60_000_000,
        ),
        "filings/2022-11.csv": ("filings", "rows", "agency", "253", "2022-11", "reported", 100, 70),
        "filings/2022-09.csv": ("filings", "rows", "group", "district", "2022-09", "published", 200, 170),
    }
    assert ("filings", "rows", "province", "26", "2022-08", "published", 260, 460) in found["filings/2022-08.lan-2.csv"]


def test_readers_see_what_they_saw_before_a_bad_night(walk: Walk) -> None:
    assert walk.received("five files", "2022-08", "243", "253", "26") == [100, 100, 260]
    assert walk.received("five files", "2022-09", "243", "253", "H62.01") == [100, 100, 60]
    assert walk.received("five files", "2022-10", "243") == [65]
    assert walk.received("five files", "2022-11", "243", "253") == [None, None]
    paid = walk.nights.rows("select sum(amount_vnd) from fct_payments where paid_month = date '2022-08-01'")
    assert paid == [(60_000,)]


def test_what_was_rejected_stays_out_and_what_nobody_answers_is_not_held_twice(walk: Walk) -> None:
    assert walk.new("one rejected") == []
    assert walk.received("one rejected", "2022-10", "243") == [65]
    out = walk.publications["one rejected"].manifest["left_out"]
    assert sorted((one["extract_id"].rpartition("-")[0], one["why"]) for one in out) == [
        ("one_stop.filings.2022-08.lan-2", "held"),
        ("one_stop.filings.2022-09", "held"),
        ("one_stop.filings.2022-10", "outdated"),
        ("one_stop.filings.2022-10", "rejected"),
        ("one_stop.filings.2022-11", "held"),
        ("one_stop.payment_requests.2022-08", "held"),
    ]
    assert [(one["by"], one["reason"]) for one in out if one["why"] == "rejected"] == [(BY["by"], BY["reason"])]
    assert "giữ lại" in walk.caveat("one rejected", "2022-09", "243")
    assert "giữ lại" not in walk.caveat("one rejected", "2022-10", "243")


def test_people_are_told_of_everything_that_waits_and_how_to_answer(walk: Walk) -> None:
    waiting = {finding.check.partition(": ")[2]: finding for finding in alerting.held_figures(walk.settings)}
    assert sorted(waiting) == [
        "bản mới của tệp filings/2022-08.lan-2.csv",
        "bản mới của tệp filings/2022-09.csv",
        "bản mới của tệp filings/2022-11.csv",
        "bản mới của tệp payment_requests/2022-08.csv (đồng)",
    ]
    money = waiting["bản mới của tệp payment_requests/2022-08.csv (đồng)"]
    assert (money.agency, money.month) == ("UBND thành phố Vĩnh Yên", "2022-08")
    assert (money.expected, money.observed) == (60_000, 60_000_000)
    number = walk.hold("five files", "payment_requests/2022-08.csv").number
    assert money.note == (
        f"dải cho phép từ 45.000 đến 79.800; 1 số vượt dải; dvctt held show {number}; "
        f"dvctt held accept {number} --by HỌ_TÊN --reason LÝ_DO"
    )


def test_what_waits_is_asked_of_a_person_with_every_figure_of_it(walk: Walk) -> None:
    number = walk.hold("five files", "filings/2022-09.csv").number
    request = decisions.request_decision(walk.settings, number=number)
    assert request is not None
    assert (
        request["subject"] == f"Xác nhận số liệu vượt dải biến động của Vĩnh Phúc (tệp mới đang giữ lại, số {number})"
    )
    assert "| Khối huyện thành phố | tháng 09/2022 | Hồ sơ | 200 | **170** | 180 | 220 |" in str(request["body"])
    assert "| UBND thành phố Vĩnh Yên | tháng 09/2022 | Hồ sơ | 100 | 85 | 80 | 125 |" in str(request["body"])
    assert decisions.request_decision(walk.settings, number=1) is None


@pytest.mark.parametrize("name", ["first version cut", "cut again", "accepted"])
def test_a_publication_is_built_again_without_what_it_was_made_without(walk: Walk, name: str, tmp_path: Path) -> None:
    publication = walk.publications[name]
    rebuilt = rebuild.rebuild(walk.settings, publication, tmp_path / "rebuilt")
    assert [d for d in rebuild.compare(publication, rebuilt) if d.differs] == []


def test_where_no_file_is_to_blame_the_night_stops_until_a_person_accepts_the_figures(
    walk: Walk, tmp_path: Path
) -> None:
    shutil.copytree(walk.settings.home, tmp_path / "home", symlinks=True)
    shutil.copytree(walk.settings.inbox, tmp_path / "inbox")
    shutil.copytree(walk.settings.province_folder, tmp_path / "province")
    settings = Settings(province_folder=tmp_path / "province", inbox=tmp_path / "inbox", home=tmp_path / "home")
    nights = Nights(settings, walk.nights.nodes, walk.nights.seeds, count=100)
    before = {e.file_name: e for e in zone.landed_extracts(settings.landing) if e.entity == "filings"}
    decisions.withdraw_extract(settings, before["2022-07.csv"].extract_id, **BY)
    with pytest.raises(GateFailed):
        nights.run()
    (hold,) = [h for h in holds.holds(settings.ledgers) if h.extract_id is None]
    assert hold.state == "waiting"
    assert shown(hold)[0] == ("filings", "rows", "agency", "243", "2022-07", "published", 100, 0)
    assert "no file is to blame" in refusal(lambda: decisions.reject_hold(settings, hold.number, **BY))
    decisions.accept_hold(settings, hold.number, **BY)
    nights.run()
    assert nights.rows(
        "select received from mart_online_rates where month = date '2022-08-01' and entity_code = '243'"
    ) == [(100,)]


def test_what_was_accepted_is_believed_however_few_rows_an_agency_has(walk: Walk, tmp_path: Path) -> None:
    shutil.copytree(walk.settings.home, tmp_path / "home", symlinks=True)
    shutil.copytree(walk.settings.inbox, tmp_path / "inbox")
    settings = Settings(province_folder=walk.settings.province_folder, inbox=tmp_path / "inbox", home=tmp_path / "home")
    nights = Nights(settings, walk.nights.nodes, walk.nights.seeds, count=200)
    rows = filings("2022-10", a243=60, a253=100, aH62_01=4)
    Inbox(settings.inbox).write("filings", "2022-10", rows, control={"rows": len(rows)})
    held = nights.run()
    write_atomically(settings.home / "alerted.json", seal({"publication": held.number}))
    hold = holds.holds(settings.ledgers)[-1]
    assert shown(hold)[0] == ("filings", "rows", "agency", "H62.01", "2022-10", "published", 60, 4)
    decisions.accept_hold(settings, hold.number, **BY)
    nights.run()
    assert nights.rows(
        "select received, caveats_json from mart_online_rates where month = date '2022-10-01' and entity_code = 'H62.01'"
    ) == [(4, None)]


def test_the_ledger_says_who_when_and_why_and_quotes_no_record(walk: Walk) -> None:
    path = walk.settings.ledgers / holds.LEDGER
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    decided = [line for line in lines if line["event"] in ("accepted", "rejected")]
    assert [(line["hold"], line["event"]) for line in decided] == [
        ("2", "accepted"),
        ("3", "accepted"),
        (str(walk.hold("five files", "filings/2022-10.csv").number), "rejected"),
    ]
    assert {line["by"] for line in decided} == {"Trần Thị Mẫu"}
    assert "243-2022-10" not in path.read_text(encoding="utf-8")


def test_nobody_accepts_without_a_name_and_a_reason(walk: Walk) -> None:
    waiting = walk.hold("five files", "filings/2022-11.csv").number
    assert "found no name of a person" in refusal(
        lambda: decisions.accept_hold(walk.settings, waiting, by=" ", reason="đúng")
    )
    assert "found no reason" in refusal(
        lambda: decisions.accept_hold(walk.settings, waiting, by="Trần Thị Mẫu", reason="")
    )
    assert "nothing held under the number 99" in refusal(lambda: decisions.accept_hold(walk.settings, 99, **BY))
