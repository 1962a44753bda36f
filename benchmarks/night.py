"""One whole night of a checkout in this process, stage by stage, as ``dvctt run`` goes through it.

It runs in that checkout's own environment, so it may name what an older one has: before the rooms, stages were functions
of one module.
"""

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

# By its path: in another checkout there may be another package of this name.
sys.path.insert(0, str(Path(__file__).resolve().parent))
from stopwatch import stage, versions

RUN_ID = "benchmark"
Step = tuple[str, Callable[[], object]]


def steps() -> Iterator[Step]:
    """Name and work of each stage, in order; the first answers None when there is nothing to do."""
    if find_spec("dvctt.pipeline"):
        from dvctt.pipeline.night import NIGHT, Run
        from dvctt.settings import Settings

        settings, run = Settings.from_environment(), Run(RUN_ID)
        for one in NIGHT:
            yield one.name, lambda one=one: one.run(settings, run) or None
        return
    from dvctt import stages

    flat = stages.Settings.from_environment()
    yield "land_extracts", lambda: stages.land_extracts(flat, run_id=RUN_ID, month=None)
    for work in stages.AFTER_LANDING:
        yield work.__name__, lambda work=work: work(flat, run_id=RUN_ID)


def main() -> None:
    sys.path.pop(0)
    versions(**{name: metadata.version(name) for name in ("duckdb", "dbt-core", "great-expectations")})
    for place, (name, work) in enumerate(steps()):
        with stage(name):
            result = work()
        if place == 0 and result is None:
            sys.exit("nothing to do: a measured night begins with an empty home")


if __name__ == "__main__":
    main()
