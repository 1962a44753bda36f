"""Source kind ``rest``: a month out of a real HTTP server, page by page, and what becomes of every bad answer."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ConfigError, ExtractError
from dvctt.core.period import Month
from dvctt.extract import Asked, Login, SourceUnreachable, Taken, check_source, rest
from dvctt.province.folder import load_province
from dvctt.province.model import Source, SourcesFile
from dvctt.sample.serve import Faults, Running, serving, sources_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, Inbox, filing, payment, write_tiny

PASSWORD = "khoa-bi-mat"
PERSON = "Nguyễn Thị Thử"
OCTOBER = Month(2022, 10)
QUICK = {
    "pause_seconds": 0,
    "attempts": 3,
    "takes": 3,
    "timeout_seconds": 0.5,
    "largest_answer_mb": 1,
    "auth": "bearer",
}
PAGED = {"by": "page", "parameter": "trang", "size_parameter": "kichThuoc", "size": 5}


@dataclass
class Peer:
    """A service, and who asks it."""

    running: Running
    target: Path

    def login(self, **changed: Any) -> Login:
        return replace(
            Login("one_stop", "http", f"http://127.0.0.1:{self.running.port}", user="dvctt", password=PASSWORD),
            **changed,
        )

    def fetch(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        entity: str = "filings",
        login: Login | None = None,
        month: Month = OCTOBER,
        **feed: Any,
    ) -> Taken:
        source = source_of(entity, options or {}, **feed)
        asked = Asked(source, ENTITIES[entity], month, login or self.login(), "Asia/Ho_Chi_Minh", lambda rows: None)
        return rest.fetch(asked, self.target)

    def rows(self) -> list[dict[str, str]]:
        with self.target.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def keys(self) -> list[str]:
        return [row["MaHoSo"] for row in self.rows()]


def source_of(
    entity: str, options: Mapping[str, Any], *, source: Mapping[str, Any] | None = None, **feed: Any
) -> Source:
    described = {
        "path": f"/api/{entity}",
        "query": {"thang": "{month}"},
        "total": "tong",
        "paging": PAGED,
        **options,
    }
    return Source.model_validate(
        {
            "id": "one_stop",
            "name_vi": "Hệ thống một cửa",
            "kind": "rest",
            "connection": "one_stop",
            "fetch": {"first_month": "2022-01"},
            "options": {**QUICK, **(source or {})},
            "entities": {entity: {"options": described, **feed}},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirteen filings of October, twelve and one in a supplement, three payments; each with a person's name."""
    inbox = Inbox(tmp_path / "inbox")
    rows = [{**filing(f"O{number:02d}", "243", "2022-10-05 08:00:00"), "ChuHoSo": PERSON} for number in range(1, 13)]
    rows[2]["TenTTHC"] = 'a,"b"\nc'
    inbox.write("filings", "2022-10", rows)
    inbox.write("filings", "2022-10.bo-sung", [filing("O13", "243", "2022-10-06 08:00:00")])
    inbox.write(
        "payment_requests",
        "2022-10",
        [payment(f"Y{n}", f"O0{n}", "243", "2022-10-05 09:00:00", n * 1000) for n in (1, 2, 3)],
    )
    return inbox.root / "one_stop"


@contextmanager
def peer_of(folder: Path, faults: Faults | None = None) -> Iterator[Peer]:
    with serving(folder, password=PASSWORD, faults=faults) as running:
        yield Peer(running, folder.parent / "fetched.csv")


ALL = [f"O{number:02d}" for number in range(1, 14)]

WAYS = {
    "page": PAGED,
    "offset": {**PAGED, "by": "offset", "parameter": "tu"},
    "cursor": {**PAGED, "by": "cursor", "parameter": "con_tro", "next": "tiep"},
    "link": {"by": "link", "size_parameter": "kichThuoc", "size": 5, "next": "lienKet"},
    "none": {"by": "none"},
}


@pytest.mark.parametrize("paging", WAYS.values(), ids=WAYS)
def test_every_kind_of_paging_brings_each_record_once(folder: Path, paging: dict[str, Any]) -> None:
    with peer_of(folder) as peer:
        assert peer.fetch({"paging": paging}) == Taken(13, None)
        assert peer.keys() == ALL
        assert peer.rows()[2]["TenTTHC"] == 'a,"b"\nc'
        assert list(peer.rows()[0]) == list(ENTITIES["filings"].columns)
        assert PERSON not in peer.target.read_text(encoding="utf-8")
        assert peer.running.answers == (1 if paging["by"] == "none" else 3)


