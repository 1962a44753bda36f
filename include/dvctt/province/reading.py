"""Text files of a province folder become rows and objects, or one error with file, line and key.

Nothing here knows what a file of the folder means.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dvctt.core.errors import ConfigError

_Model = TypeVar("_Model", bound=BaseModel)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; look: ls -l {path}") from error


def read_yaml(path: Path, model: type[_Model]) -> _Model:
    """Read one YAML file of a province folder into its model.

    Raises:
        ConfigError: the file is not YAML, or a key or value is wrong; the message gives file, line and key.
    """
    text = read_text(path)
    try:
        _refuse_aliases(path, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_keys_twice(path, root)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deep; wanted a mapping of keys as in provinces/vinh_phuc") from error
    except ValueError as error:  # what looks like a date or a number and is none: 2022-02-30, 5,000 digits
        raise ConfigError(
            f"{path}:{_line_of_impossible(root)}: a value that looks like a date or a number and cannot be one: {error!s:.200}"
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}:1: found {type(content).__name__}, wanted a mapping of keys")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A mistyped key is an unknown one and a missing one: the unknown one has a line of its own.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        line = line_of(root, problems[0]["loc"])
        raise ConfigError(_describe(path, line, problems)) from error


def _refuse_aliases(path: Path, text: str) -> None:
    """A few lines of aliases of aliases stand for more values than a machine holds; a province needs none."""
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise ConfigError(f"{path}:{line}: an alias (*name); wanted every value written out where it stands")


def _refuse_keys_twice(path: Path, node: yaml.Node | None) -> None:
    """YAML's reader takes the last of two equal keys without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and seen.setdefault(key.value, line) != line:
                raise ConfigError(f"{path}:{line}: key {key.value}: stands on line {seen[key.value]} already")
            _refuse_keys_twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_keys_twice(path, value)


def _line_of_impossible(node: yaml.Node | None) -> int:
    """The line of the first value that looks like a date or a number and cannot be made into one."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.SafeLoader("").construct_object(node)
        except ValueError:
            return node.start_mark.line + 1
        return 0
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    else:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
    return next((line for part in parts if (line := _line_of_impossible(part))), 0)


def line_of(node: yaml.Node | None, location: Iterable[str | int]) -> int:
    """The line of the deepest part of ``location`` that the file really has."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None:
                return line
            line, node = match[0].start_mark.line + 1, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _describe(path: Path, line: int, problems: Sequence[Any]) -> str:
    first, *others = (_problem(problem) for problem in problems)
    more = f" (also {'; '.join(others)})" if others else ""
    return f"{path}:{line}: {first}{more}; look: dvctt check config"


def _problem(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
    if problem["type"] == "extra_forbidden":
        return f"key {key}: unknown key"
    if problem["type"] == "missing":
        return f"key {key}: missing key"
    return f"key {key}: {problem['msg']}; found {problem['input']!r}"


def read_csv(path: Path, model: type[_Model]) -> list[tuple[int, _Model]]:
    reader = csv.DictReader(read_text(path).splitlines(keepends=True), strict=True)
    wanted = list(model.model_fields)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    try:
        found = list(reader.fieldnames or [])
    except csv.Error as error:
        raise ConfigError(f"{path}:1: the header is no CSV: {error}; wanted {','.join(model.model_fields)}") from error
    if len(set(found)) != len(found) or not required <= set(found) <= set(wanted):
        raise ConfigError(
            f"{path}:1: unknown columns {sorted(set(found) - set(wanted))}, "
            f"missing columns {sorted(required - set(found))}; wanted {','.join(wanted)}"
        )
    rows: list[tuple[int, _Model]] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ConfigError(f"{path}:{reader.line_num}: wanted {len(found)} fields, found another number")
            try:
                rows.append((reader.line_num, model.model_validate(row)))
            except ValidationError as error:
                raise ConfigError(_describe(path, reader.line_num, error.errors())) from error
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: not CSV: {error}") from error
    return rows
