"""The benchmark of the in-kernel sweep as Markdown."""

from . import syn_report
from .ratios import spread
from .report import table
from .syn_programs import SONDE_XDP


def xdp(result, build):
    """The programs' table, and the share of what sending alone allows."""
    whole = syn_report.syn(result, build, "## In-kernel sweep\n")
    done = result.tasks[0]
    rates = [done.task.size / syn_report.busy_s(done, SONDE_XDP, run) for run in done.runs(SONDE_XDP)]
    limit, share = spread(result.limits), spread(100 * rate / most for rate, most in zip(rates, result.limits))
    return whole + "\n" + table(("limit", "frames/s", "share reached by the whole sweep, without waiting, %"),
                               [("one frame again and again, nothing received, one core", f"{limit.middle:,.0f} "
                                 f"({limit.least:,.0f}–{limit.most:,.0f})", share.text(0))])
