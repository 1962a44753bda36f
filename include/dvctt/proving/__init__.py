"""The gate proves itself: a catalogue of faults, injected into copies of good data, and who caught each.

Good data, faults, false answers and the engine live here. What may not: any rule of the gate (it is a suite's), and
anything that a night needs: no stage imports this package.
"""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dvctt.core.errors import ConfigError
from dvctt.gate.judge import Suite, load_suites
from dvctt.province.model import Province
from dvctt.proving.engine import Outcome, Progress, Proof, Prover, unproven
from dvctt.proving.faults import FAULTS, Fault

log = logging.getLogger(__name__)

__all__ = ["FAULTS", "Fault", "Outcome", "Proof", "Prover", "prove", "unproven"]


def prove(
    province: Province,
    work: Path,
    *,
    only: str | None = None,
    suites: Sequence[Suite] | None = None,
    faults: Sequence[Fault] = FAULTS,
    progress: Progress | None = None,
    parsed: Path | None = None,
) -> Proof:
    """Inject every fault of the catalogue and see who catches it.

    Args:
        work: a folder to work in; the proof takes a new one inside it, and takes it away again.
        only: the id of a single fault.
        suites: the gate's rules, the installation's own by default.
        progress: told each outcome as it comes, which one it is, and how many there will be.
        parsed: what dbt has parsed in another candidate, which spares it a third of its time.

    Raises:
        ConfigError: no fault has the id ``only``, or the province has fewer than two agencies.
        TransformError: dbt did not build the good data.
        GateCouldNotCheck: the good data does not pass the gate, so that a fault found in it would prove nothing.
    """
    chosen = [fault for fault in faults if only is None or fault.id == only]
    if not chosen:
        raise ConfigError(f"no fault {only!r} in the catalogue; wanted one of {', '.join(f.id for f in faults)}")
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="proof-", dir=work) as folder:
        rules = load_suites() if suites is None else suites
        prover = Prover(province, Path(folder), rules, parsed)
        outcomes = []
        for number, outcome in enumerate(prover.try_all(chosen), start=1):
            outcomes.append(outcome)
            if progress is not None:
                progress(outcome, number, len(chosen))
        log.info("%d faults in %d builds", len(outcomes), prover.builds)
    return Proof(tuple(outcomes), unproven(rules, faults) if only is None else ())
