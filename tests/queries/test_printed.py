"""Printed figures held against themselves: the province's own 34, literal intervals, and a folder that says what cannot be."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.province.folder import load_province
from dvctt.queries.printed import WRONG, Held, contradicted, hold, lines
from dvctt.settings import Settings

from tests.conftest import PROVINCE, dvctt, settings_for

FIGURES = "figure_id,scope,entity,period_start,period_end,metric,compared_month,value,lower,upper,unit,wording_vi,note"
CHECKS = "check_id,kind,figure_id,terms,base,note"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROVINCE, tmp_path / "tinh"))


def held_of(folder: Path, figures: list[str], check: str) -> Held:
    """One check over figures written as ``value;lower;upper;unit;words``, numbered from 1."""
    metric = {
        "filings": "online,",
        "percent": "online_rate,",
        "percentage_points": "online_rate_change,2022-10",
    }
    rows = []
    for number, figure in enumerate(figures, start=1):
        value, lower, upper, unit, words = figure.split(";")
        rows.append(
            f'{number},province,Vĩnh Phúc,2022-10-01,2022-10-31,{metric[unit]},{value},{lower},{upper},{unit},"{words}",'
        )
    (folder / "published_figures.csv").write_text("\n".join([FIGURES, *rows]) + "\n", encoding="utf-8")
    (folder / "published_checks.csv").write_text(f"{CHECKS}\nx,{check},\n", encoding="utf-8")
    (found,) = hold(load_province(folder))
    return found


def test_the_provinces_own_figures_contradict_each_other_where_the_domain_notes_say_so() -> None:
    held = {one.check_id: one for one in hold(load_province(PROVINCE))}
    assert {name for name, one in held.items() if one.verdict in WRONG} == {
        "provincial_levels",
        "district_levels",
        "services_online_share",
        "districts_against_departments",
        "changes_side_by_side",
    }
    assert (held["provincial_levels"].given, held["provincial_levels"].residue) == ("2.949", "3")
    assert (held["district_levels"].given, held["district_levels"].residue) == ("18.504", "21")
    gap = held["districts_against_departments"]
    assert (gap.verdict, gap.printed, gap.given, gap.residue) == (
        "unit_misnamed",
        "29 [28,5; 29,5]",
        "[28,15; 29,25]",
        "0,3",
    )
    assert "(28,7 as printed); these are percentage points, printed with %" in gap.words
    assert held["services_online_share"].given == "38,84"
    assert held["changes_side_by_side"].verdict == "not_comparable"
    assert held["services_connected"].words.endswith("744 of 792, 48 services are not")


def test_what_is_not_printed_is_told_from_what_is() -> None:
    held = {one.check_id: one.given for one in hold(load_province(PROVINCE)) if one.verdict == "implied"}
    assert held == {
        "departments_before": "[21,25; 22,35]",
        "districts_before": "[14; 16]",
        "departments_received": "[5.863; 5.874]",
        "districts_received": "[23.302; 23.598]",
        "vinh_tuong_received": "[4.462; 4.484]",
        "lap_thach_received": "[2.961; 2.990]",
        "phuc_yen_received": "[2.388; 2.489]",
    }


@pytest.mark.parametrize(
    ("figures", "check", "verdict", "given"),
    [
        # Counts are exact: one filing too few is a contradiction.
        (["100;;;filings;a", "60;;;filings;b", "40;;;filings;c"], "total,1,2 + 3,", "holds", "100"),
        (["100;;;filings;a", "60;;;filings;b", "39;;;filings;c"], "total,1,2 + 3,", "contradiction", "99"),
        # A total that is printed rounded has the tolerance of its last digit.
        (["10180;10175;10185;filings;10,18 ngàn", "6000;;;filings;b", "4184;;;filings;c"], "total,1,2 + 3,", "holds", "10.184"),
        (["10180;10175;10185;filings;10,18 ngàn", "6000;;;filings;b", "4186;;;filings;c"], "total,1,2 + 3,", "contradiction", "10.186"),
        # A share without bounds stands for half of its last printed digit on both sides.
        (["33.3;;;percent;33,3%", "1;;;filings;b", "3;;;filings;c"], "share,1,2,3", "holds", "33,33"),
        (["33.4;;;percent;33,4%", "1;;;filings;b", "3;;;filings;c"], "share,1,2,3", "contradiction", "33,33"),
        (["33;;;percent;33%", "1;;;filings;b", "3;;;filings;c"], "share,1,2,3", "holds", "33,33"),
        (["33.30;;;percent;33,30%", "1;;;filings;b", "3;;;filings;c"], "share,1,2,3", "contradiction", "33,33"),
        (["50;;;percent;50%", "1;;;filings;b", "0;;;filings;c"], "share,1,2,3", "holds", "[…; …]"),
        # A rate of a count that no whole number gives.
        (["66.7;;;percent;66,7%", "1;;;filings;b"], "share,1,2,", "contradiction", "[2; 1]"),
        (["28.7;;;percentage_points;tăng 28,7 điểm %", "79;;;percent;79%", "50.3;;;percent;50,3%"], "change,1,2,3", "holds", "[28,15; 29,25]"),
        (["31;30.5;31.5;percentage_points;tăng 31 điểm %", "79;;;percent;79%", "50.3;;;percent;50,3%"], "change,1,2,3", "contradiction", "[28,15; 29,25]"),
        (["57;;;percent;tăng 57%", "157;;;filings;b", "100;;;filings;c"], "change,1,2,3", "holds", "57"),
        (["58;;;percent;tăng 58%", "157;;;filings;b", "100;;;filings;c"], "change,1,2,3", "contradiction", "57"),
        (["57;;;filings;tăng 57 hồ sơ", "157;;;filings;b", "100;;;filings;c"], "change,1,2,3", "holds", "57"),
        # Before a rise of 64 points from 50 % there was less than nothing.
        (["64;;;percentage_points;tăng 64%", "50;;;percent;50%"], "change,1,2,", "contradiction", "[-15; -13]"),
        (["99;;;filings;a", "60;;;filings;b", "40;;;filings;c"], "part,1,2 + 3,", "contradiction", "100"),
        (["101;;;filings;a", "60;;;filings;b", "40;;;filings;c"], "within,1,2 + 3,", "contradiction", "100"),
        (["99;;;filings;a", "60;;;filings;b", "100;;;filings;c"], "highest,1,2 + 3,", "contradiction", "100"),
        # Two that are printed alike may lie in either order.
        (["99;;;percent;99%", "99.3;;;percent;99,3%"], "highest,1,2,", "holds", "[99,25; 99,35]"),
        (["99;;;filings;a", "60;;;filings;b"], "lowest,1,2,", "contradiction", "60"),
    ],
)  # fmt: skip # a case is a row
def test_a_check_holds_within_what_rounding_allows_and_no_further(
    folder: Path, figures: list[str], check: str, verdict: str, given: str
) -> None:
    found = held_of(folder, figures, check)
    assert (found.verdict, found.given) == (verdict, given), found.words


@pytest.mark.parametrize(
    ("file", "old", "new", "wanted"),
    [
        ("published_figures.csv", "31,online_level_3,", "31,online_lvl_3,", r"published_figures\.csv:11: key metric: found 'online_lvl_3', wanted one of agency_count, "),
        ("published_figures.csv", "7,provincial,", "7,province_level,", r"published_figures\.csv:8: key scope: found 'province_level', wanted one of province, provincial, district, commune, agency"),
        ("published_figures.csv", "14,agency,Sở Y tế,", "14,agency,Sở Y Tế,", r"published_figures\.csv:15: key entity: found 'Sở Y Tế'"),
        ("published_figures.csv", "14,agency,Sở Y tế,2022-10-01,", "14,agency,Sở Y tế,,", r"published_figures\.csv:15: key period_start: found nothing, wanted the first day of the period of online_rate"),
        ("published_figures.csv", "Vĩnh Phúc,,2022-10-31,services_total", "Vĩnh Phúc,2022-10-01,2022-10-31,services_total", r"published_figures\.csv:2: key period_start: found 2022-10-01, wanted nothing: services_total is as at a day"),
        ("published_figures.csv", "14,agency,Sở Y tế,2022-10-01,2022-10-31,", "14,agency,Sở Y tế,2022-10-01,,", r"published_figures\.csv:15: key period_end"),
        ("published_figures.csv", "14,agency,Sở Y tế,2022-10-01,2022-10-31,", "14,agency,Sở Y tế,2022-11-01,2022-10-31,", r"published_figures\.csv:15: key .*period_start 2022-11-01 lies after period_end 2022-10-31"),
        ("published_figures.csv", "98.8,98.75,98.85", "98.8,98.85,98.75", r"published_figures\.csv:18: key .*lower 98\.85 lies above upper 98\.75"),
        ("published_figures.csv", "2039,2039,2039", ",,", r"published_figures\.csv:2: key .*neither value nor lower nor upper"),
        ("published_checks.csv", "total,7,10 + 11", "total,7,10 + 111", r"published_checks\.csv:2: key terms: found 111, wanted a figure_id of published_figures\.csv"),
        ("published_checks.csv", "total,7,10 + 11", "sum,7,10 + 11", r"published_checks\.csv:2: key kind"),
        ("published_checks.csv", "total,7,10 + 11", "total,7,7 + 11", r"published_checks\.csv:2: key figure_id: 7 is held against itself"),
        ("published_checks.csv", "total,7,10 + 11,", "total,7,10 + 11,8", r"published_checks\.csv:2: key base: a check of kind total has none"),
        ("published_checks.csv", "total,7,10 + 11", "total,8,17 + 18", r"published_checks\.csv:2: key kind: figure 8 is in percent"),
        ("published_checks.csv", "total,7,10 + 11", "total,7,10 + 3", r"published_checks\.csv:2: key terms: found the units filings, services, wanted one"),
        ("published_checks.csv", "change,24,22,8", "change,24,22 + 8,", r"published_checks\.csv:\d+: key terms: a change is one figure minus one other"),
        ("published_checks.csv", "district_levels,", "provincial_levels,", r"published_checks\.csv:3: key check_id: 'provincial_levels' stands on line 2 already"),
        ("published_checks.csv", ",terms,", ",parts,", r"published_checks\.csv:1: unknown columns \['parts'\], missing columns \['terms'\]"),
    ],
)  # fmt: skip # a case is a row
def test_a_folder_that_says_what_cannot_be_is_refused_with_line_and_key(
    folder: Path, file: str, old: str, new: str, wanted: str
) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=wanted):
        load_province(folder)


def test_a_folder_without_checks_says_that_nothing_was_held(folder: Path) -> None:
    (folder / "published_checks.csv").unlink()
    assert "nothing was held" in lines(hold(load_province(folder)))[0]


def test_a_check_is_no_part_of_what_a_publication_is_made_with(folder: Path) -> None:
    before = load_province(folder).digest
    (folder / "published_checks.csv").write_text(f"{CHECKS}\nx,total,7,10 + 11,,\n", encoding="utf-8")
    assert load_province(folder).digest == before


def test_every_printed_figure_that_can_be_held_against_another_is(tmp_path: Path) -> None:
    with (PROVINCE / "published_figures.csv").open(encoding="utf-8") as file:
        numbers = {int(row["figure_id"]) for row in csv.DictReader(file)}
    used = {number for one in hold(load_province(PROVINCE)) for number in one.figures}
    # Payments, the number of agencies and one target stand alone in the article.
    assert numbers - used == {5, 6, 12, 34}


def test_contradictions_are_told_whether_or_not_there_are_records(tmp_path: Path) -> None:
    finished = dvctt(settings_for(tmp_path / "home", tmp_path / "inbox"), "check", "figures")
    assert finished.returncode == 1
    assert (
        "contradiction: provincial_levels: #7 = #10 + #11: printed 2.952, the parts give 2.949, residue 3"
        in finished.stdout
    )
    assert "no publication yet" in finished.stderr


def test_contradictions_stand_apart_from_differences_to_our_records(tiny_home: Settings) -> None:
    printed_lines = dvctt(tiny_home, "check", "figures").stdout.splitlines()
    places = [
        next(number for number, line in enumerate(printed_lines) if wanted in line)
        for wanted in (
            "printed figures among themselves, 20 checks: 3 contradiction",
            "district_levels",
            "against our records:",
            "Published figures",
        )
    ]
    assert places == sorted(places)
    rows = json.loads(dvctt(tiny_home, "check", "figures", "--json").stdout)
    (seven,) = [row for row in rows if row["figure_id"] == 7]
    assert [one["check_id"] for one in seven["contradictions"]] == ["provincial_levels"]
    assert contradicted(hold(load_province(PROVINCE)), 12) == []
