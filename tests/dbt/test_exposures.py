"""Every report names in dbt the marts that it reads: the lists of exposures.yml are those of the code, both ways."""

from collections.abc import Collection

import pytest
from dvctt.closing.figures import FIGURE_MARTS
from dvctt.report.marts import CONTRACT, PACKET_CONTRACT
from dvctt.report.tables.areas import contract_of_areas
from dvctt.report.tables.periods import PERIOD_CONTRACT
from dvctt.settings import Settings
from dvctt.warehouse.transform import manifest_of

READS = {
    "agency_packets": PACKET_CONTRACT,
    "closed_figures": FIGURE_MARTS,
    "monthly_report": {**CONTRACT, **contract_of_areas()},
    "period_report": PERIOD_CONTRACT,
}


@pytest.fixture(scope="module")
def exposures(tiny_home: Settings) -> dict[str, set[str]]:
    found = manifest_of(tiny_home.candidate)["exposures"].values()
    return {one["name"]: {model.split(".")[2] for model in one["depends_on"]["nodes"]} for one in found}


def test_every_exposure_is_a_report_of_the_code(exposures: dict[str, set[str]]) -> None:
    assert set(exposures) == set(READS)


@pytest.mark.parametrize(("exposure", "read"), READS.items())
def test_an_exposure_depends_on_what_the_report_reads(
    exposures: dict[str, set[str]], exposure: str, read: Collection[str]
) -> None:
    assert len(read) > 1
    assert exposures[exposure] == set(read)