@pytest.mark.parametrize("auth", ["bearer", "api_key", "basic", "oauth2"])
def test_every_kind_of_login_is_sent_and_a_wrong_one_is_a_person_s_to_mend(folder: Path, auth: str) -> None:
    with peer_of(folder) as peer:
        assert peer.fetch(source={"auth": auth}).rows == 13
        with pytest.raises(
            ExtractError, match="status 401: the login of connection 'one_stop' is not accepted"
        ) as caught:
            peer.fetch(source={"auth": auth}, login=peer.login(password="sai"))
        assert not isinstance(caught.value, SourceUnreachable)
        assert PASSWORD not in repr(peer.login()) + str(peer.running.paths)


def test_a_token_that_has_run_out_is_asked_for_anew(folder: Path) -> None:
    with peer_of(folder) as peer:
        service_login = peer.login()
        source = source_of("filings", {}, source={"auth": "oauth2"})
        asked = Asked(source, ENTITIES["filings"], OCTOBER, service_login, "Asia/Ho_Chi_Minh", lambda rows: None)

        def run_out(rows: int) -> None:
            peer.running.tokens += rows == 5

        rest.fetch(replace(asked, progress=run_out), peer.target)
        assert peer.keys() == ALL
        assert peer.running.tokens == 3


def test_amounts_and_a_body_and_names_of_the_source_s_own(folder: Path) -> None:
    with peer_of(folder) as peer:
        options = {"method": "POST", "body": {"thang": "{month}"}, "query": {}, "amount": "tongTien"}
        assert peer.fetch(options, entity="payment_requests") == Taken(3, 6000)
        feed = {"rename": {"MaDonVi": "DonViXuLy"}, "absent": ["MaDonVi"]}
        peer.fetch({"fields": {"TenLinhVuc": "MaLinhVuc"}}, **feed)
        first = peer.rows()[0]
        assert first["DonViXuLy"] == "243" and "MaDonVi" not in first
        assert first["TenLinhVuc"] == first["MaLinhVuc"]


def test_a_month_without_a_record_is_a_zero_that_the_service_says(folder: Path) -> None:
    with peer_of(folder) as peer:
        assert peer.fetch(month=Month(2022, 9)) == Taken(0, None)
        assert peer.rows() == []
        assert peer.fetch({"total": None}, month=Month(2022, 9)) == Taken(None, None)


@pytest.mark.parametrize("fault", ["error", "busy", "hang", "cut", "html", "empty"])
def test_a_bad_answer_is_asked_for_again(folder: Path, fault: str) -> None:
    with peer_of(folder, Faults({2: fault})) as peer:
        assert peer.fetch() == Taken(13, None)
        assert peer.keys() == ALL
        assert peer.running.answers == 4


@pytest.mark.parametrize("fault", ["repeat", "shift", "total"])
def test_a_month_that_changed_while_it_was_read_is_taken_again(folder: Path, fault: str) -> None:
    with peer_of(folder, Faults({2: fault})) as peer:
        assert peer.fetch() == Taken(13, None)
        assert sorted(peer.keys()) == ALL
        assert peer.running.answers > 4


def test_one_answer_in_twenty_failing_and_a_page_that_shifts_bring_every_record_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    inbox.write("filings", "2022-10", [filing(f"F{n:04d}", "243", "2022-10-05 08:00:00") for n in range(1, 1201)])
    with peer_of(inbox.root / "one_stop", Faults({41: "shift"}, percent=5)) as peer:
        paging = {**PAGED, "size": 10}
        assert peer.fetch({"paging": paging}) == Taken(1200, None)
        assert sorted(peer.keys()) == [f"F{n:04d}" for n in range(1, 1201)]
        failed = sum(peer.running.faults.of(number) == "error" for number in range(1, peer.running.answers + 1))
        assert failed >= 6


def always(fault: str) -> Faults:
    return Faults(dict.fromkeys(range(1, 200), fault))


