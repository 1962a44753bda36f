"""Tables and texts become files: PDF, workbook, CSV.

Nothing here knows which document it writes.
"""
