"""The clock goes in the zone of the province, and goes on where its folder is broken."""

from datetime import timedelta
from pathlib import Path

import pytest
from dvctt.clock import now

from tests.conftest import PROVINCE


def test_the_moment_is_in_the_zone_of_the_installed_province(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROVINCE / "province.yml").read_text(encoding="utf-8")
    (tmp_path / "province.yml").write_text(text.replace("timezone: Asia/Ho_Chi_Minh", "timezone: Asia/Tokyo"), "utf-8")
    monkeypatch.setenv("DVCTT_PROVINCE", str(tmp_path))
    assert now().utcoffset() == timedelta(hours=9)
    monkeypatch.setenv("DVCTT_PROVINCE", str(PROVINCE))
    assert now().utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize("content", [None, "timezone: Asia/Tokyo\n"])
def test_an_alert_about_a_broken_province_folder_has_a_moment_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "province.yml").write_text(content, encoding="utf-8")
    monkeypatch.setenv("DVCTT_PROVINCE", str(tmp_path))
    assert now().utcoffset() == timedelta(0)
