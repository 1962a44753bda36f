"""The night as a whole: its stages, the lock on the home, and Airflow on this machine.

A stage calls the rooms to its left in order; rules stand in those rooms.
"""
