"""A province folder is refused with file, line and key; a right one loads whole."""

import shutil
from pathlib import Path

import pytest
from dvctt.config import Settings, load_province, read_close
from dvctt.errors import ConfigError

BUNDLED = Path(__file__).resolve().parent.parent / "include" / "provinces" / "vinh_phuc"


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
    assert [group.code for group in province.groups] == ["provincial", "district"]
    assert sum(agency.group_code == "provincial" for agency in province.agencies) == 17
    assert sum(agency.group_code == "district" for agency in province.agencies) == 9
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
        ("published_figures.csv", "\n2,province", "\n1,province", r"published_figures\.csv:3: key figure_id: 1 stands on line 2"),
    ],
)  # fmt: skip
def test_a_wrong_folder_is_refused_with_file_line_and_key(
    folder: Path, file: str, old: str, new: str, wanted: str
) -> None:
    edit(folder / file, old, new)
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
    close, zone = read_close(tmp_path)
    assert (close.day, close.hour, zone) == (5, 2, "Asia/Ho_Chi_Minh")
    with pytest.raises(ConfigError, match=r"province\.yml: no such file"):
        read_close(tmp_path / "nirgends")


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
    edit(
        path,
        "H62.01,Sở Nội vụ,Sở Nội vụ,provincial,1,,2016-01-01,,",
        "H62.01,Sở Nội vụ,Sở Nội vụ,provincial,1,,2016-01-01,2022-06-30,",
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("H62.01,Sở Nội vụ mới,Sở Nội vụ,provincial,1,,2022-07-01,,assumed,assumed\n")
    assert len(load_province(folder).agencies) == 27


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
