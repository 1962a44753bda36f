"""What several test modules share: source files with literal rows, built homes, and real servers that take alerts.

Airflow, dbt and Great Expectations are slow to start, so a home is built once a session and many tests ask it. A test that
changes a home takes a copy of its own.
"""

import csv
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from dvctt.core.contract import ENTITIES
from dvctt.core.files import seal, sha256_of, unseal
from dvctt.settings import Settings
from dvctt.warehouse import transform
from hypothesis import settings as hypothesis_settings

from tests.benchmarks.counts import counting
from tests.zygote import Zygote

os.environ["DVCTT_NICE"] = "0"  # stages that tests call in their own process must not set it back for good
REPOSITORY = Path(__file__).resolve().parent.parent
PROVINCE = REPOSITORY / "include" / "provinces" / "vinh_phuc"

hypothesis_settings.register_profile("project", database=None, derandomize=True, deadline=None)
hypothesis_settings.load_profile("project")

Rows = list[dict[str, str]]


@dataclass
class Inbox:
    """Source files of the contract, written with literal rows; a column that a row leaves out is empty."""

    root: Path
    source: str = "one_stop"

    def write(
        self,
        entity: str,
        name: str,
        rows: Rows,
        *,
        control: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
    ) -> Path:
        folder = self.root / self.source / entity
        folder.mkdir(parents=True, exist_ok=True)
        columns = [*ENTITIES[entity].columns, *ENTITIES[entity].personal]
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, [c for c in columns if c not in without], extrasaction="ignore", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows({**dict.fromkeys(columns, ""), **row} for row in rows)
        if control is not None:
            (folder / f"{name}.control.json").write_text(json.dumps(control), encoding="utf-8")
        return path


def filing(
    number: str, agency: str, received: str, channel: str = "2", level: str = "4", **more: str
) -> dict[str, str]:
    """One filing, received and done, with the personal columns filled."""
    return {
        "MaHoSo": number,
        "MaTTHC": "1.000001",
        "KenhThucHien": channel,
        "MucDo": level,
        "MaDonVi": agency,
        "NgayNopHoSo": received,
        "NgayTiepNhan": received,
        "NgayKetThucXuLy": received,
        "TrangThaiHoSo": "9",
        "ChuHoSo": f"Nguyễn Văn {number} (MẪU)",
        "SoDinhDanh": "000099000001",
        "SoDienThoai": "0000.000.777",
        "Email": "nguoi.mau@example.invalid",
        "DiaChi": "Địa chỉ mẫu số 1",
        "TrichYeuHoSo": "Trích yếu mẫu",
        **more,
    }


def payment(number: str, of_filing: str, agency: str, paid: str, amount: int, **more: str) -> dict[str, str]:
    """One paid online request."""
    return {
        "MaYeuCau": number,
        "MaHoSo": of_filing,
        "MaDonVi": agency,
        "SoTien": str(amount),
        "Phi": str(amount),
        "LePhi": "0",
        "TrangThai": "Đã thanh toán",
        "HinhThucThanhToan": "truc-tuyen",
        "HinhThucThu": "Thu trước",
        "NgayYeuCau": paid,
        "NgayThuPhi": paid,
        "HoTenNguoiNop": "Nguyễn Văn Nộp (MẪU)",
        "SoCMNDNguoiNop": "000099000002",
        "DiaChiNguoiNop": "Địa chỉ mẫu số 2",
        **more,
    }


def attempt(
    number: str, of_request: str, of_filing: str, at: str, amount: int, status: str = "thanh-cong"
) -> dict[str, str]:
    return {
        "MaThamChieu": number,
        "MaYeuCau": of_request,
        "MaHoSo": of_filing,
        "SoTien": str(amount),
        "TrangThai": status,
        "MaLoi": "00" if status == "thanh-cong" else "99",
        "ThoiGianGD": at,
    }


def procedure(
    code: str, level: str, *, connected: str = "1", since: str = "01/01/2020", until: str = ""
) -> dict[str, str]:
    return {
        "MaTTHC": code,
        "TenTTHC": f"Thủ tục {code}",
        "MaLinhVuc": "LV01",
        "TenLinhVuc": "Lĩnh vực một",
        "CapThucHien": "tinh",
        "MucDo": level,
        "CoThuPhi": "1",
        "DaTichHopDVCQG": connected,
        "HieuLucTu": since,
        "HieuLucDen": until,
    }


