"""The candidate: its connections, its foundation (province and extracts), the publication before, and dbt's command lines.

Figures are dbt's; nothing here computes one. Nothing here knows what readers see.
"""
