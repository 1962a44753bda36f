"""What people open: the monthly report, the marts as CSV, and the page of a verdict.

Here live reading the marts and the verdict, wording, drawing and laying out. Nothing here adds, divides or compares figures
to find a new one: a number that a page needs and no mart holds is a column missing from a mart (`tables/monthly` names its
one exception). No clock, no network, no randomness: the same marts give the same bytes. Only `dvctt.province.folder`,
`dvctt.core.figure_ids` and `dvctt.core.errors` are imported from the package.

- `wording/`: numbers, days and codes as text, in the language that is asked for
- `marts`: which tables and columns a page reads, and reading them
- `ids`: the id that every figure carries
- `findings`: what a check found, as rows that people read
- `charts`: rows to SVG
- `tables/`: the tables in print, once for page, PDF and workbook
- `writers/`: tables and texts to PDF, workbook and CSV
- `documents/`: what stands in a month's page and papers, a period's, a verdict's; imported where they are asked for, so that a
  night needs no typesetter

Nothing is imported here: an alert prints numbers by `formats` and must not wait for, or fail with, what draws and lays out.
"""
