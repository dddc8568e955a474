"""The optimizers that are components of their own: whose they are and which class does the work.

Neither torch nor pytorch_optimizer is imported here: keys come from the generated classes in
:mod:`srplug_optimizers.options`, code from the libraries when an optimizer is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

#: Parameters of constructors that are no keys: how it is computed, not what.
COMPUTING = (
    "params",
    "foreach",
    "maximize",
    "fused",
    "capturable",
    "differentiable",
    "kwargs",
)
#: Keys that are called otherwise here: parameter -> key.
RENAMED = {
    "lr": "learning_rate",
    "lr_1d": "learning_rate_1d",
    "adamw_lr": "adamw_learning_rate",
    "adamw_wd": "adamw_weight_decay",
}


@attrs.frozen(kw_only=True, eq=False)  # one object is one optimizer
class Optimizer:
    """An optimizer as a component of srcore.

    Attributes:
        name: of the component.
        target: the class, ``"module:Class"``.
        title: what its authors call it.
        paper: authors, year and where it is to be read.
        hidden: parameters that are no keys and keep their defaults, beside :data:`COMPUTING`.
        fixed: parameters that are no keys, with the values that they get.
        renamed: parameter -> key, beside :data:`RENAMED`.
        by_shape: matrices and all other parameters are groups of their own.
    """

    name: str
    target: str
    title: str
    paper: str
    hidden: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    renamed: Mapping[str, str] = attrs.field(factory=dict)
    by_shape: bool = False

    def key(self, parameter: str) -> str:
        """The key of a constructor's parameter."""
        return self.renamed.get(parameter) or RENAMED.get(parameter, parameter)

    @property
    def hides(self) -> frozenset[str]:
        """Parameters that are no keys."""
        return frozenset((*COMPUTING, *self.hidden, *self.fixed))


def _of_library(library: str, rows: tuple[dict[str, Any], ...]) -> dict[str, Optimizer]:
    made = (Optimizer(**{**row, "target": f"{library}:{row['target']}"}) for row in rows)
    return {optimizer.name: optimizer for optimizer in made}


OPTIMIZERS: dict[str, Optimizer] = {
    **_of_library(
        "pytorch_optimizer",
        (
            {
                "name": "adabelief",
                "target": "AdaBelief",
                "title": "AdaBelief",
                "paper": "Zhuang et al. 2020, arXiv 2010.07468",
            },
            {
                "name": "adamp",
                "target": "AdamP",
                "title": "AdamP",
                "paper": "Heo et al. 2021, arXiv 2006.08217",
            },
            {
                "name": "adan",
                "target": "Adan",
                "title": "Adan",
                "paper": "Xie et al. 2022, arXiv 2208.06677",
            },
            {
                "name": "ademamix",
                "target": "AdEMAMix",
                "title": "AdEMAMix",
                "paper": "Pagliardini et al. 2024, arXiv 2409.03137",
            },
            {
                "name": "adopt",
                "target": "ADOPT",
                "title": "ADOPT",
                "paper": "Taniguchi et al. 2024, arXiv 2411.02853",
                "hidden": ("clip_lambda",),
            },
            {
                "name": "came",
                "target": "CAME",
                "title": "CAME",
                "paper": "Luo et al. 2023, arXiv 2307.02047",
            },
            {
                "name": "lamb",
                "target": "Lamb",
                "title": "LAMB",
                "paper": "You et al. 2020, arXiv 1904.00962",
                "hidden": ("adam", "degenerated_to_sgd"),
            },
            {
                "name": "lion",
                "target": "Lion",
                "title": "Lion",
                "paper": "Chen et al. 2023, arXiv 2302.06675",
            },
            {
                "name": "mars",
                "target": "MARS",
                "title": "MARS",
                "paper": "Yuan et al. 2024, arXiv 2411.10438",
            },
            {
                "name": "muon",
                "target": "Muon",
                "title": "Muon for kernels and matrices, AdamW for all other parameters",
                "paper": "Jordan et al. 2024, https://kellerjordan.github.io/posts/muon",
                "hidden": ("ns_coeffs", "ns_method", "ns_reset_steps"),
                "by_shape": True,
            },
            {
                "name": "prodigy",
                "target": "Prodigy",
                "title": "Prodigy, which finds its learning rate",
                "paper": "Mishchenko and Defazio 2023, arXiv 2306.06101",
                "hidden": ("growth_rate",),
            },
            {
                "name": "schedule_free_adamw",
                "target": "ScheduleFreeAdamW",
                "title": "schedule-free AdamW",
                "paper": "Defazio et al. 2024, arXiv 2405.15682",
            },
            {
                "name": "schedule_free_radam",
                "target": "ScheduleFreeRAdam",
                "title": "schedule-free RAdam",
                "paper": "Defazio et al. 2024, arXiv 2405.15682",
            },
            {
                "name": "schedule_free_sgd",
                "target": "ScheduleFreeSGD",
                "title": "schedule-free SGD",
                "paper": "Defazio et al. 2024, arXiv 2405.15682",
            },
            {
                "name": "soap",
                "target": "SOAP",
                "title": "SOAP",
                "paper": "Vyas et al. 2024, arXiv 2409.11321",
                "hidden": ("data_format",),
            },
            {
                "name": "stable_adamw",
                "target": "StableAdamW",
                "title": "StableAdamW",
                "paper": "Wortsman et al. 2023, arXiv 2304.13013",
            },
            {
                "name": "tiger",
                "target": "Tiger",
                "title": "Tiger",
                "paper": "Su 2023, https://github.com/bojone/tiger",
            },
        ),
    ),
    **_of_library(
        "torch.optim",
        (
            {
                "name": "adafactor",
                "target": "Adafactor",
                "title": "Adafactor",
                "paper": "Shazeer and Stern 2018, arXiv 1804.04235",
                "hidden": ("eps",),
                "renamed": {"d": "clip_threshold"},
            },
            {
                "name": "adamax",
                "target": "Adamax",
                "title": "Adamax",
                "paper": "Kingma and Ba 2015, arXiv 1412.6980",
            },
            {
                "name": "nadam",
                "target": "NAdam",
                "title": "NAdam",
                "paper": "Dozat 2016, ICLR workshop",
            },
            {
                "name": "radam",
                "target": "RAdam",
                "title": "RAdam",
                "paper": "Liu et al. 2020, arXiv 1908.03265",
            },
            {
                "name": "rmsprop",
                "target": "RMSprop",
                "title": "RMSprop",
                "paper": "Tieleman and Hinton 2012, lecture 6.5",
            },
            {
                "name": "sgd",
                "target": "SGD",
                "title": "stochastic gradient descent",
                "paper": "Robbins and Monro 1951; Nesterov 1983",
            },
        ),
    ),
}
