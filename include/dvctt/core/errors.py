"""Every error that this package raises on purpose.

Only exception classes may live here. A message says what happened, where (file, line, key, agency, month), what was
found, what was wanted, and the command to look closer; the command line prints it without a traceback.
"""

from pathlib import Path
from typing import Literal

RefusalReason = Literal[
    "not_of_contract",
    "one_name_twice",
    "not_a_file",
    "control_without_file",
    "control_malformed",
    "control_differs",
    "changed_while_read",
    "wrong_columns",
    "empty_file",
    "unreadable",
    "not_fetched",
]
"""Why a source's file is refused, as a class; how each is called for people is said in `report.wording`."""


class DvcttError(Exception):
    """Something that a person can act on. Anything else that escapes is a bug and keeps its traceback."""


class ConfigError(DvcttError):
    """A province folder, an environment variable or an expectation suite is wrong."""


class PeriodError(DvcttError):
    """No reporting month follows from what a run was given."""


class ExtractError(DvcttError):
    """A source's file cannot be read as its contract says; carries the class of why, for who lists what is refused."""

    def __init__(self, message: str, reason: RefusalReason = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


class LedgerError(DvcttError):
    """A record of what people decided is damaged, or a decision is not signed."""


class HoldRefused(DvcttError):
    """What is held cannot be decided as was asked; nothing was changed."""


class LandingError(DvcttError):
    """The landing zone is not as its manifests say."""


class TransformError(DvcttError):
    """dbt did not build a layer."""


class WarehouseError(DvcttError):
    """The candidate or a published file cannot be opened as its role demands."""


class EngineError(DvcttError):
    """DuckDB or a library stopped a stage, or the code has a bug; its own words may quote a record and are not told."""


class DiskFullError(DvcttError):
    """No space was left where a stage was writing. Nothing is incomplete; the same run succeeds when there is room again."""


class VerdictError(DvcttError):
    """The gate did not pass; carries where its verdict lies, so that an alert can quote it."""

    def __init__(self, message: str, verdict_path: Path | None = None) -> None:
        super().__init__(message)
        self.verdict_path = verdict_path


class GateFailed(VerdictError):
    """At least one critical expectation was evaluated and does not hold."""


class GateCouldNotCheck(VerdictError):
    """At least one check gave no answer: it raised, did not run, saw no rows, or the canary did not fail."""


class PublishError(DvcttError):
    """A publication cannot be written, or one on disk is not as its manifest says."""


class FigureError(DvcttError):
    """A figure's id is not of the form that ids have, or names nothing that a publication holds."""


class MetricError(DvcttError):
    """A metric cannot be shown by its definitions: no such month or entity, or the differences do not add up."""


class PaymentsError(DvcttError):
    """Payments cannot be shown: no such month or entity, or their figures do not add up."""


class StructureError(DvcttError):
    """A month cannot be shown under the structure that was asked for."""


class FormError(DvcttError):
    """A prescribed form cannot be shown: no such period, calendar, entity or arrangement in the publication."""


class ClosingError(DvcttError):
    """A closed month on disk is not as its manifest says, or there is none such."""


class CloseRefused(ClosingError):
    """A month may not be closed, or opened again, as things stand; nothing was changed."""


class ReportError(DvcttError):
    """A report cannot be written from the marts that it was given."""


class DictionaryError(DvcttError):
    """The data dictionary cannot be written in one of its languages."""


class NotifyError(DvcttError):
    """At least one alert channel did not take the message."""