MENDS_ITSELF = {
    "error": "status 500, in each of 3 tries",
    "busy": "status 429, in each of 3 tries",
    "hang": r"no answer within 0\.5 seconds|no connection, or one that broke off",
    "cut": "an answer of [0-9]+ bytes that is no JSON at byte [0-9]+, in each of 3 tries",
    "html": "an answer of 33 bytes that is no JSON at byte 0",
    "empty": "an answer of 0 bytes that is no JSON",
    "total": "13 records came, wanted the 20 that it says, in each of 3 takes; nothing of it is believed",
    "repeat": "came twice|came on more than one page|records came, wanted",
}
A_PERSON_S = {
    "elsewhere": "it leads to another host, which gets neither our login nor our trust",
    "not_found": "/api/filings: status 404: there is no such path: mend sources.yml",
    "forbidden": "status 403: the login of connection 'one_stop' may not read this",
    "large": "an answer of more than 1 MB; wanted smaller pages",
    "no_total": r"tong \(options, total\): wanted a whole number",
    "no_list": r"data \(options, records\): wanted a list of records; is it another field",
    "nested": "column MaHoSo: a record has an object or a list there",
    "no_column": "missing mandatory column MaHoSo: no record has it",
}


@pytest.mark.parametrize(("fault", "words"), [*MENDS_ITSELF.items(), *A_PERSON_S.items()])
def test_every_bad_answer_has_its_own_words_and_quotes_no_value(folder: Path, fault: str, words: str) -> None:
    with peer_of(folder, always(fault)) as peer, pytest.raises(ExtractError, match=words) as caught:
        peer.fetch()
    assert isinstance(caught.value, SourceUnreachable) == (fault in MENDS_ITSELF)
    assert caught.value.reason == "not_fetched"
    said = str(caught.value)
    assert "source 'one_stop', filings of 2022-10: " in said and "dvctt sources check one_stop" in said
    assert not [value for value in (PERSON, PASSWORD, "O01", "127.0.0.1", str(peer.running.port)) if value in said]


def test_a_service_that_is_not_there_is_tried_again(folder: Path) -> None:
    with peer_of(folder) as peer:
        login = peer.login()
    with pytest.raises(SourceUnreachable, match="no connection, or one that broke off"):
        peer.fetch(login=login)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"host": "http://mot-cua.example"},
            "found http, by which records and login would go over the network in the clear",
        ),
        ({"host": "mot-cua.example", "schema": "http"}, "found http, "),
        ({"host": None}, "no address of a service"),
        ({"host": "ftp://mot-cua.example"}, "no address of a service"),
        ({"host": "https://mot-cua.example", "extra": {"ca_file": "/khong/co"}}, "ca_file cannot be read"),
    ],
)
def test_a_connection_that_cannot_be_used_is_refused(folder: Path, changed: dict[str, Any], words: str) -> None:
    with peer_of(folder) as peer, pytest.raises(ConfigError, match=f"connection 'one_stop': {words}"):
        peer.fetch(login=peer.login(**changed))


