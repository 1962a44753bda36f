"""Rules of the house for dbt-score, beside those that it brings: what a published model owes its readers.

Which rules hold, and the score that a model must reach, stand in pyproject.toml. Nothing else reads this.
Its name must not begin with dbt_: dbt would load it as a plugin.
"""

from dbt_score import Model, RuleViolation, Severity, rule, rule_filter


@rule_filter
def is_published(model: Model) -> bool:
    """Models that readers get."""
    return "published" in model.tags


@rule(severity=Severity.CRITICAL, rule_filters={is_published()})
def states_and_tests_its_key(model: Model) -> RuleViolation | None:
    """A published model names its key, and a test holds that no two rows share it."""
    key = model.meta.get("primary_key")
    if not key:
        return RuleViolation("No primary_key in its meta.")
    if unknown := sorted(set(key) - {column.name for column in model.columns}):
        return RuleViolation(f"Its key names no column: {', '.join(unknown)}.")
    if key not in [test.kwargs.get("columns") for test in model.tests if test.type == "unique_combination"]:
        return RuleViolation(f"No test unique_combination of its key: {', '.join(key)}.")
    return None


@rule(severity=Severity.CRITICAL, rule_filters={is_published()})
def money_is_a_whole_number(model: Model) -> RuleViolation | None:
    """Money is a whole number of VND, in 64 bits."""
    others = [column.name for column in model.columns if column.name.endswith("_vnd") and column.data_type != "bigint"]
    return RuleViolation(f"No bigint: {', '.join(others)}.") if others else None
