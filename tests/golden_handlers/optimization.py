"""Golden cases of learning-rate schedules and of the moving average of weights."""

import numpy as np
import torch
from torch import nn

from srcore.optimization.schedules import Cosine, MultiStep
from srcore.testing.golden import golden_kind


def rates(schedule, base, iterations):
    return np.array([schedule(base, int(iteration)) for iteration in iterations])


def multistep(hyper):
    return MultiStep(
        milestones=hyper["milestones"],
        gamma=hyper["gamma"],
        restarts=hyper.get("restarts", [0]),
        restart_weights=hyper.get("restart_weights", [1.0]),
        warmup_iterations=max(hyper.get("warmup_iter", -1), 0),
    )


@golden_kind("schedule_multistep_restart")
def schedule_multistep_restart(case):
    iterations = range(1, int(case["n"]) + 1)
    return {"lr": rates(multistep(case.hyper), case.hyper["base_lr"], iterations)}


@golden_kind("schedule_cosine_restart")
def schedule_cosine_restart(case):
    hyper = case.hyper
    schedule = Cosine(
        periods=hyper["periods"],
        restart_weights=hyper["restart_weights"],
        eta_min=hyper["eta_min"],
        warmup_iterations=max(hyper["warmup_iter"], 0),
    )
    return {"lr": rates(schedule, hyper["base_lr"], range(1, int(case["n"]) + 1))}


@golden_kind("schedule_multistep_runs")
def schedule_multistep_runs(case):
    # Runs with warm-up hold the published stall (reference_only), which is not built.
    return {
        f"out_lr_{name}": 1e4
        * rates(multistep(run), run["base_lr"], range(1, run["total_iter"] + 1))
        for name, run in case.hyper.items()
        if run["warmup_iter"] <= 0
    }


@golden_kind("schedule_multistep_before")
def schedule_multistep_before(case):
    hyper = case.hyper
    schedule = MultiStep(
        milestones=hyper["milestones"], gamma=hyper["gamma"], advance_before_first=True
    )
    return {"lr": rates(schedule, hyper["base_lr"], case["it"])}


@golden_kind("ema_sequence")
def ema_sequence(case):
    from srcore.engine.ema import ExponentialAverage

    values = case.tensor("w")
    network = nn.ParameterDict({"w": nn.Parameter(values[0].clone())})
    average = ExponentialAverage(network, case.hyper["decay"])
    states = [average.network["w"].detach().clone()]
    for value in values[1:]:
        network["w"].data.copy_(value)
        average.update()
        states.append(average.network["w"].detach().clone())
    return {"ema": torch.stack(states)}


@golden_kind("ema_update")
def ema_update(case):
    from srcore.engine.ema import ExponentialAverage

    states = {}
    for key, value in case.weights().items():
        prefix, _, name = key.partition(".")
        states.setdefault(prefix, {})[name] = value

    def averages(decay):
        # The manifest writes the module as the call of torch.nn's classes that makes it.
        network = eval(case.hyper["module"], {"__builtins__": {}}, dict(vars(nn)))
        network.load_state_dict(states["ema"], strict=False)
        average = ExponentialAverage(network, decay)
        for number in range(1, len(states)):
            network.load_state_dict(states[f"g{number}"], strict=False)
            average.update()
            yield number, average.network.state_dict()

    outputs = {}
    for number, state in averages(case.hyper["decay"]):
        for name, value in state.items():
            outputs[f"out_after{number}__{name.replace('.', '__')}"] = value.clone()
    _, copy = next(averages(0.0))
    for name, value in copy.items():
        outputs[f"out_copy__{name.replace('.', '__')}"] = value.clone()
    return outputs