def write_tiny(inbox: Inbox) -> None:
    """Two months, three agencies, every channel, one residue, one payment with a refund: small enough to count by hand.

    2022-10: district 243 receives 2 online (level 4, level 3), 1 without a channel, 1 by post; 244 receives 1 direct;
    department H62.01 receives 1 online without a level; one filing of status 3 does not count.
    """
    inbox.write(
        "filings",
        "2022-09",
        [
            filing("S1", "243", "20220901000000"),
            filing("S2", "243", "20220930235959", channel="1"),
            filing("S3", "H62.01", "15/09/2022 08:00", channel="1"),
        ],
        control={"rows": 3},
    )
    inbox.write(
        "filings",
        "2022-10",
        [
            filing("O1", "243", "20221001000000"),
            filing("O2", "243", "2022-10-05T09:30:00.123", level="3"),
            filing("O2", "243", "2022-10-05T09:30:00.123", level="3"),
            filing("O3", "243", "2022-10-31 23:59:59", channel=""),
            filing("O4", "243", "05/10/2022", channel="3"),
            filing("O5", "244", "20221006101010", channel="1"),
            filing("O6", "H62.01", "20221007101010", level=""),
            filing("O7", "H62.01", "", TrangThaiHoSo="3", NgayNopHoSo="20221008101010", NgayKetThucXuLy=""),
        ],
        control={"rows": 8},
    )
    inbox.write("payment_requests", "2022-09", [payment("YS1", "S1", "243", "2022-09-02 10:00:00", 100_000)])
    inbox.write(
        "payment_requests",
        "2022-10",
        [
            payment("YO1", "O1", "243", "2022-10-02 10:00:00", 3_000_000_000),
            payment(
                "YO2",
                "O2",
                "243",
                "2022-10-06 10:00:00",
                50_000,
                TrangThai="Hoàn phí",
                NgayHoanPhi="2022-10-20 10:00:00",
            ),
            payment("YO5", "O5", "244", "2022-10-06 10:00:00", 70_000, HinhThucThanhToan="tien-mat"),
        ],
        control={"rows": 3, "total_amount_vnd": 3_000_120_000},
    )
    inbox.write(
        "payment_attempts",
        "2022-10",
        [
            attempt("T1", "YO1", "O1", "20221002095900", 3_000_000_000, "that-bai"),
            attempt("T2", "YO1", "O1", "20221002100000", 3_000_000_000),
            attempt("T3", "YO2", "O2", "20221006100000", 50_000),
        ],
        control={"rows": 3, "total_amount_vnd": 6_000_050_000},
    )
    inbox.write(
        "procedures",
        "2022-09",
        [
            procedure("1.000001", "4"),
            procedure("1.000002", "3", connected="0"),
            procedure("1.000003", "2", connected="0"),
        ],
    )


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


@pytest.fixture
def tiny_inbox(inbox: Inbox) -> Inbox:
    write_tiny(inbox)
    return inbox


def rewrite(path: Path, **changes: Any) -> None:
    """Change keys of a sealed document of a home, and seal it again."""
    path.chmod(0o644)
    path.write_text(seal({**unseal(path.read_bytes()), **changes}), encoding="utf-8")


def state_anew(folder: Path) -> None:
    """Let the manifest of a doctored publication say what lies there now, as if it had been published so."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = {name: folder / name for name in manifest["files"]}
    files = {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for name, path in found.items()
        if path.is_file()
    }
    rewrite(folder / "manifest.json", files=files)


def settings_for(home: Path, inbox_root: Path) -> Settings:
    return Settings(province_folder=PROVINCE, inbox=inbox_root, home=home)


def environment_for(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a user of this home, with no alert channel but those given."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DVCTT_ALERT_", "AIRFLOW", "DVCTT_DBT"))
    }
    return {
        **inherited,
        "DVCTT_PROVINCE": str(settings.province_folder),
        "DVCTT_INBOX": str(settings.inbox),
        "DVCTT_HOME": str(settings.home),
        "NO_PROXY": "127.0.0.1",
        **more,
    }


SLOW = (
    "chaos/test_kill.py",
    "chaos/test_disk_full.py",
    "proving/",
    "pipeline/test_stages.py",
    "e2e/test_nightly.py",
    "e2e/test_monthly_close.py",
    "test_quarantine.py",
    "closing/test_freeze.py",
    "test_determinism.py",
    "test_parity.py",
    "test_reorganisation.py",
    "publications/",
    "chaos/",
)
"""The files that take longest, the longest first: begun last, one of them would keep a core busy while the others wait."""

TOGETHER = (("chaos/test_kill.py", "chaos/test_kill_sharing.py", "chaos/test_disk_full.py"), ("sample/",))
"""Files that ask the same thing of the session (two homes after a night, the whole sample): one worker makes it, once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(REPOSITORY / "tests").as_posix()
        return next((number for number, start in enumerate(SLOW) if path.startswith(start)), len(SLOW))

    items.sort(key=place)


