"""A process that lives through a switch: ``follow_link.py <published>``, where publications 1 and 2 lie and 1 is current.

Answers, as JSON, the number that each way of asking gives after the link has moved to 2.
"""

import json
import os
import sys
from pathlib import Path

import duckdb
from newest_marts import NewestMarts

published = sys.argv[1]
marts = f"{published}/current/marts.duckdb"
SQL = "select number from mart_x"

pattern = NewestMarts(published)
before = [pattern.query(SQL)[0][0], pattern.number]

held = duckdb.connect(marts, read_only=True)
held.execute(SQL)

fresh = Path(published, ".current.new")
fresh.symlink_to("2")
os.replace(fresh, Path(published, "current"))

second = duckdb.connect(marts, read_only=True)
answer = {
    "before": before,
    "pattern": [pattern.query(SQL)[0][0], pattern.number],
    "held": held.execute(SQL).fetchall()[0][0],
    "second, while the first is open": second.execute(SQL).fetchall()[0][0],
}
held.close()
second.close()
answer["after all are closed"] = duckdb.connect(marts, read_only=True).execute(SQL).fetchall()[0][0]
json.dump(answer, sys.stdout)
