"""The deployment files, checked without a Docker engine: linters that are proven to look, and the file's own promises."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.province.folder import read_timezone

from .compose_file import FILLED, ROOT, MissingVariable, env_names, load_compose

SECRETS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "DVCTT_ADMIN_PASSWORD",
)
SERVICES = ("postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer")
ONE_SHOT = ("init",)
TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / tool), *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def lint_compose(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "compose-lint", "check", "-q", "--strict-config", "--fail-on", "low", "docker-compose.yml", folder=folder
    )


def with_env(folder: Path, compose: str) -> Path:
    """A folder as it is on the machine: without values the linter does not judge mounts."""
    (folder / "docker-compose.yml").write_text(compose, encoding="utf-8")
    shutil.copy(ROOT / ".compose-lint.yml", folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in FILLED.items()), encoding="utf-8")
    return folder


def compose_text() -> str:
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


# The linters


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    result = run("hadolint", "Dockerfile")
    assert (result.returncode, result.stdout) == (0, ""), result.stdout


def test_hadolint_catches_a_bad_dockerfile(tmp_path: Path) -> None:
    bad = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("python:3.11-slim-bookworm", "python")
    (tmp_path / "Dockerfile").write_text(bad + "RUN cd /tmp && sudo ls\n", encoding="utf-8")
    result = run("hadolint", "--config", ROOT / ".hadolint.yaml", "Dockerfile", folder=tmp_path)
    assert result.returncode != 0
    for rule in ("DL3006", "DL3003", "DL3004"):
        assert rule in result.stdout


def test_compose_lint_has_nothing_to_say_down_to_low(tmp_path: Path) -> None:
    result = lint_compose(with_env(tmp_path, compose_text()))
    assert result.returncode == 0, result.stdout
    assert "were not evaluated" not in result.stderr
    result = run("compose-lint", "docker-compose.yml")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ('      - "127.0.0.1:${DVCTT_UI_PORT:-8080}:8080"', '      - "8080:8080"', "CL-0005"),
        ("${POSTGRES_PASSWORD:?see .env.example}\n    volumes", "hunter2\n    volumes", "CL-0020"),
        ("    - no-new-privileges:true\n  logging", "    - seccomp:unconfined\n  logging", "CL-0009"),
        ("postgres:17-bookworm", "postgres", "CL-0004"),
        ("source: ${DVCTT_HOST_INBOX:?see .env.example}", "source: /var/run/docker.sock", "CL-0001"),
    ],
)
def test_compose_lint_catches_a_bad_compose_file(tmp_path: Path, good: str, bad: str, rule: str) -> None:
    assert good in compose_text()
    result = lint_compose(with_env(tmp_path, compose_text().replace(good, bad)))
    assert result.returncode == 1
    assert rule in result.stdout


def test_every_rule_that_is_left_out_has_its_reason_beside_it() -> None:
    rules = yaml.safe_load((ROOT / ".compose-lint.yml").read_text(encoding="utf-8"))["rules"]
    reasons = [reason for rule in rules.values() for reason in rule["exclude_services"].values()]
    assert list(rules) == ["CL-0019"]
    assert len(reasons) == len(SERVICES)
    assert all(len(reason) > 40 and "TODO" not in reason for reason in reasons)
    assert "ignored" not in yaml.safe_load((ROOT / ".hadolint.yaml").read_text(encoding="utf-8"))
    assert "hadolint ignore" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


# Secrets


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("state", ["unset", "empty"])
def test_compose_stops_and_names_a_secret_that_is_not_set(filled: dict[str, str], secret: str, state: str) -> None:
    if state == "unset":
        del filled[secret]
    else:
        filled[secret] = ""
    with pytest.raises(MissingVariable, match=f"^{secret}: "):
        load_compose(filled)


@pytest.mark.parametrize("folder", ["DVCTT_HOST_HOME", "DVCTT_HOST_INBOX"])
def test_compose_stops_when_a_host_folder_is_not_set(filled: dict[str, str], folder: str) -> None:
    del filled[folder]
    with pytest.raises(MissingVariable, match=f"^{folder}: "):
        load_compose(filled)


def test_no_secret_has_a_default_or_a_use_without_a_check() -> None:
    for secret in SECRETS:
        uses = re.findall(r"\$\{?" + secret + r"\b([^}]*)\}?", compose_text())
        assert uses, secret
        assert all(use.startswith(":?") for use in uses), secret


def test_the_example_env_names_every_variable_and_gives_no_value() -> None:
    used = set(re.findall(r"\$\{(\w+)", compose_text()))
    assert len(used) > len(SECRETS)
    assert used == set(env_names())
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        assert not line or line.startswith("#") or line.endswith("="), line


@pytest.mark.parametrize("secret", SECRETS)
def test_the_example_env_says_how_to_generate_each_secret(secret: str) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert "Generate: openssl rand" in lines[lines.index(f"{secret}=") - 1]


def test_git_and_the_image_leave_the_env_file_out() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*"
    assert "!.env" not in ignored


# Services


@pytest.fixture
def services(filled: dict[str, str]) -> dict[str, Any]:
    return load_compose(filled)["services"]


def test_the_services_are_the_ones_that_airflow_needs(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_or_is_one_shot(services: dict[str, Any], name: str) -> None:
    if name in ONE_SHOT:
        assert services[name]["restart"] == "no"
    else:
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_unprivileged_read_only_and_within_limits(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@pytest.mark.parametrize("name", ["api-server", "scheduler", "dag-processor", "triggerer"])
def test_airflow_starts_only_after_init_has_succeeded(services: dict[str, Any], name: str) -> None:
    assert services[name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "init": {"condition": "service_completed_successfully"},
    }


def test_only_the_ui_is_published_and_only_to_this_machine(services: dict[str, Any], filled: dict[str, str]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api-server": ["127.0.0.1:8080:8080"]}
    assert services["postgres"]["networks"] == ["metadata"]
    assert load_compose(filled)["networks"]["metadata"] == {"internal": True}


def test_folders_are_mounted_never_files_and_only_the_scheduler_writes_the_warehouse(services: dict[str, Any]) -> None:
    mounts = [
        (name, mount["source"], mount["target"], mount.get("read_only", False))
        for name, service in services.items()
        for mount in service.get("volumes", [])
        if isinstance(mount, dict)
    ]
    assert mounts == [
        ("scheduler", "/srv/kho/home", "/srv/dvctt/home", False),
        ("scheduler", "/srv/kho/inbox", "/srv/dvctt/inbox", True),
        ("dag-processor", "/srv/kho/home", "/srv/dvctt/home", True),
    ]
    for service in services.values():
        for mount in service.get("volumes", []):
            if isinstance(mount, dict):
                assert mount["bind"] == {"create_host_path": False}
            else:
                assert re.fullmatch(r"[a-z-]+:/[a-z/]+", mount)


def test_the_administrator_password_reaches_init_alone(services: dict[str, Any]) -> None:
    assert [name for name, one in services.items() if "DVCTT_ADMIN_PASSWORD" in one["environment"]] == ["init"]
    with_passwords = [name for name, one in services.items() if "airflow-auth:/opt/airflow/auth" in one["volumes"]]
    assert with_passwords == ["init", "api-server"]


def test_every_setting_of_airflow_exists_in_this_version(services: dict[str, Any]) -> None:
    import airflow

    known = yaml.safe_load((Path(airflow.__file__).parent / "config_templates/config.yml").read_text(encoding="utf-8"))
    settings = [name for name in services["scheduler"]["environment"] if name.startswith("AIRFLOW__")]
    assert len(settings) > 10
    for name in settings:
        section, option = name.removeprefix("AIRFLOW__").lower().split("__")
        assert option in known[section]["options"], name


def test_the_nightly_schedule_starts_with_the_stack(services: dict[str, Any]) -> None:
    assert services["dag-processor"]["environment"]["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "false"


def test_all_is_on_the_clock_of_the_bundled_province(services: dict[str, Any]) -> None:
    zone = read_timezone(ROOT / "include" / "provinces" / "vinh_phuc")
    assert {service["environment"]["TZ"] for service in services.values()} == {zone}
    assert services["scheduler"]["environment"]["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == zone


# The image


def dockerfile_lines() -> list[str]:
    joined = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def test_the_image_installs_exact_versions_with_hashes_and_nothing_else() -> None:
    installs = [
        step.strip()
        for line in dockerfile_lines()
        if line.startswith("RUN ")
        for step in line.removeprefix("RUN ").split("&&")
        if re.search(r"\bpip (install|sync)\b", step)
    ]
    assert installs == [
        "python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt",
        "uv pip sync --no-cache --compile-bytecode --require-hashes requirements/lock.txt",
        "uv pip install --no-cache --no-deps --no-build-isolation -e .",
    ]


def test_every_requirement_of_the_image_has_a_hash() -> None:
    for name in ("uv.txt", "lock.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert pins, name
        for pin in pins:
            assert re.match(r"[\w.\-\[\]]+==\S+", pin), pin
            assert "--hash=sha256:" in pin, pin[:80]


def test_the_image_runs_as_a_user_that_does_not_own_the_code() -> None:
    lines = dockerfile_lines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER 50000:50000"]
    assert lines.index("USER 50000:50000") > max(i for i, line in enumerate(lines) if line.startswith("COPY "))
    assert not any("--chown" in line for line in lines)


def test_the_image_holds_an_empty_airflow_cfg_so_that_a_read_only_root_can_start() -> None:
    assert any("install -m 0644 /dev/null /opt/airflow/airflow.cfg" in line for line in dockerfile_lines())
    assert "ENV PATH=/opt/venv/bin:$PATH" in " ".join(dockerfile_lines())
    assert "AIRFLOW_HOME=/opt/airflow " in " ".join(dockerfile_lines())


def test_what_the_image_copies_exists_and_passes_the_ignore_file() -> None:
    sources = [
        source
        for line in dockerfile_lines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    allowed = {
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert set(sources) == allowed
    for source in sources:
        assert (ROOT / source).exists(), source


def test_no_secret_stands_in_the_image() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD|FERNET|JWT|SECRET|TOKEN|AIRFLOW_CONN", text)
