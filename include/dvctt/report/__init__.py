"""What people open: the monthly report, the marts as CSV, and the page of a verdict.

Here live reading the marts and the verdict, wording, drawing and laying out. Nothing here adds, divides or compares figures
to find a new one: a number that a page needs and no mart holds is a column missing from a mart (`document_tables` names its
one exception). No clock, no network, no randomness: the same marts give the same bytes. Only `dvctt.province.folder`,
`dvctt.core.figure_ids` and `dvctt.core.errors` are imported from the package.

- `formats`: numbers, money, dates as Vietnamese offices print them; the only room of the package where a number becomes text
- `words`: codes of the marts and of the gate in Vietnamese
- `marts`: which tables and columns a page reads, and reading them
- `ids`: the id that every figure carries
- `charts`: rows to SVG
- `pages`: what stands on a page of the monthly report; the layout itself is in include/reports
- `tables`: marts to CSV, as they are
- `verdict`: the page of one verdict of the gate
- `language`: the language spoken, and its messages
- `areas`: the list of areas that bring tables of their own
- `document_tables`: the tables of PDF and workbook, once for both
- `sentences`: the running text of a published page, read back
- `letters`: sections and tables to a PDF to be signed
- `spreadsheets`: tables to a workbook
- `documents`: a month's files, put together; imported where they are asked for, so that a night needs no typesetter
- `period_tables`: the tables of one reporting period of one calendar
- `period_documents`: a period's files, put together, as `documents`
- `request`: what a person reads before closing a month, or before accepting what is held

Nothing is imported here: an alert prints numbers by `formats` and must not wait for, or fail with, what draws and lays out.
"""
