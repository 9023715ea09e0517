"""The results as Markdown."""

from .connect_bench import GOALS
from .ratios import speed_up, spread

FEWEST_TO_TELL = 10_000  # endpoints; with fewer, programs show how fast they start


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def machine(rows):
    """What the figures were measured on."""
    return "## Machine\n" + table(("", ""), rows)


def connect(result, build):
    """The connect benchmark: a section for each task, then the command lines."""
    parts = [disturbance(result.tasks), *(_task(task) for task in result.tasks)]
    parts += [f"Left out: {reason}.\n" for reason in result.left_out]
    return "\n".join(parts + [_command_lines(result.tasks[0], build)])


def disturbance(tasks):
    """How many runs of these tasks were disturbed."""
    runs = [run for task in tasks for done in task.rounds for run in done.values()]
    disturbed = sum(run.disturbed for run in runs)
    if not disturbed:
        return "No run was disturbed by other programs.\n"
    return (f"**{disturbed} of {len(runs)} runs were disturbed by other programs**: "
            "the figures are provisional, to be taken again on a quiet machine.\n")


def _task(result):
    task = result.task
    rows = [_program_row(task, program.name, result.runs(program.name)) for program in result.programs]
    return (f"## Connects: {task.size:,} endpoints, all {task.state}, alternating rounds: {len(result.rounds)}\n"
            + table(("program", "right answers", "whole process, s", "connects/s", "own clock, s", "user CPU, s",
                     "system CPU, s", "fleet's CPU, s", "disturbed"), rows)
            + "\n" + table(("times as fast", "whole process", "own clock", "goal"), _ratio_rows(result)))


def _program_row(task, name, runs):
    right = [run for run in runs if not run.fault]
    faults = sorted({run.fault for run in runs if run.fault})
    told = f"{len(right)} of {len(runs)}" + "".join(f"; WRONG: {fault}" for fault in faults)
    if not right:
        return (name, told, "–", "–", "–", "–", "–", "–", "–")
    wall = spread(run.wall_s for run in right)
    return (name, told, wall.text(), f"{task.size / wall.middle:,.0f}",
            _text(spread(run.own_s for run in right if run.own_s is not None)),
            _text(spread(run.user_s for run in right)), _text(spread(run.system_s for run in right)),
            _text(spread(run.fleet_s for run in right)), f"{sum(run.disturbed for run in runs)} of {len(runs)}")


def _ratio_rows(result):
    for goal in GOALS:
        whole = speed_up(result.rounds, goal.ours, goal.theirs, lambda run: run.wall_s)
        own = speed_up(result.rounds, goal.ours, goal.theirs, lambda run: run.own_s)
        if whole is not None:
            verdict = _verdict(result.task, whole.middle >= goal.at_least)
            yield f"{goal.ours} / {goal.theirs}", whole.text(), _text(own), f"≥ {goal.at_least}: {verdict}"


def _verdict(task, reached):
    if task.size < FEWEST_TO_TELL:
        return "too few endpoints to tell"
    return "reached" if reached else "**missed**"


def _text(values):
    return values.text() if values else "–"


def _command_lines(result, build):
    lines = [" ".join(program.argv(result.task, "ANSWER")).replace(build + "/", "") for program in result.programs]
    return "Command lines:\n```\n" + "\n".join(lines) + "\n```\n"


def flight(result):
    """The in-flight benchmark."""
    rows = [
        ("connects in flight at once (SYN-SENT), peak", f"{result.peak_in_flight:,}", f"≥ {result.wanted:,}"),
        ("resident memory (VmHWM), peak", f"{result.peak_memory_bytes / (1 << 20):.1f} MiB", "< 64 MiB"),
        ("whole process", f"{result.wall_s:.2f} s", ""),
        ("user CPU", f"{result.user_s:.2f} s", ""),
        ("system CPU", f"{result.system_s:.2f} s", ""),
        ("answer", f"WRONG: {result.fault}" if result.fault else "right", ""),
    ]
    verdict = "reached" if result.reached else "**missed**"
    return f"## Connects in flight against silence: {verdict}\n" + table(("", "seen", "goal"), rows)
