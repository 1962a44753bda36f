"""Templates of pages: compiled once, filled, and written in one step.

What a page says is its document's.
"""

import unicodedata
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context

from dvctt.core.errors import ReportError
from dvctt.core.files import write_new
from dvctt.core.printable import printable
from dvctt.report import ids
from dvctt.report.choose import additivity_note
from dvctt.report.wording import caveats, checks, formats, language, sample, words
from dvctt.settings import INCLUDE_ROOT

TEMPLATES = INCLUDE_ROOT / "reports"


def file_name(month: date) -> str:
    return f"bao-cao-{formats.month_key(month)}.html"


class _Compiled(BytecodeCache):
    """Templates as they were compiled, for as long as the process lives: compiling takes a third of a page's time."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


@pass_context
def _printable(_context: Context, value: Any) -> Any:
    """What a template prints; markup stays markup. It takes the context so that no constant is worded while Jinja compiles:
    that would stay in the language of whoever came first.
    """
    if isinstance(value, str):
        return type(value)(printable(value))
    return value


def templates() -> Environment:
    """The templates of include/reports, with the filters that turn values and codes into words of the current language."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,  # for the same reason
        finalize=_printable,
        bytecode_cache=_COMPILED,
    )
    for function in (
        formats.count,
        formats.signed_count,
        formats.money,
        formats.rate,
        formats.percent_change,
        formats.points,
        formats.signed_points,
        formats.day,
        formats.moment,
        formats.month,
        formats.months,
        formats.month_title,
        formats.month_key,
        formats.month_end,
        words.caveat,
        words.lower_first,
        words.month_of_key,
        words.entity,
        words.share,
        words.text_of,
        words.period_name,
        words.metric_name,
        words.change_gap,
        words.ranked_name,
        words.small_base,
        words.measure,
        words.exact_measure,
        words.check_subject,
        words.checked_value,
        words.wanted_value,
        words.with_commands,
        words.checked_difference,
        file_name,
    ):
        environment.filters[function.__name__.lstrip("_")] = function
    environment.filters["caveat_words"] = caveats.words
    environment.filters["caveat_sentence"] = lambda found: words.caveat(caveats.words(found))
    environment.filters["check_compared"] = checks.compared
    environment.filters["check_residue"] = checks.residue
    environment.filters["target_status"] = partial(
        words.word, vocabulary=words.TARGET_STATUS, where="mart_targets.status"
    )
    environment.filters["verdict"] = partial(
        words.word, vocabulary=words.VERDICT, where="mart_published_figures.verdict"
    )
    environment.filters["certainty"] = partial(words.word, vocabulary=words.CERTAINTY, where="mart_targets.certainty")
    environment.filters["definition_certainty"] = partial(
        words.word, vocabulary=words.DEFINITION_CERTAINTY, where="mart_online_rate_definitions.certainty"
    )
    environment.filters["feed"] = partial(words.word, vocabulary=words.FEED, where="mart_feed_timeliness.entity")
    environment.filters["subject"] = partial(words.word, vocabulary=words.CAVEAT_SUBJECT, where="mart_caveats.subject")
    environment.filters["severity"] = partial(
        words.word, vocabulary=words.SEVERITY, where="verdict.json: checks.severity"
    )
    environment.filters["tone"] = words.TONE.__getitem__
    # A page says its messages and what language they are in; both are looked up while it is filled.
    environment.globals["_"] = language.markup
    environment.globals["current_language"] = language.current_language
    environment.globals["sample"] = sample
    environment.globals["additivity_note"] = additivity_note
    ids.install(environment)
    return environment


def write_page(environment: Environment, template: str, path: Path, *, is_sample: bool, **context: Any) -> None:
    """Fill a template and write it, NFC and with Unix line ends, whatever the machine.

    Args:
        is_sample: whether the page shows figures of a sample, which it says then.

    Raises:
        ReportError: the template does not fit what it was given.
    """
    try:
        text = environment.get_template(template).render({ids.PRINTED: ids.Printed()}, is_sample=is_sample, **context)
    except TemplateError as error:
        raise ReportError(f"{TEMPLATES / template}: cannot write {path.name}: {error}") from error
    write_new(path, unicodedata.normalize("NFC", text).encode())
