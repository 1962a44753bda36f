"""The mean of rates is not a rate: nothing that a mart or a report shows may be one."""

import re
from pathlib import Path

from dvctt.settings import PROJECT_ROOT

_MEAN = re.compile(r"\b(avg|mean|fmean|median|quantile_cont|average)\s*\(", re.IGNORECASE)
_PLACES = (
    "dbt_project/models/marts/**/*.sql",
    "dbt_project/models/mart_inputs/**/*.sql",
    "dbt_project/macros/*.sql",
    "include/dvctt/report/*.py",
)
_NAMED_MEAN = re.compile(
    r"\b(avg|mean|average|median)_\w*(rate|percent|share)|(rate|percent|share)\w*_(avg|mean|average|median)\b"
)


def means_in(text: str) -> list[str]:
    return [match.group(0) for pattern in (_MEAN, _NAMED_MEAN) for match in pattern.finditer(text)]


def test_no_mart_and_no_report_takes_a_mean() -> None:
    files = [path for place in _PLACES for path in Path(PROJECT_ROOT).glob(place)]
    assert len(files) > 40
    assert {str(path): means_in(path.read_text(encoding="utf-8")) for path in files} == {
        str(path): [] for path in files
    }


def test_a_mean_would_be_found() -> None:
    assert means_in("select avg(online_rate_percent) as mean_rate") == ["avg(", "mean_rate"]
    assert means_in("100.0 * sum(online) / sum(received) as online_rate_percent") == []
