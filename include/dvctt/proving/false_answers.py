"""Great Expectations gone wrong, on purpose: each context makes it answer in one way that a gate must not believe.

Only the answers are falsified, after GX has looked; the gate is not touched.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

Falsify = Callable[[Any], Any]
"""Takes GX's answers to one suite and changes them."""


@contextmanager
def falsified(falsify: Falsify) -> Iterator[None]:
    """Every batch answers through ``falsify`` while this context is open."""
    from great_expectations.datasource.fluent.interfaces import Batch  # slow, and only these faults need it

    honest = Batch.validate

    def validate(batch: Batch, *arguments: Any, **keywords: Any) -> Any:
        return falsify(honest(batch, *arguments, **keywords))

    with patch.object(Batch, "validate", validate):
        yield


def says_yes_to(kind: str, *, with_condition: bool) -> Falsify:
    """One type of expectation answers success whatever it saw, as GX's SQL route once did for 10 against 9."""

    def falsify(answers: Any) -> Any:
        for answer in answers.results:
            conditioned = "row_condition" in answer.expectation_config.kwargs
            if answer.expectation_config.type == kind and conditioned == with_condition:
                answer.success = True
                answer.result["unexpected_index_list"] = []
        return answers

    return falsify


def forgets(expectation_id: str) -> Falsify:
    """One declared expectation is not run."""

    def falsify(answers: Any) -> Any:
        answers.results = [a for a in answers.results if a.expectation_config.meta["id"] != expectation_id]
        return answers

    return falsify


def names_no_row(expectation_id: str) -> Falsify:
    """One expectation says no, and of which row it does not say."""

    def falsify(answers: Any) -> Any:
        for answer in answers.results:
            if answer.expectation_config.meta["id"] == expectation_id:
                answer.success = False
                answer.result["unexpected_index_list"] = []
        return answers

    return falsify


def raises() -> Falsify:
    """GX falls over in the middle of a suite."""

    def falsify(answers: Any) -> Any:
        raise RuntimeError("the validator fell over")

    return falsify
