"""Whether other programs disturb the measuring: on a shared machine they do.

The load average would remember the last run of the benchmark itself, so the
processors' own books (/proc/stat) are looked at instead.
"""

import os
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.5
BUSY_LIMIT = 0.04  # of all cores, before a run
FOREIGN_LIMIT = 0.05  # of one core, during a run
BOOKS_NOISE_S = 3 / TICKS_PER_S


def processor_times():
    """(user, idle, all) seconds of all cores since the machine's start."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return tuple(value / TICKS_PER_S for value in (ticks[0] + ticks[1], ticks[3] + ticks[4], sum(ticks)))


class Patience:
    """The time that all waiting for quiet may take together; there is an end to it."""

    def __init__(self, seconds):
        self._left_s = seconds

    @property
    def left(self):
        """Whether any is left."""
        return self._left_s > 0

    def spend(self, seconds):
        """Takes waiting time off."""
        self._left_s -= seconds

    def wait_for_quiet(self):
        """Returns once the machine is idle, or when patience is at its end."""
        while self.left and _busy_share() > BUSY_LIMIT:
            self.spend(LOOK_S)


def _busy_share():
    _, idle, whole = processor_times()
    time.sleep(LOOK_S)
    _, idle_after, whole_after = processor_times()
    return 1 - (idle_after - idle) / max(whole_after - whole, 1 / TICKS_PER_S)
