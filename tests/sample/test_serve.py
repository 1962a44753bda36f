"""The sample as a running system: the commands that offer it, and what they print for who reads it from there."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvctt.extract import check_source
from dvctt.province.folder import load_province
from dvctt.province.model import SourcesFile
from dvctt.sample import load, serve
from dvctt.sample.records import months_of, records_of

from tests.conftest import Inbox, environment_for, settings_for, write_tiny

from .conftest import PROVINCE

MONTHS = ("2022-01", "2022-10")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inbox = Inbox(tmp_path_factory.mktemp("tiny") / "inbox")
    write_tiny(inbox)
    return inbox.root / "one_stop"


def test_a_month_s_records_are_those_of_its_files_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    (tmp_path / "filings").mkdir()
    for name, keys in (("2022-10.bo-sung", "cd"), ("2022-10", "ab"), ("2022-09", "x"), ("2022-10.bo-sung.2", "e")):
        text = "MaHoSo\n" + "".join(f"{key}\n" for key in keys)
        (tmp_path / "filings" / f"{name}.csv").write_text(text, encoding="utf-8")
    assert months_of(tmp_path, "filings") == ["2022-09", "2022-10"]
    assert [record["MaHoSo"] for record in records_of(tmp_path, "filings", "2022-10")] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("module", [serve, load])
def test_the_printed_source_is_the_province_s_own_asked_in_another_way(module: object) -> None:
    (own,) = load_province(PROVINCE).sources
    text = module.sources_yaml(own, MONTHS)  # type: ignore[attr-defined]
    (printed,) = SourcesFile.model_validate(yaml.safe_load(text)).sources
    check_source(printed)
    assert printed.no_date == own.no_date and printed.sample
    assert printed.fetch is not None and str(printed.fetch.first_month) == "2022-01"
    assert {name: (feed.month_means, feed.optional) for name, feed in printed.entities.items()} == {
        name: (feed.month_means, feed.optional) for name, feed in own.entities.items()
    }


def answer_of(port: int, path: str, password: str = "mau") -> dict[str, object]:  # noqa: S107
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {password}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        found: dict[str, object] = json.load(response)
    return found


def test_what_is_served_is_a_page_of_the_month_with_its_totals(folder: Path) -> None:
    wanted = list(records_of(folder, "payment_requests", "2022-10"))
    assert len(wanted) > 1
    with serve.serving(folder, password="mau") as running:
        page = answer_of(running.port, "/api/payment_requests?thang=2022-10&trang=2&kichThuoc=1")
        assert page["data"] == wanted[1:2]
        assert page["tong"] == len(wanted)
        assert page["tongTien"] == sum(int(record["SoTien"]) for record in wanted)
        assert "HoTenNguoiNop" in wanted[0]
        assert answer_of(running.port, "/api/payment_requests?thang=2021-01")["tong"] == 0
        with pytest.raises(urllib.error.HTTPError, match="401"):
            answer_of(running.port, "/api/filings?thang=2022-10", password="sai")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            answer_of(running.port, "/api/people?thang=2022-10")


def test_faults_come_where_they_are_said_and_as_often_as_is_said() -> None:
    faults = serve.Faults({3: "cut"}, percent=5)
    found = [faults.of(number) for number in range(1, 201)]
    assert found[2] == "cut"
    assert found.count("error") == 10
    assert [serve.Faults().of(number) for number in range(1, 50)] == [None] * 49


@pytest.fixture
def command(folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    program = [
        str(Path(sys.executable).with_name("dvctt")),
        "sample",
        "serve",
        "--port",
        "0",
        "--from",
        str(folder.parent),
    ]
    with subprocess.Popen(
        program, env=environment_for(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_the_command_serves_the_sample_until_it_is_stopped(command: subprocess.Popen[str], folder: Path) -> None:
    assert command.stderr is not None and command.stdout is not None
    line = next(line for line in command.stderr if "serving on" in line)
    port = int(line.partition("http://127.0.0.1:")[2].partition(";")[0])
    page = answer_of(port, "/api/filings?thang=2022-10&kichThuoc=2")
    assert page["tong"] == len(list(records_of(folder, "filings", "2022-10"))) > 1
    command.send_signal(2)
    assert command.wait(timeout=20) == 0
    assert "kind: rest" in command.stdout.read()
