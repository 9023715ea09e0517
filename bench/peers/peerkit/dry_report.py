"""The dry benchmark as Markdown."""

from . import dry_programs
from .dry_bench import BATCHED, GOALS, SAME_TASK, SHIPPED, SONDE, STAGES, TASKS, WHOLE, ZMAP
from .ratios import speed_up, spread
from .report import disturbance, table

HEADS = ("index", "+ target", "+ packet: the whole", "+ the engine's batch")


def dry(result, build):
    """Programs, ratios, stages; then the command lines."""
    parts = [f"## One probe generated, nothing sent: {result.size:,} addresses, one port, alternating rounds: {len(result.rounds)}\n"
             + disturbance([result]),
             table(("program", "ns a probe", "probes/s"), list(_program_rows(result))),
             table(("times as fast", "CPU time", "goal"), list(_ratio_rows(result))),
             "Where sonde's nanoseconds go; each column has the one before in it:\n"
             + table(("targets", *HEADS), [_stage_row(result, task) for task in TASKS])]
    parts += [f"zmap's packets are WRONG: {result.zmap_fault}.\n"] if result.zmap_fault else []
    parts += [f"Left out: {reason}.\n" for reason in result.left_out]
    return "\n".join(parts + [_command_lines(result, build)])


def _spread(costs):
    return spread(cost.ns for cost in costs if not cost.fault)


def _program_rows(result):
    for name in (SONDE, BATCHED, ZMAP, SHIPPED):
        costs = result.costs(name)
        if costs:
            ns, faults = _spread(costs), sorted({cost.fault for cost in costs if cost.fault})
            told = "".join(f"; WRONG: {fault}" for fault in faults)
            yield name, (ns.text(1) if ns else "–") + told, f"{1e9 / ns.middle:,.0f}" if ns else "–"


def _ratio_rows(result):
    for goal in GOALS:
        ratio = speed_up(result.rounds, goal.ours, goal.theirs, lambda cost: cost.ns)
        if ratio is not None and not result.zmap_fault:
            reached = "reached" if ratio.middle >= goal.at_least else "**missed**"
            yield (f"{goal.ours} / {goal.theirs}", ratio.text(),
                   f"≥ {goal.at_least}: {reached if result.prefix == WHOLE else 'too few endpoints to tell'}")


def _stage_row(result, task):
    spreads = [_spread(result.costs((stage, task))) for stage in STAGES]
    return (task.replace("_", " ").replace("ipv", "IPv"), *(values.text(1) if values else "–" for values in spreads))


def _command_lines(result, build):
    lines = [dry_programs.probe_bench(build, f"/{SAME_TASK}$", 0.5)]
    if result.costs(ZMAP):
        lines.append(dry_programs.zmap_timed(build, result.prefix, result.size))
    return "Command lines:\n```\n" + "\n".join(" ".join(line) for line in lines).replace(build + "/", "") + "\n```\n"
