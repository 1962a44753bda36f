"""The sample one-stop system: source files of ten months that reproduce what a province published.

The one room where chance is allowed, and then only through ``dvctt.sample.chance``: the same bytes come out on every
machine. Everything that is true of a province (numbers, agencies, names of procedures) is data in its sample.yml;
no code in here knows one. Nothing outside the command line and the tests may import this package: the warehouse must
not know whether a file came from here or from a real system.
"""

from dvctt.sample.write import SampleFile, SampleSummary, write_sample

__all__ = ["SampleFile", "SampleSummary", "write_sample"]
