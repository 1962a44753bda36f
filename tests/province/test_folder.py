"""A province folder is refused with file, line and key; a right one loads whole."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.province.folder import installed_systems, load_province, read_close, read_timezone
from dvctt.settings import Settings

from tests.conftest import PROVINCE

BUNDLED = Path(__file__).resolve().parents[2] / "include" / "provinces" / "vinh_phuc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, tmp_path / "tinh"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}: the test would change nothing"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_bundled_province_loads_whole() -> None:
    province = load_province(BUNDLED)
    assert province.name_vi == "Vĩnh Phúc"
    assert [group.code for group in province.groups] == ["provincial", "district", "commune"]
    by_day = {
        day: Counter(agency.group_code for agency in province.agencies_on(date.fromisoformat(day)))
        for day in ("2022-10-31", "2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01")
    }
    assert by_day == {
        "2022-10-31": {"provincial": 17, "district": 9},
        "2025-02-28": {"provincial": 17, "district": 9},
        "2025-03-01": {"provincial": 12, "district": 9},
        "2025-06-30": {"provincial": 12, "district": 9},
        "2025-07-01": {"provincial": 12, "commune": 36},
    }
    assert len(province.published_figures) == 34
    assert {target.value for target in province.targets} == {30, 50, 70, 80, 100}


@pytest.mark.parametrize(
    ("file", "old", "new", "wanted"),
    [
        ("province.yml", "name_en: Vinh Phuc", "nam_en: Vinh Phuc", r"province\.yml:5: key nam_en: unknown key"),
        ("province.yml", "name_vi: Vĩnh Phúc\n", "", r"province\.yml:1: key name_vi: missing key"),
        ("province.yml", "Asia/Ho_Chi_Minh", "Asia/Hanoi", r"province\.yml:8: key timezone: .*unknown time zone 'Asia/Hanoi'"),
        ("province.yml", "- code: district", "- cod: district", r"province\.yml:1\d: key groups\.1\.cod: unknown key \(also key groups\.1\.code: missing key\)"),
        ("province.yml", "rows_per_month: 50", "rows_per_month: many", r"key quarantine_budget\.rows_per_month.*'many'"),
        ("province.yml", "  day: 5 ", "  day: 29 ", r"province\.yml:\d+: key close\.day: .*29"),
        ("province.yml", "  hour: 2\n", "  hour: two\n", r"province\.yml:\d+: key close\.hour: .*'two'"),
        ("province.yml", "  hour: 2\n", "", r"province\.yml:\d+: key close\.hour: missing key"),
        ("close_waivers.csv", "waived_by,", "", r"close_waivers\.csv:1: unknown columns \[\], missing columns \['waived_by'\]"),
        ("province.yml", 'code: "26"', "code: [", r"province\.yml:\d+: not YAML"),
        ("sources.yml", "filings:", "fillings:", r"sources\.yml:\d+: key sources\.0\.entities.*unknown entity 'fillings'"),
        ("sources.yml", "month_means: received", "month_means: sent", r"key sources\.0\.entities\.filings\.month_means"),
        ("agencies.csv", "agency_code,", "ma,", r"agencies\.csv:1: unknown columns \['ma'\], missing columns \['agency_code'\]"),
        ("agencies.csv", ",provincial,1,", ",so,1,", r"agencies\.csv:2: key group_code: found 'so', wanted a group"),
        ("agencies.csv", "H62.02,", "H62.01,", r"agencies\.csv:3: key agency_code: 'H62\.01' overlaps line 2"),
        ("agencies.csv", "provincial,2,", "provincial,two,", r"agencies\.csv:3: key official_order"),
        ("targets.csv", ",70,percent", ",seventy,percent", r"targets\.csv:2: key value"),
        ("drift_bands.csv", "agency,*,trailing", "agency,so,trailing", r"drift_bands\.csv:2: key group_code: found 'so', wanted \*"),
        ("drift_bands.csv", "trailing,3,50", "trailing,,50", r"drift_bands\.csv:2: .*trailing_months: wanted a number"),
        ("drift_bands.csv", "filings,rows,group,*,trailing", "filings,vnd,group,*,trailing", r"drift_bands\.csv:3: .*no VND"),
        ("drift_bands.csv", "rows,group,*,trailing", "rows,agency,*,trailing", r"drift_bands\.csv:3: .*stands on line 2"),
        ("published_figures.csv", "\n2,province", "\n1,province", r"published_figures\.csv:3: key figure_id: 1 stands on line 2"),
    ],
)  # fmt: skip # a case is a row
def test_a_wrong_folder_is_refused_with_file_line_and_key(
    folder: Path, file: str, old: str, new: str, wanted: str
) -> None:
    edit(folder / file, old, new)
    with pytest.raises(ConfigError, match=wanted):
        load_province(folder)


@pytest.mark.parametrize(
    ("served", "owing", "wanted"),
    [
        ("[\"group:village\"]", None, r"sources\.yml:\d+: key sources\.0\.agencies: found 'group:village', wanted a code of agencies\.csv, or group:commune"),
        ("[\"999\"]", None, r"sources\.yml:\d+: key sources\.0\.agencies: found '999'"),
        ("[\"group:district\"]", "H62.01", r"expected_feeds\.csv:5: key agency_code: found 'H62\.01', which 'one_stop' does not serve"),
    ],
)  # fmt: skip # a case is a row
def test_a_source_serves_agencies_that_there_are(folder: Path, served: str, owing: str | None, wanted: str) -> None:
    edit(folder / "sources.yml", "    kind: files\n", f"    kind: files\n    agencies: {served}\n")
    if owing:
        with (folder / "expected_feeds.csv").open("a", encoding="utf-8") as file:
            file.write(f"one_stop,filings,{owing},5,2022-01-01,,\n")
    with pytest.raises(ConfigError, match=wanted):
        load_province(folder)


def test_a_folder_without_its_files_names_what_is_missing(folder: Path) -> None:
    (folder / "targets.csv").unlink()
    with pytest.raises(ConfigError, match=r"missing targets\.csv"):
        load_province(folder)


def test_an_unknown_province_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"DVCTT_PROVINCE: no province folder 'atlantis'; .*vinh_phuc"):
        Settings.from_environment({"DVCTT_PROVINCE": "atlantis"})


def test_the_day_and_hour_of_the_close_are_read_without_the_rest_of_the_folder(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "province.yml", tmp_path)
    close = read_close(tmp_path)
    assert (close.day, close.hour) == (5, 2)
    with pytest.raises(ConfigError, match=r"province\.yml: no such file"):
        read_close(tmp_path / "nirgends")


def test_the_time_zone_is_read_without_the_rest_of_the_folder(tmp_path: Path) -> None:
    text = (BUNDLED / "province.yml").read_text(encoding="utf-8")
    (tmp_path / "province.yml").write_text(text.replace("Asia/Ho_Chi_Minh", "Asia/Vientiane"), encoding="utf-8")
    assert (read_timezone(tmp_path), read_timezone(BUNDLED)) == ("Asia/Vientiane", "Asia/Ho_Chi_Minh")


def test_the_same_feed_is_waived_once(folder: Path) -> None:
    line = "2022-10,one_stop,filings,243,Bà B,hỏng máy,2022-11-04\n"
    with (folder / "close_waivers.csv").open("a", encoding="utf-8") as file:
        file.write(line)
    (waiver,) = load_province(folder).close_waivers
    assert (waiver.month, waiver.agency_code, waiver.waived_by) == ("2022-10", "243", "Bà B")
    with (folder / "close_waivers.csv").open("a", encoding="utf-8") as file:
        file.write(line)
    with pytest.raises(
        ConfigError, match=r"close_waivers\.csv:3: key month, source_id, entity, agency_code: .* stands on line 2"
    ):
        load_province(folder)


def test_an_agency_may_come_back_after_its_validity_ended(folder: Path) -> None:
    path = folder / "agencies.csv"
    before = load_province(folder).agencies
    edit(
        path,
        "H62.01,Sở Nội vụ,Sở Nội vụ,provincial,1,,2016-01-01,2025-06-30,",
        "H62.01,Sở Nội vụ,Sở Nội vụ,provincial,1,,2016-01-01,2022-06-30,",
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("H62.01,Sở Nội vụ mới,Sở Nội vụ,provincial,1,,2022-07-01,2025-06-30,assumed,assumed,\n")
    assert len(load_province(folder).agencies) == len(before) + 1


def test_the_bundled_communes_went_over_whole_and_two_new_ones_cross_districts() -> None:
    province = load_province(BUNDLED)
    communes = province.commune_succession
    assert (len(communes), {row.kind for row in communes}) == (121, {"whole"})
    districts: dict[str, set[str]] = {}
    for row in communes:
        districts.setdefault(row.new_commune_vi, set()).add(row.old_district_code)
    assert len(districts) == 36
    assert {name: found for name, found in districts.items() if len(found) > 1} == {
        "Xã Sơn Đông": {"246", "253"},
        "Xã Tam Dương Bắc": {"247", "248"},
    }
    # What a district's work was split into is what its communes became.
    split = {(row.predecessor_code, row.successor_code) for row in province.agency_successions if row.kind == "split"}
    assert split == {(row.old_district_code, row.portal_unit_code) for row in communes}


def test_a_folder_without_english_names_loads(folder: Path) -> None:
    path = folder / "agencies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in rows[0] if name != "name_en"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    assert {agency.name_en for agency in load_province(folder).agencies} == {None}


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("H62.03,H62.04,2025-03-01", "H62.93,H62.04,2025-03-01", r":2: key predecessor_code: found 'H62\.93', wanted a code of agencies\.csv"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H62.94,2025-03-01", r":2: key successor_code: found 'H62\.94', wanted a code of agencies\.csv"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H62.04,2025-03-02", r":2: key effective_on: 'H62\.03' is not in force on 2025-03-01, the day before 2025-03-02"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H62.04,2025-02-01", r":2: key effective_on: 'H62\.03' is still in force on 2025-02-01; wanted valid_to 2025-01-31 in agencies\.csv, or kind transfer"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H44.03,2025-03-01", r":2: key effective_on: 'H44\.03' is not in force on 2025-03-01"),
        ("H62.03,H62.04,2025-03-01", "H62.06,H62.04,2025-03-01", r":3: key predecessor_code: line 2 gives all of 'H62\.06' to another on 2025-03-01 already"),
        ("H62.03,H62.04,2025-03-01,merge", "H62.06,H62.04,2025-03-01,split", r":3: key kind: found 'merge' beside 'split' of line 2"),
        ("H62.06,H62.18,2025-03-01", "H62.03,H62.04,2025-03-01", r":3: key predecessor_code, successor_code, effective_on: .* stands on line 2"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H62.03,2025-03-01", r":2: key successor_code: 'H62\.03' would take over itself on 2025-03-01"),
        ("H62.03,H62.04,2025-03-01,merge", "H62.03,H62.04,2025-03-01,absorb", r":2: key kind: .*found 'absorb'"),
        ("H62.03,H62.04,2025-03-01", "H62.03,H62.04,01/03/2025", r":2: key effective_on: .*found '01/03/2025'"),
    ],
)  # fmt: skip # a case is a row
def test_a_succession_that_cannot_be_is_refused(folder: Path, old: str, new: str, wanted: str) -> None:
    edit(folder / "agency_successions.csv", old, new)
    with pytest.raises(ConfigError, match=r"agency_successions\.csv" + wanted):
        load_province(folder)


def test_agencies_that_take_each_other_over_on_one_day_are_refused(folder: Path) -> None:
    with (folder / "agency_successions.csv").open("a", encoding="utf-8") as file:
        file.write("H62.04,H62.03,2025-03-01,rename,,không có thật,assumed\n")
    with pytest.raises(
        ConfigError, match=r"agency_successions\.csv:2: key successor_code: 'H62\.03' would take over itself"
    ):
        load_province(folder)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("08710,Phường Liên Bảo,", "08707,Phường Liên Bảo,", r":3: key old_commune_code: '08707' stands on line 2"),
        ("Phường Vĩnh Yên,H44.199,whole", "Phường Vĩnh Yên,H44.199,part", r":2: key kind"),
        (
            "Phường Hội Hợp,08707,Phường Vĩnh Yên",
            "Phường Hội Hợp,08707,Phường Khác",
            r":4: key new_commune_code: '08707' is .* here and .* on line 2",
        ),
    ],
)
def test_a_commune_that_is_split_is_refused(folder: Path, old: str, new: str, wanted: str) -> None:
    edit(folder / "commune_succession.csv", old, new)
    with pytest.raises(ConfigError, match=r"commune_succession\.csv" + wanted):
        load_province(folder)


def test_a_district_that_is_split_to_others_than_its_communes_went_to_is_refused(folder: Path) -> None:
    lines = (folder / "agency_successions.csv").read_text(encoding="utf-8").splitlines()
    number, first = next((n, line) for n, line in enumerate(lines, start=1) if line.startswith("243,H44.199,"))
    edit(folder / "agency_successions.csv", first, first.replace("H44.199", "H44.01"))
    with pytest.raises(
        ConfigError,
        match=rf"agency_successions\.csv:{number}: key successor_code: found 'H44\.01', wanted a new commune that "
        r"commune_succession\.csv gives a commune of '243' to",
    ):
        load_province(folder)


def test_a_district_whose_split_forgets_a_commune_is_refused(folder: Path) -> None:
    path = folder / "agency_successions.csv"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("243,H44.199,")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"agency_successions\.csv:\d+: .*'243' is split without Phường Vĩnh Yên"):
        load_province(folder)


def test_home_inbox_and_province_come_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.from_environment({"DVCTT_PROVINCE": str(BUNDLED), "DVCTT_HOME": str(tmp_path / "nha")})
    assert settings.home == tmp_path / "nha"
    assert settings.inbox == tmp_path / "nha" / "inbox"
    assert settings.province_folder == BUNDLED


def test_the_digest_moves_with_what_a_run_reads_and_with_nothing_else(folder: Path) -> None:
    before = load_province(folder).digest
    (folder / "sample.yml").write_text("other: 1\n", encoding="utf-8")
    assert load_province(folder).digest == before
    edit(folder / "targets.csv", ",70,percent", ",71,percent")
    assert load_province(folder).digest != before


BOMB = "a: &a [x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("file", "change", "wanted"),
    [
        ("province.yml", lambda t: t.replace("first_day: 2016-01-01", "first_day: 2016-02-30"), r"province\.yml:\d+: a value that looks like a date"),
        ("province.yml", lambda t: t + "\nlater: " + "9" * 5000 + "\n", r"province\.yml:\d+: a value that looks like a date or a number"),
        ("province.yml", lambda t: t + f"\n{BOMB}", r"province\.yml:\d+: an alias \(\*name\)"),
        ("province.yml", lambda t: t + "\ndeep: " + "[" * 5000, r"province\.yml"),
        ("province.yml", lambda t: t + "\nfirst_day: 2017-01-01\n", r"province\.yml:\d+: key first_day: stands on line \d+ already"),
        ("agencies.csv", lambda t: '"' + t, r"agencies\.csv:1"),
        ("agencies.csv", lambda t: '"' * 3 + t.replace("\n", ""), r"agencies\.csv:1"),
        ("agencies.csv", lambda t: t + '"never closed', r"agencies\.csv:\d+: not CSV"),
        ("agencies.csv", lambda t: t.replace("2016-01-01", "2016-02-30", 1), r"agencies\.csv:2: key valid_from"),
        ("agencies.csv", lambda t: t.replace("2016-01-01", "2016-02-30T25:99", 1), r"agencies\.csv:2: key valid_from"),
    ],
)  # fmt: skip # a case is a row
def test_what_cannot_be_in_the_province_folder_is_told_in_words(
    tmp_path: Path, file: str, change: Callable[[str], str], wanted: str
) -> None:
    folder = tmp_path / "province"
    shutil.copytree(PROVINCE, folder)
    text = (folder / file).read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    (folder / file).write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError, match=wanted) as caught:
        load_province(folder)
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize(("name", "path"), [("DVCTT_HOME", "/srv/a?b"), ("DVCTT_HOME", "/srv/a\\b"), ("DVCTT_INBOX", "/srv/a\\b"), ("DVCTT_HOME", "/srv/a\nb")])  # fmt: skip # a case is a row
def test_a_path_that_no_database_can_lie_at_is_refused(name: str, path: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: the path holds"):
        Settings.from_environment({name: path})


def test_a_path_with_the_signs_of_a_pattern_is_a_path() -> None:
    assert Settings.from_environment({"DVCTT_HOME": "/srv/kho[12]*"}).home == Path("/srv/kho[12]*")


def test_a_dag_hears_of_running_systems_and_of_none_where_the_file_is_broken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A DAG that cannot be parsed does not run and tells nobody; landing, which does run, says what is wrong."""
    monkeypatch.setenv("DVCTT_PROVINCE", str(folder))
    assert installed_systems() == ()
    edit(
        folder / "sources.yml",
        "kind: files",
        "kind: database\n    connection: mot_cua\n    fetch: {first_month: 2022-01}",
    )
    assert [source.id for source in installed_systems()] == ["one_stop"]
    edit(folder / "sources.yml", "first_month: 2022-01", "first_month: 2022-13")
    assert installed_systems() == ()
    assert "not a month: found '2022-13'" in caplog.text
    (folder / "sources.yml").unlink()
    assert installed_systems() == ()
