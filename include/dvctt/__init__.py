"""DVCTT Warehouse: from a one-stop system's records to figures that a province can sign.

The package follows the one-way street of docs/architecture.md, room by room.
A module may import what stands to its left, never what stands to its right
(`make lint`). This file holds the version and nothing else, so that importing one room
never pays for another.
"""

__version__ = "0.2.0.dev0"
