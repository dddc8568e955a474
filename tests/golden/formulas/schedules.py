"""Learning rates, iteration by iteration, and the moving average of weights."""

import math
from bisect import bisect_left

from formulas.registry import formula


def multistep(hyper, count, published=False):
    """Rates at iterations 1 to count; the published recursion never leaves its warm-up's last."""
    base, warmup = hyper["base_lr"], hyper["warmup_iter"]
    restarts = dict(zip(hyper.get("restarts", [0]), hyper.get("restart_weights", [1]), strict=True))
    rate, rates = base, []
    for iteration in range(1, count + 1):
        passed = iteration - 1
        if passed in restarts:
            rate = base * restarts[passed]
        else:
            rate *= hyper["gamma"] ** hyper["milestones"].count(passed)
        warm = base * iteration / warmup if iteration < warmup else None
        rates.append(warm or rate)
        if published and warm:
            rate = warm
    return rates


@formula("schedule_multistep_restart")
def with_restarts(case):
    count = int(case["n"])
    return {
        "lr": multistep(case.hyper, count),
        "lr_reference": multistep(case.hyper, count, published=True),
    }


@formula("schedule_multistep_runs")
def several_runs(case):
    return {
        f"out_lr_{name}": [1e4 * rate for rate in multistep(run, run["total_iter"], published=True)]
        for name, run in case.hyper.items()
    }


@formula("schedule_multistep_before")
def advanced_before_the_first(case):
    hyper = case.hyper
    passed = [sum(step <= it for step in hyper["milestones"]) for it in case["it"]]
    return {"lr": [hyper["base_lr"] * hyper["gamma"] ** count for count in passed]}


@formula("schedule_cosine_restart")
def cosine(case):
    """The end of a cycle belongs to it."""
    hyper = case.hyper
    low, high = hyper["eta_min"], hyper["base_lr"]
    ends = [sum(hyper["periods"][: i + 1]) for i in range(len(hyper["periods"]))]
    rates = []
    for passed in range(int(case["n"])):
        cycle = bisect_left(ends, passed)
        period = hyper["periods"][cycle]
        part = (passed - ends[cycle] + period) / period
        weight = hyper["restart_weights"][cycle]
        rates.append(low + weight * (high - low) * (1 + math.cos(math.pi * part)) / 2)
    return {"lr": rates, "lr_reference": rates}


@formula("ema_sequence")
def average(case):
    decay, averages = case.hyper["decay"], [case["w"][0]]
    for value in case["w"][1:]:
        averages.append(decay * averages[-1] + (1 - decay) * value)
    return {"ema": averages}


@formula("ema_update")
def average_of_a_network(case):
    """Buffers of norms stay as they are."""
    weights, decay = case.weights(), case.hyper["decay"]
    average = {key[4:]: value for key, value in weights.items() if key.startswith("ema.")}
    parameters = [key for key in average if f"g1.{key}" in weights and "running" not in key]
    outputs = {f"out_copy__{key.replace('.', '__')}": weights[f"g1.{key}"] for key in parameters}
    for number in (1, 2, 3):
        for key in parameters:
            average[key] = decay * average[key] + (1 - decay) * weights[f"g{number}.{key}"]
        outputs |= {
            f"out_after{number}__{key.replace('.', '__')}": value for key, value in average.items()
        }
    return outputs
