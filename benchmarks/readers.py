"""Twenty readers on the current publication: idle, then during a whole run. Prints errors, latencies and their ratio.

Only the standard library and DuckDB, as a reader has them; the run is the command line. How to read the result:
docs/how-to/benchmarks.md.
"""

import argparse
import math
import multiprocessing
import os
import random
import subprocess
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb

QUESTIONS = (
    "select month, received, online, online_rate_percent from mart_online_rates where scope = 'province' order by month",
    "select agency_code, channel_code, count(*) from fct_filings "
    "where received_month = (select max(month) from mart_online_rates) and is_received group by all order by 3 desc limit 20",
    "select month, entity_name_vi, online_payment_count, online_payment_amount_vnd from mart_payments "
    "where scope = 'group' order by month, entity_name_vi",
)
Answer = tuple[float, float, str]
"""When it was asked (monotonic), how long it took in seconds, and the error in words, empty when there was none."""


def read(published: Path, stop: Event, out: "Queue[list[Answer]]", seed: int) -> None:
    """One reader: link, connection, question, answer, then time to think."""
    chance = random.Random(seed)  # noqa: S311 - who asks what when, not a secret
    answers: list[Answer] = []
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        begun, error = time.monotonic(), ""
        try:
            folder = published / os.readlink(published / "current")
            with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
                if not connection.execute(chance.choice(QUESTIONS)).fetchall():
                    error = "no rows"
        except Exception as raised:  # noqa: BLE001 - whatever a reader meets is what is counted here
            error = f"{type(raised).__name__}: {raised}"
        answers.append((begun, time.monotonic() - begun, error))
        stop.wait(chance.uniform(0.2, 0.5))
    out.put(answers)


def percentile(values: list[float], share: float) -> float:
    """Nearest rank; in the unit of the values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def report(name: str, answers: list[Answer]) -> float:
    """Print one line; the p95 in seconds."""
    taken = [seconds for _, seconds, _ in answers]
    errors = [error for _, _, error in answers if error]
    p50, p95, p99 = (percentile(taken, share) for share in (0.50, 0.95, 0.99))
    say(
        f"{name:<8} {len(answers):6d} answers  {len(errors)} errors  "
        f"p50 {p50 * 1000:6.1f} ms  p95 {p95 * 1000:6.1f} ms  p99 {p99 * 1000:6.1f} ms"
    )
    for error in sorted(set(errors))[:5]:
        say(f"         error: {error}")
    return p95


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> int:
    """Exit code: 0 when no reader met an error and the ratio is not above the highest wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=os.environ.get("DVCTT_HOME") or "var")
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--idle", type=float, default=30, help="seconds of reading before the run begins")
    parser.add_argument("--nice", default=None, help="DVCTT_NICE of the run; default: the product's own")
    parser.add_argument("--most", type=float, default=1.5, help="highest ratio of the two p95")
    options = parser.parse_args()
    home = Path(options.home).resolve()
    published = home / "published"
    if not (published / "current").exists():
        say(f"{published}: no publication; wanted the sample published once: make run")
        return 1
    environment = {**os.environ, "DVCTT_HOME": str(home)}
    environment |= {"DVCTT_NICE": options.nice} if options.nice is not None else {}

    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    out: Queue[list[Answer]] = context.Queue()
    readers = [context.Process(target=read, args=(published, stop, out, seed)) for seed in range(options.readers)]
    for reader in readers:
        reader.start()
    time.sleep(5)  # all of them have started and the file is in the cache
    idle_from = time.monotonic()
    time.sleep(options.idle)
    run_from = time.monotonic()
    before = os.readlink(published / "current")
    command = [str(Path(sys.executable).with_name("dvctt")), "run", "--rebuild"]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    run_to = time.monotonic()
    stop.set()
    answers = [answer for _ in readers for answer in out.get()]
    for reader in readers:
        reader.join()
    if finished.returncode != 0:
        say(f"the run failed, so nothing was measured: {finished.stderr[-2000:]}")
        return 1

    say(
        f"{options.readers} readers, {os.cpu_count()} processors, DVCTT_NICE {environment.get('DVCTT_NICE', 'default')}; "
        f"the run took {run_to - run_from:.1f} s: publication {before} -> {os.readlink(published / 'current')}"
    )
    idle = [answer for answer in answers if idle_from <= answer[0] and answer[0] + answer[1] <= run_from]
    during = [answer for answer in answers if run_from <= answer[0] <= run_to]
    ratio = report("during", during) / report("idle", idle)
    errors = sum(1 for answer in answers if answer[2])
    say(f"p95 during / p95 idle: {ratio:.2f} (wanted at most {options.most}); errors: {errors}")
    return 0 if not errors and ratio <= options.most else 1


if __name__ == "__main__":
    sys.exit(main())
