"""Medians, spreads, and ratios that are taken round by round."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """A median with the least and the greatest value."""

    middle: float
    least: float
    most: float

    def text(self, digits=2):
        """"2.91 (2.85–3.02)"."""
        return f"{self.middle:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


@dataclass(frozen=True)
class Goal:
    """How many times as fast one program should be as another."""

    ours: str
    theirs: str
    at_least: float


def spread(values):
    """The spread of some values; None when there are none."""
    values = list(values)
    return Spread(median(values), min(values), max(values)) if values else None


def speed_up(rounds, ours, theirs, seconds):
    """How many times as fast `ours` was: a ratio for each round in which both were right.

    rounds: dicts, program name → Run. seconds: Run → the time that counts, or None.
    """
    pairs = [(seconds(done[ours]), seconds(done[theirs])) for done in rounds
             if ours in done and theirs in done and not done[ours].fault and not done[theirs].fault]
    return spread(their_s / our_s for our_s, their_s in pairs if our_s and their_s)
