"""The nights that two versions of the code are compared by: what arrives, what people decide, and at which moment.

Files that come late are made out of the sample's, by rule and without chance: the same inbox gives the same bytes.
"""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

FIRST_NIGHT = datetime.fromisoformat("2022-11-02T02:00:00+07:00")
"""The night after which nothing in the sample's files happens any more."""
BETWEEN = timedelta(hours=12)
"""From one step to the next, so that what people decide lies between two nights."""
LATE = "muon"
"""What the names of late files carry."""
CLOSED = "2022-09"
PERSON = "Trần Thị B"


@dataclass(frozen=True)
class Late:
    """A file that comes after its month, made of rows of the month's first file. Every third row is a new record.

    Attributes:
        entity: filings or payment_requests.
        month: of the rows.
        named: the month in the file's name; None for the rows' own.
        rows: how many.
    """

    entity: str
    month: str
    rows: int
    named: str | None = None


@dataclass(frozen=True)
class Step:
    """One command of ``dvctt``, and what lies in the inbox before it."""

    command: tuple[str, ...]
    late: tuple[Late, ...] = ()


RUN = ("run",)
CLOSE = ("close", "--month", CLOSED, "--approved-by", PERSON, "--note", "đã đối chiếu")
REOPEN = ("reopen", "--month", CLOSED, "--by", PERSON, "--reason", "hồ sơ gửi bổ sung")
WAVE = (
    Late("filings", "2022-05", 30),
    Late("filings", "2022-07", 24),
    Late("filings", "2022-08", 24),
    Late("payment_requests", "2022-08", 12, named="2022-10"),
)

STORIES = {
    "sample": (Step(RUN),),
    "late-wave": (Step(RUN), Step(RUN, WAVE)),
    "closed-month": (
        Step(RUN),
        Step(CLOSE),
        Step(RUN, (Late("filings", CLOSED, 30),)),
        Step(REOPEN),
        Step(RUN),
        Step(CLOSE),
        Step(RUN),
    ),
}
"""Each home's steps. The first is the same in all, and is taken once."""


def moment_of(place: int) -> datetime:
    """The moment at which the step at this place of a story is taken."""
    return FIRST_NIGHT + place * BETWEEN


def deliver(late: Late, feed: Path) -> Path:
    """Write one late file and its control file into an inbox.

    Args:
        feed: folder of the source in the inbox.
    """
    with (feed / late.entity / f"{late.month}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if _is_wanted(late.entity, row)]
        header = reader.fieldnames or ()
    apart = len(rows) // late.rows
    chosen = rows[apart // 2 :: apart][: late.rows]
    change = {"filings": _change_filing, "payment_requests": _change_request}[late.entity]
    for place, row in enumerate(chosen):
        change(row, is_new=place % 3 == 0)
    target = feed / late.entity / f"{late.named or late.month}.{LATE}.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(chosen)
    control: dict[str, int | str] = {"rows": len(chosen), "sha256": hashlib.sha256(target.read_bytes()).hexdigest()}
    if late.entity == "payment_requests":
        control["total_amount_vnd"] = sum(int(row["SoTien"]) for row in chosen)
    target.with_suffix(".control.json").write_text(json.dumps(control, indent=2) + "\n", encoding="utf-8")
    return target


def _is_wanted(entity: str, row: dict[str, str]) -> bool:
    if entity == "filings":
        return bool(row["NgayTiepNhan"])
    return bool(row["NgayThuPhi"]) and not row["NgayHoanPhi"]


def _change_filing(row: dict[str, str], *, is_new: bool) -> None:
    """A record of its own, or one that came by another channel than was said first."""
    if is_new:
        row["MaHoSo"] += "M"
    else:
        row["KenhThucHien"] = "1" if row["KenhThucHien"] == "2" else "2"
        row["MucDo"] = row["MucDo"] or "4"


def _change_request(row: dict[str, str], *, is_new: bool) -> None:
    """A payment of its own, or one that was given back."""
    if is_new:
        row["MaYeuCau"] += "M"
        row["MaGiaoDich"] += "M"
    else:
        row["TrangThai"], row["NgayHoanPhi"] = "Đã hoàn phí", row["NgayThuPhi"]


def digest_of(inboxes: Sequence[Path]) -> str:
    """One hash of all names and bytes that were delivered."""
    whole = hashlib.sha256()
    for inbox in inboxes:
        for path in sorted(path for path in inbox.rglob("*") if path.is_file()):
            whole.update(f"{path.relative_to(inbox).as_posix()}\n".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
