"""One command of a checkout's ``dvctt`` in this process, while its clock stands still: ``held.py MOMENT run``.

It runs in that checkout's own environment and may name only what older ones have too: the clock's module and the command.
Processes that the command starts are not held: what they write depends on no clock (tests/test_determinism.py).
"""

import sys
from datetime import datetime
from importlib.metadata import entry_points


def hold(moment: datetime) -> None:
    """Let the project's one clock stand, before any room has taken it over by name."""
    from dvctt import clock

    held = moment.astimezone(clock.now().tzinfo)
    clock.now = lambda: held


def main() -> None:
    # The folder of this file holds modules with names that are anybody's.
    sys.path.pop(0)
    moment, *arguments = sys.argv[1:]
    hold(datetime.fromisoformat(moment))
    (command,) = entry_points(group="console_scripts", name="dvctt")
    sys.argv = ["dvctt", *arguments]
    command.load()()


if __name__ == "__main__":
    main()
