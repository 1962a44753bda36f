"""The monthly report: marts in, pages that an officer reads out.

Here live reading the marts, wording, drawing and laying out. Nothing here adds, divides or compares figures to find a
new one: a number that a page needs and no mart holds is a column missing from a mart. No clock, no network, no
randomness: the same marts give the same bytes. Only `dvctt.config` and `dvctt.errors` are imported from the package.

- `formats`: numbers, money, dates as Vietnamese offices print them
- `words`: codes of the marts in Vietnamese
- `marts`: which tables and columns a page reads, and reading them
- `charts`: rows to SVG
- `pages`: what stands on a page; the layout itself is in include/reports
"""

from dvctt.report.pages import write_reports

__all__ = ["write_reports"]
