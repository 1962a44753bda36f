"""Late files are made of the sample's by rule, and every story begins with the same night."""

import csv
import json
from pathlib import Path

from benchmarks.story import RUN, STORIES, Late, Step, deliver, digest_of, moment_of

FILINGS = ["MaHoSo", "KenhThucHien", "MucDo", "NgayTiepNhan"]
REQUESTS = ["MaYeuCau", "SoTien", "TrangThai", "NgayThuPhi", "NgayHoanPhi", "MaGiaoDich"]


def write(feed: Path, entity: str, header: list[str], rows: list[list[str]]) -> None:
    (feed / entity).mkdir(parents=True)
    with (feed / entity / "2022-08.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_a_late_file_of_filings_holds_new_records_and_other_channels(tmp_path: Path) -> None:
    rows = [[f"243-{place}", "2" if place % 2 else "1", "", "20220801" if place else ""] for place in range(7)]
    write(tmp_path, "filings", FILINGS, rows)
    path = deliver(Late("filings", "2022-08", 3), tmp_path)
    assert path == tmp_path / "filings" / "2022-08.muon.csv"
    assert path.read_text(encoding="utf-8").splitlines() == [
        "MaHoSo,KenhThucHien,MucDo,NgayTiepNhan",
        "243-2M,1,,20220801",
        "243-4,2,4,20220801",
        "243-6,2,4,20220801",
    ]
    control = json.loads((tmp_path / "filings" / "2022-08.muon.control.json").read_text(encoding="utf-8"))
    assert control["rows"] == 3


def test_a_late_file_of_payments_gives_money_back_and_says_its_sum(tmp_path: Path) -> None:
    paid = [[f"243-{place}", "8000", "Đã thanh toán", "2022-08-05 10:00:00", "", f"GD{place}"] for place in range(2)]
    back = ["243-9", "1", "Đã hoàn phí", "2022-08-05 10:00:00", "2022-08-06 10:00:00", "GD9"]
    write(tmp_path, "payment_requests", REQUESTS, [back, *paid])
    path = deliver(Late("payment_requests", "2022-08", 2, named="2022-10"), tmp_path)
    assert path.name == "2022-10.muon.csv"
    assert path.read_text(encoding="utf-8").splitlines()[1:] == [
        "243-0M,8000,Đã thanh toán,2022-08-05 10:00:00,,GD0M",
        "243-1,8000,Đã hoàn phí,2022-08-05 10:00:00,2022-08-05 10:00:00,GD1",
    ]
    control = json.loads(path.with_suffix(".control.json").read_text(encoding="utf-8"))
    assert control["total_amount_vnd"] == 16000


def test_every_story_begins_with_a_plain_night_and_they_publish_seven_times() -> None:
    assert {steps[0] for steps in STORIES.values()} == {Step(RUN)}
    assert {name: [s.command for s in steps].count(RUN) for name, steps in STORIES.items()} == {
        "sample": 1,
        "late-wave": 2,
        "closed-month": 4,
    }


def test_no_two_steps_of_a_story_have_one_moment() -> None:
    moments = [moment_of(place).isoformat() for place in range(4)]
    assert moments[:2] == ["2022-11-02T02:00:00+07:00", "2022-11-02T14:00:00+07:00"]
    assert sorted(set(moments)) == moments


def test_the_hash_of_what_was_delivered_knows_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    first = digest_of([tmp_path])
    assert digest_of([tmp_path]) == first
    (tmp_path / "a.csv").write_text("2")
    assert digest_of([tmp_path]) != first
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    (tmp_path / "b.csv").write_text("1")
    assert digest_of([tmp_path]) != first