def test_records_that_the_source_has_twice_itself_are_believed_when_two_takes_agree(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    rows = [filing(f"O{n:02d}", "243", "2022-10-05 08:00:00") for n in range(1, 14)]
    inbox.write("filings", "2022-10", [*rows[:5], rows[4], *rows[5:]])
    with peer_of(inbox.root / "one_stop") as peer:
        assert peer.fetch() == Taken(14, None)
        assert sorted(peer.keys()) == sorted([*ALL, "O05"])


def test_pages_in_an_order_that_is_none_are_not_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is cut out of another order, as where a service sorts by a column that many records share: the number of records
    is right, one comes twice and one never.
    """
    from dvctt.sample import serve

    page = serve._Handler._page

    def unsorted(self: Any, entity: str, asked: Mapping[str, str], number: int, fault: str | None) -> dict[str, Any]:
        answer = page(self, entity, asked, number, fault)
        if asked.get("trang") == "2":
            first = page(self, entity, {**asked, "trang": "1"}, number, fault)
            answer["data"][0] = first["data"][-1]
        return answer

    monkeypatch.setattr(serve._Handler, "_page", unsorted)
    with (
        peer_of(folder) as peer,
        pytest.raises(SourceUnreachable, match="1 records came on more than one page, in each of 3"),
    ):
        peer.fetch()


def test_links_of_a_page_that_never_end_are_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvctt.sample import serve

    page = serve._Handler._page

    def endless(self: Any, *arguments: Any) -> dict[str, Any]:
        return {**page(self, *arguments), "tiep": "0", "tong": 10_000}

    monkeypatch.setattr(serve._Handler, "_page", endless)
    with peer_of(folder) as peer, pytest.raises(SourceUnreachable, match=r"came twice|has come already"):
        peer.fetch({"paging": WAYS["cursor"]})
    assert peer.running.answers < 12


def test_a_link_to_another_host_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvctt.sample import serve

    page = serve._Handler._page
    monkeypatch.setattr(
        serve._Handler, "_page", lambda self, *rest_: {**page(self, *rest_), "lienKet": "https://ke-gian.example/api"}
    )
    with peer_of(folder) as peer, pytest.raises(ExtractError, match="it leads to another host"):
        peer.fetch({"paging": WAYS["link"]})


@pytest.mark.parametrize(
    ("options", "source", "words"),
    [
        ({"path": "api"}, {}, "key path: String should match pattern"),
        ({"paging": {"by": "page"}}, {}, "key paging: by page: wanted parameter, in which it is sent"),
        ({"paging": {"by": "cursor", "parameter": "x"}}, {}, "key paging: by cursor: wanted next"),
        ({"paging": {"by": "leaf"}}, {}, "key paging.by: Input should be 'none', "),
        ({"pfad": "/x"}, {}, "key pfad: Extra inputs are not permitted"),
        ({}, {"auth": "magic"}, "key auth: Input should be 'none', "),
        ({}, {"password": "x"}, "key password: Extra inputs are not permitted"),
    ],
)
def test_options_that_say_nothing_known_are_refused_before_anything_is_asked(
    options: dict[str, Any], source: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=f"options: {words}"):
        check_source(source_of("filings", options, source=source))


def test_the_whole_tiny_sample_comes_out_as_it_is_served(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    write_tiny(inbox)
    folder = inbox.root / "one_stop"
    text = sources_yaml(load_province(PROVINCE).sources[0], ("2022-10", "2022-10"))
    (source,) = SourcesFile.model_validate(yaml.safe_load(text)).sources
    check_source(source)
    seen = 0
    with peer_of(folder) as peer:
        for path in sorted(folder.glob("*/*.csv")):
            entity = ENTITIES[path.parent.name]
            month = Month.parse(path.name[:7])
            asked = Asked(source, entity, month, peer.login(), "Asia/Ho_Chi_Minh", lambda rows: None)
            taken = rest.fetch(asked, peer.target)
            with path.open(encoding="utf-8", newline="") as file:
                wanted = [{name: row[name] for name in entity.columns} for row in csv.DictReader(file)]
            assert peer.rows() == wanted
            assert taken.rows == len(wanted) > 0
            assert (taken.total_amount_vnd is None) == (entity.amount is None)
            seen += 1
    assert seen == 6


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.tuples(TEXTS, st.one_of(st.none(), st.integers(), st.booleans(), TEXTS)),
        max_size=30,
        unique_by=lambda v: v[0],
    ),
    size=st.integers(1, 12),
    way=st.sampled_from(["page", "offset", "cursor", "link"]),
)
def test_whatever_the_records_and_the_pages_each_comes_once(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, Any]], size: int, way: str
) -> None:
    from dvctt.sample import serve

    folder = tmp_path_factory.mktemp("any") / "one_stop"
    (folder / "reported_figures").mkdir(parents=True)
    columns = ENTITIES["reported_figures"].columns
    records = [dict(zip(columns, (key, "2022-10", "x", value), strict=True)) for key, value in values]
    read = serve._Records._read
    serve._Records._read = lambda self, entity, month: ([json.dumps(one) for one in records], None)  # type: ignore[method-assign]
    try:
        with peer_of(folder) as peer:
            assert peer.fetch({"paging": {**WAYS[way], "size": size}}, entity="reported_figures").rows == len(records)
            found = [row["GiaTri"] for row in peer.rows()]
            assert [row["MaDonVi"] for row in peer.rows()] == [key for key, _ in values]
    finally:
        serve._Records._read = read  # type: ignore[method-assign]
    words = {None: "", True: "true", False: "false"}
    assert found == [words[value] if value is None or isinstance(value, bool) else str(value) for _, value in values]


def test_progress_is_told_after_every_page(folder: Path) -> None:
    told: list[int] = []
    with peer_of(folder) as peer:
        asked = Asked(
            source_of("filings", {}), ENTITIES["filings"], OCTOBER, peer.login(), "Asia/Ho_Chi_Minh", told.append
        )
        rest.fetch(asked, peer.target)
    assert told == [5, 10, 13]
