"""``python -m benchmarks.rivals.with_pandas INBOX CODE OUT``: land, facts and the online rate in pandas.

Its online rates must be the floor's.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.floor.__main__ import PERSONAL
from benchmarks.stopwatch import stage, versions

DATES = ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra")
FORMS = ("%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S.%f", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")


def moments(cells: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Each cell in the first form that reads it."""
    found = pd.to_datetime(cells, format=FORMS[0], errors="coerce")
    for form in FORMS[1:]:
        unread = found.isna() & cells.notna()
        found = found.mask(unread, pd.to_datetime(cells[unread], format=form, errors="coerce"))
    return found


def land(inbox: Path, landed: Path) -> None:
    for path in sorted(inbox.glob("*/*/*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        target = landed / path.parent.name / f"{path.stem}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows.drop(columns=[name for name in rows if name in PERSONAL]).to_parquet(target, compression="zstd")


def facts(landed: Path) -> pd.DataFrame:
    """Filings in their newest state."""
    files = sorted((landed / "filings").glob("*.parquet"), key=lambda path: path.stem)
    filings = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    for name in DATES:
        filings[name] = moments(filings[name])
    filings = filings.drop_duplicates("MaHoSo", keep="last")
    filings["is_received"] = ~filings["TrangThaiHoSo"].isin(["1", "3"]) & filings["NgayTiepNhan"].notna()
    filings["is_online"] = filings["KenhThucHien"] == "2"
    filings["month"] = filings["NgayTiepNhan"].dt.to_period("M").dt.to_timestamp()
    return filings


def main(inbox: Path, out: Path) -> None:
    versions(pandas=pd.__version__)
    out.mkdir(parents=True)
    with stage("land"):
        land(inbox, out / "landed")
    with stage("facts"):
        filings = facts(out / "landed")
        filings.to_parquet(out / "fct_filings.parquet", compression="zstd")
    with stage("marts"):
        received = filings[filings["is_received"]]
        rates = received.groupby(["month", "MaDonVi"])["is_online"].agg(received="size", online="sum").reset_index()
        rates.rename(columns={"MaDonVi": "entity_code"}).to_parquet(out / "rates.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[3]))