def unit_of(node_id: str) -> str:
    """The file of a test, or the first of the files that belong together with it."""
    path = node_id.split("::", 1)[0]
    inside = path.removeprefix("tests/")
    return next((f"tests/{files[0]}" for files in TOGETHER if inside.startswith(files)), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """``--dist loadfile``, but for files that belong together."""
    from xdist.scheduler import LoadFileScheduling

    if config.getvalue("dist") != "loadfile":
        return None

    class UnitScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return UnitScheduling(config, log)


_RUNNERS: list[Zygote] = []
_PARSED: list[Path] = []
"""Where this session keeps what dbt has parsed; shared by all its processes."""


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """One process of the session at a time, as two workers want the same thing built."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    _PARSED[:] = [folder / "partial_parse.msgpack"]
    return folder


def parsed_in(settings: Settings) -> Path:
    """What dbt has parsed in this home."""
    return transform.target_folder(settings.candidate) / "partial_parse.msgpack"


def lend_parsed(settings: Settings) -> None:
    """Give a new home what dbt parsed in another: half of a start of dbt is parsing, and dbt itself sees what has changed."""
    own = parsed_in(settings)
    if _PARSED and _PARSED[0].is_file() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_PARSED[0], own)


@pytest.fixture(scope="session", autouse=True)
def _end_the_runner() -> Iterator[None]:
    yield
    for runner in _RUNNERS:
        runner.close()
        shutil.rmtree(runner.socket.parent)


def dvctt(settings: Settings, *arguments: str, plainly: bool = False, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command line in a process of its own, in this environment: forked from one that has imported
    everything (tests/zygote.py), or ``plainly``, as a user does.
    """
    environment = environment_for(settings, **more)
    if arguments[0] in ("run", "airflow"):
        lend_parsed(settings)
    if plainly or any(not name.startswith(("DVCTT_", "AIRFLOW_")) for name in more):
        return subprocess.run(
            [str(Path(sys.executable).with_name("dvctt")), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    with tempfile.TemporaryDirectory(prefix="dvctt-call-") as name:
        folder = Path(name)
        if not _RUNNERS:
            # The folder of its socket: short, because the system allows about a hundred characters.
            _RUNNERS.append(Zygote(Path(tempfile.mkdtemp(prefix="dvctt-")), environment_for(settings)))
        call = _RUNNERS[0].call("dvctt", list(arguments), environment, folder / "out", folder / "err")
        code = call.wait()
        words = [(folder / file).read_text(encoding="utf-8") for file in ("out", "err")]
    return subprocess.CompletedProcess(["dvctt", *arguments], code, *words)


@pytest.fixture(scope="session")
def tiny_home(shared_folder: Path) -> Settings:
    """A home with one publication of the tiny inbox, made by ``dvctt run``, once for all workers. Ask it, do not change it."""
    root = shared_folder / "tiny"
    settings = settings_for(root / "home", root / "inbox")
    with _one_at_a_time(shared_folder):
        if not (root / "built").exists():
            write_tiny(Inbox(settings.inbox))
            finished = dvctt(settings, "run", plainly=True, **counting(settings))
            assert finished.returncode == 0, finished.stderr + finished.stdout
            shutil.copyfile(parsed_in(settings), _PARSED[0])
            (root / "built").touch()
    return settings


def copy_home(home: Path, target: Path) -> None:
    """Copy a home that other workers may be asking at this moment: their folders for what does not fit come and go."""
    shutil.copytree(home, target, symlinks=True, ignore=shutil.ignore_patterns("spill"))


@pytest.fixture
def tiny_copy(tiny_home: Settings, tmp_path: Path) -> Settings:
    """A copy of the tiny home and its inbox, to change."""
    copy_home(tiny_home.home, tmp_path / "home")
    shutil.copytree(tiny_home.inbox, tmp_path / "inbox")
    return settings_for(tmp_path / "home", tmp_path / "inbox")


@dataclass
class SentAlerts:
    """What the real servers on loopback took: whole e-mails and webhook bodies, and how to reach them."""

    envelopes: list[Any] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def email(self) -> EmailMessage:
        assert len(self.envelopes) == 1, f"wanted one e-mail, found {len(self.envelopes)}"
        parsed = message_from_bytes(self.envelopes[0].content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def post(self) -> dict[str, Any]:
        assert len(self.posts) == 1, f"wanted one webhook, found {len(self.posts)}"
        return self.posts[0]


@pytest.fixture
def sent_alerts(free_port: Callable[[], int]) -> Iterator[SentAlerts]:
    """A real SMTP server and a real HTTP server, and the environment that sends alerts to them."""
    taken = SentAlerts()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            return None

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    smtp_port = free_port()
    smtp = Controller(taken, hostname="127.0.0.1", port=smtp_port)
    smtp.start()
    extra = {"disable_ssl": True, "disable_tls": True, "timeout": 5, "retry_limit": 0, "from_email": "kho@vi-du.vn"}
    taken.environment = {
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
            {"conn_type": "smtp", "host": "127.0.0.1", "port": smtp_port, "extra": extra}
        ),
        "DVCTT_ALERT_EMAILS": "truc@vi-du.vn",
        "DVCTT_ALERT_WEBHOOK_URL": f"http://127.0.0.1:{web.server_address[1]}/canh-bao",
    }
    yield taken
    smtp.stop()
    web.shutdown()
    web.server_close()


@pytest.fixture
def free_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return int(probe.getsockname()[1])

    return find
