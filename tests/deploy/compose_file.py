"""What the deployment tests share: the committed files, and a reading of the compose file as Compose reads it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<word>[^}]*))?\}")


class MissingVariable(Exception):
    """What Compose answers to ``${NAME:?message}`` when NAME is unset or empty."""


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Replace ``$$``, ``${A}``, ``${A:-default}`` and ``${A:?message}`` as the Compose specification says."""

    def value_of(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = values.get(match["name"], "")
        if value or match["operator"] is None:
            return value
        if match["operator"] == ":?":
            raise MissingVariable(f"{match['name']}: {match['word']}")
        return match["word"]

    return _VARIABLE.sub(value_of, text)


def load_compose(values: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yml with its anchors merged and its variables replaced."""

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(value) for value in node]
        return interpolate(node, values) if isinstance(node, str) else node

    return walk(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def env_names() -> list[str]:
    """The names in .env.example, in its order."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return [line.split("=", 1)[0] for line in lines if line and not line.startswith("#")]


FILLED = {
    "POSTGRES_PASSWORD": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    # 32 bytes in URL-safe base64, the form that .env.example tells how to make.
    "AIRFLOW__CORE__FERNET_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "AIRFLOW__API_AUTH__JWT_SECRET": "11" * 32,
    "AIRFLOW__API__SECRET_KEY": "22" * 32,
    "DVCTT_ADMIN_PASSWORD": "33" * 16,
    "DVCTT_HOST_HOME": "/srv/kho/home",
    "DVCTT_HOST_INBOX": "/srv/kho/inbox",
}
