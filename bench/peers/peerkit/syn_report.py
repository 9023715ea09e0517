"""The half-open benchmark as Markdown."""

from .ratios import spread
from .report import FEWEST_TO_TELL, disturbance, table
from .syn_bench import COMPLETE
from .syn_programs import SONDE, SONDE_XDP


def syn(result, build, title="## Half-open sweeps\n"):
    """A section for each task: trials, programs, ratios; then the command lines."""
    parts = [title + disturbance(result.tasks), *(_task(task) for task in result.tasks)]
    parts += [f"Left out: {reason}.\n" for reason in result.left_out]
    return "\n".join(parts + [_command_lines(result.tasks, build)])


def busy_s(result, name, run):
    """Wall time without the waiting for late answers; who has heard of all of them may not have waited."""
    competitor = next(competitor for competitor in result.competitors if competitor.name == name)
    waited = result.task.has_silent or not competitor.ends_when_all_answered
    return run.wall_s - (competitor.wait_s if waited else 0)


def _task(result):
    task = result.task
    share = ", ".join(f"{100 * part:.0f} % {state}" for state, part in task.shares)
    return (f"### {task.size:,} endpoints ({share}), alternating rounds: {len(result.rounds)}\n"
            + table(("program", "found, %", "whole process, s", "probes/s", "without waiting, s", "probes/s then", "user CPU, s",
                     "system CPU, s"), [_row(result, name) for name in result.settings])
            + "\n" + table(("times as fast", "whole process", "without waiting", "goal"), list(_ratio_rows(result)))
            + "\nSettings tried before, the fastest complete one took part "
            + f"(complete: {100 * COMPLETE:g} % or more):\n"
            + table(("setting", "found, %", "whole process, s"),
                    [(trial.program, f"{100 * trial.share:.3f}", f"{trial.wall_s:.2f}") for trial in result.trials]))


def _row(result, name):
    task, runs = result.task, result.runs(name)
    wall, busy = spread(run.wall_s for run in runs), spread(busy_s(result, name, run) for run in runs)
    told = spread(100 * run.share for run in runs).text(3)
    faults = sorted({run.fault for run in runs if run.fault}) if name in (SONDE, SONDE_XDP) else []
    return (result.settings[name].name, told + "".join(f"; WRONG: {fault}" for fault in faults), wall.text(),
            f"{task.size / wall.middle:,.0f}", busy.text(), f"{task.size / busy.middle:,.0f}",
            spread(run.user_s for run in runs).text(), spread(run.system_s for run in runs).text())


def _ratio_rows(result):
    for goal in result.goals:
        pairs = [(done[goal.ours], done[goal.theirs]) for done in result.rounds
                 if goal.theirs in done and not done[goal.ours].fault and done[goal.theirs].ended_well]
        if not pairs:
            continue
        whole = spread(theirs.wall_s / ours.wall_s for ours, theirs in pairs)
        busy = spread(busy_s(result, goal.theirs, theirs) / busy_s(result, goal.ours, ours) for ours, theirs in pairs)
        reached = "reached" if whole.middle >= goal.at_least else "**missed**"
        verdict = "too few endpoints to tell" if result.task.size < FEWEST_TO_TELL else reached
        yield f"{goal.ours} / {goal.theirs}", whole.text(), busy.text(), f"≥ {goal.at_least}: {verdict}"


def _command_lines(tasks, build):
    lines = {" ".join(program.argv(tasks[0].task, "ANSWER")).replace(build + "/", "")
             for task in tasks for program in task.settings.values()}
    return "Command lines:\n```\n" + "\n".join(sorted(lines)) + "\n```\n"
