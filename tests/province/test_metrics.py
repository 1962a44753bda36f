"""The one list of metrics: what it says of itself, and folders that were written before it was one."""

import csv
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.core.published_tables import published_tables
from dvctt.province.folder import load_province
from dvctt.province.metrics import METRICS, read_metrics

from tests.conftest import PROVINCE, REPOSITORY

DEFINITIONS = REPOSITORY / "dbt_project" / "seeds" / "ref_metric_definitions.csv"
HEADER = "figure_id,scope,entity,period_start,period_end,metric,value,lower,upper,unit,wording_vi,note"
"""As it was before what a figure is compared with had columns of its own."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROVINCE, tmp_path / "tinh"))


def printed(folder: Path, header: str, line: str) -> tuple[str, date | None, str | None]:
    (folder / "published_checks.csv").unlink(missing_ok=True)
    (folder / "published_figures.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    (figure,) = load_province(folder).published_figures
    return figure.metric, figure.compared_month, figure.other_group_code


def test_every_line_of_the_list_has_its_own_id_and_no_former_spelling_is_an_id() -> None:
    metrics = read_metrics()
    with METRICS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"received", "online_rate", "online_payment_amount_vnd"} <= metrics.keys()
    assert len(metrics) == len(rows)
    former = [metric.former_spelling for metric in metrics.values() if metric.former_spelling]
    assert former
    assert len(former) == len(set(former))
    assert not set(former) & metrics.keys()


def test_what_is_compared_stands_in_no_id_and_no_name_of_the_list() -> None:
    """The month of one article and the group of one province are columns of a figure."""
    with METRICS.open(encoding="utf-8", newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    for name in ("name_vi", "name_en", "former_spelling"):
        assert {metric for metric, row in rows.items() if "{month}" in row[name]} == {"online_rate_change"}
        assert {metric for metric, row in rows.items() if "{group}" in row[name]} == {"online_rate_gap"}


@pytest.mark.parametrize(("macro", "subject"), [("filing_metrics", "filings"), ("payment_metrics", "payments")])
def test_what_the_models_sum_and_restate_are_the_metrics_of_the_list_in_its_order(macro: str, subject: str) -> None:
    """Names of columns must stand in the SQL before any table is read; a metric that stands in one place alone is told here."""
    text = (REPOSITORY / "dbt_project" / "macros" / "figures.sql").read_text(encoding="utf-8")
    body = text.split(f"macro {macro}()")[1].split("endmacro")[0]
    with METRICS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["subject"] == subject and row["restated_order"]]
    assert len(rows) > 1
    ordered = sorted(rows, key=lambda row: int(row["restated_order"]))
    assert re.findall(r"'(\w+)'", body) == [row["metric"] for row in ordered]


def test_a_share_is_made_of_columns_that_its_mart_has() -> None:
    """SQL reads them by the names of the list: one that is not there would be no data, and no error."""
    with METRICS.open(encoding="utf-8", newline="") as file:
        shares = [row for row in csv.DictReader(file) if row["share_of"]]
    assert {row["metric"] for row in shares} > {"online_rate"}
    for row in shares:
        columns = published_tables()[row["share_of"]].columns
        assert {row["numerator"], row["denominator"]} <= set(columns), row["metric"]


def test_every_definition_defines_a_metric_of_the_list() -> None:
    with DEFINITIONS.open(encoding="utf-8", newline="") as file:
        defined = {row["metric"] for row in csv.DictReader(file)}
    assert "online_rate" in defined
    assert defined <= read_metrics().keys()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1,agency,Sở Y tế,2022-10-01,2022-10-31,online_filings,1,,,filings,a,", ("online", None, None)),
        ("1,agency,Sở Y tế,2022-10-01,2022-10-31,online_filings_without_level,1,,,filings,a,", ("online_no_level", None, None)),
        ("1,province,Vĩnh Phúc,2022-01-01,2022-10-31,online_payment_amount,1,,,VND,a,", ("online_payment_amount_vnd", None, None)),
        ("1,province,Vĩnh Phúc,,2022-10-31,services_connected_dvcqg,1,,,services,a,", ("connected_services", None, None)),
        ("1,province,Vĩnh Phúc,2023-01-01,2023-06-30,online_rate_change_to_october,1,,,percentage_points,a,", ("online_rate_change", date(2023, 10, 1), None)),
        ("1,province,Vĩnh Phúc,2023-01-01,2023-06-30,online_rate_change_to_july,1,,,percentage_points,a,", ("online_rate_change", date(2023, 7, 1), None)),
        ("1,district,Khối huyện thành phố,2022-10-01,2022-10-31,online_rate_gap_to_provincial,1,,,percentage_points,a,", ("online_rate_gap", None, "provincial")),
        ("1,agency,Sở Y tế,2022-10-01,2022-10-31,online_rate,1,,,percent,a,", ("online_rate", None, None)),
    ],
)  # fmt: skip # a case is a row
def test_a_folder_of_an_earlier_version_is_read_as_the_metric_and_its_columns(
    folder: Path, line: str, wanted: tuple[str, date | None, str | None]
) -> None:
    assert printed(folder, HEADER, line) == wanted


COMPARING = HEADER.replace("metric,", "metric,compared_month,other_group_code,")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1,province,Vĩnh Phúc,2022-01-01,2022-09-30,online_rate_change,,,1,,,percentage_points,a,", r"published_figures\.csv:2: key compared_month: found nothing, wanted the month that the change leads to, as YYYY-MM"),
        ("1,province,Vĩnh Phúc,2022-01-01,2022-09-30,online_rate_change,2022-10-01,,1,,,percentage_points,a,", r"published_figures\.csv:2: key compared_month.*wanted a month as YYYY-MM"),
        ("1,province,Vĩnh Phúc,2022-10-01,2022-10-31,online_rate,2022-10,,1,,,percent,a,", r"key compared_month: found 2022-10-01, wanted nothing: it is no change"),
        ("1,district,Khối huyện thành phố,2022-10-01,2022-10-31,online_rate_gap,,,1,,,percentage_points,a,", r"key other_group_code: found nothing, wanted the group that the gap is to: provincial, district, commune"),
        ("1,district,Khối huyện thành phố,2022-10-01,2022-10-31,online_rate_gap,,so,1,,,percentage_points,a,", r"key other_group_code: found 'so', wanted a group of province\.yml"),
        ("1,district,Khối huyện thành phố,2022-10-01,2022-10-31,online_rate,,provincial,1,,,percent,a,", r"key other_group_code: found provincial, wanted nothing: it is no gap"),
        ("1,province,Vĩnh Phúc,2022-01-01,2022-09-30,online_rate_change_to_october,2022-11,,1,,,percentage_points,a,", r"key metric: found 'online_rate_change_to_october', wanted one of .*online_rate_change, "),
        ("1,province,Vĩnh Phúc,2022-10-01,2022-10-31,received,,,1,,,filings,a,", r"key metric: found 'received', wanted one of "),
    ],
)  # fmt: skip # a case is a row
def test_what_a_figure_is_compared_with_is_asked_for_where_it_compares_and_nowhere_else(
    folder: Path, line: str, wanted: str
) -> None:
    with pytest.raises(ConfigError, match=wanted):
        printed(folder, COMPARING, line)
