"""Fleets in network namespaces, and the truth about them.

    from labkit import Lab
    with Lab("fleets/demo.json") as lab:
        lab.exec(["sonde", "scan", "10.71.0.0/24", "-p", "22"])
"""

from .fields import TruthError
from .lab import Lab
from .namespaces import LabError
from .truth import Truth

__all__ = ["Lab", "LabError", "Truth", "TruthError"]
