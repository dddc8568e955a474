"""What the parameters of optimizers mean, in one line each, and what may stand for them.

A parameter has one meaning wherever it occurs, but for those in ``OWN``.
"""

from __future__ import annotations

#: Key -> meaning.
MEANINGS = {
    "adamw_betas": "decays of mean and square of the parameters that are no matrices",
    "adamw_eps": "added to the root of the square of the parameters that are no matrices",
    "adamw_learning_rate": "base rate of the parameters that are no matrices, before the schedule",
    "adamw_weight_decay": "decay of the parameters that are no matrices",
    "alpha": "weight of the slow running mean",
    "ams_bound": "the running square never falls (AMSGrad)",
    "beta": "decay of the running mean",
    "beta2_decay": "exponent of the iteration in the decay of the running square",
    "beta3": "decay of the estimate of the distance; none: the root of the second of betas",
    "betas": "decay of the running mean and of the running square",
    "betas_1d": "decay of mean and square of parameters that are no matrices",
    "bias_correction": "running averages are corrected for their start at 0",
    "cautious": "components of the step that point against the gradient are left out",
    "centered": "the gradient's variance stands for its square",
    "clip_threshold": "largest root mean square of a step",
    "correct_bias": "running averages are corrected for their start at 0",
    "d0": "first estimate of the distance to the solution",
    "d_coef": "factor of the learning rate that is found",
    "dampening": "share of the gradient that does not enter the momentum",
    "decoupled_weight_decay": "decay acts on the weights directly instead of on the gradient",
    "decoupling_c": "later iterates weigh more in the average; 0: as published first",
    "degenerated_to_sgd": "as SGD while the variance is not known",
    "delta": "largest cosine at which a gradient counts as orthogonal to the weights",
    "eps": "added to the root of the running square",
    "eps1": "added to the square of the gradient",
    "eps2": "added to the instability",
    "fixed_decay": "decay that acts on the weights directly does not follow the learning rate",
    "gamma": "weight of the difference from the last gradient",
    "grad_averaging": "the gradient enters the running mean with 1 - the decay",
    "kahan_sum": "rounding errors of 16-bit weights are summed up",
    "learning_rate": "base learning rate, before the schedule",
    "learning_rate_1d": "base rate of parameters that are no matrices, before the schedule",
    "mars_type": "what steps are made by",
    "max_grad_norm": "largest norm of the gradient of all parameters together; 0: any",
    "max_precondition_dim": "sides above it are not preconditioned",
    "merge_dims": "sides of a kernel are merged as long as they are small",
    "momentum": "share of the last step that is gone on with",
    "momentum_decay": "how fast the momentum grows into its value",
    "n_sma_threshold": "length of the running average from which the variance counts as known",
    "nesterov": "the gradient is looked at ahead of the momentum",
    "normalize_gradient": "steps are normalized by their root mean square",
    "ns_steps": "Newton-Schulz iterations by which a step is made orthogonal",
    "optimize_1d": "parameters that are no matrices are trained like matrices",
    "pre_norm": "the gradient is normalized before it is averaged",
    "precondition_1d": "vectors are preconditioned too",
    "precondition_frequency": "iterations between changes of the preconditioner's basis",
    "r": "exponent of the iteration in the weight of iterates in the average",
    "rectify": "steps are small while the variance is not known (RAdam)",
    "safeguard_warmup": "the learning rate is left out of the estimate of the distance",
    "shampoo_beta": "decay of the preconditioner; none: the second of betas",
    "silent_sgd_phase": "no steps while the variance is not known",
    "t_alpha_beta3": "iterations in which alpha and the third decay grow; none: at once",
    "use_adjusted_lr": "the rate of a matrix grows with the root of its larger side (Moonlight)",
    "warmup_steps": "iterations in which the rate grows linearly from 0",
    "wd_ratio": "decay of weights that a gradient is orthogonal to, as a share",
    "weight_decay": "how much weights shrink",
    "weight_decay_1d": "how much parameters that are no matrices shrink",
    "weight_decouple": "decay acts on the weights directly instead of on the gradient",
    "weight_lr_power": "exponent of the largest rate so far in the weight of iterates",
}

#: (optimizer, key) -> a meaning of its own.
OWN = {
    ("adamax", "betas"): "decay of the running mean and of the running maximum",
    ("adamax", "eps"): "added to the running maximum",
    ("adan", "betas"): "decay of the gradient, of its difference from the last one, of the square",
    ("ademamix", "betas"): "decay of the fast mean, of the square and of the slow mean",
    ("came", "betas"): "decay of the mean, of the square and of the instability",
    ("lion", "betas"): "decay in the step and in the running mean",
    ("prodigy", "learning_rate"): "factor of the learning rate that is found",
    ("rmsprop", "alpha"): "decay of the running square",
    ("schedule_free_adamw", "betas"): "place between iterate and average; decay of the square",
    ("schedule_free_radam", "betas"): "place between iterate and average; decay of the square",
    ("schedule_free_sgd", "momentum"): "place between iterate and average",
}

#: Key -> words that it takes.
CHOICES = {"mars_type": ("adamw", "lion", "shampoo")}

#: Keys with a limit below 1 that may be 0.
DECAYS = {"adamw_betas", "beta", "beta3", "betas", "betas_1d", "momentum", "shampoo_beta"}
#: Those that must be more than 0: averages are taken out of iterates again.
AVERAGING = {
    ("schedule_free_adamw", "betas"),
    ("schedule_free_radam", "betas"),
    ("schedule_free_sgd", "momentum"),
}
#: Numbers that may be 0.
MAY_BE_0 = {
    "adamw_weight_decay",
    "alpha",
    "dampening",
    "decoupling_c",
    "gamma",
    "max_grad_norm",
    "momentum_decay",
    "n_sma_threshold",
    "r",
    "warmup_steps",
    "wd_ratio",
    "weight_decay",
    "weight_decay_1d",
    "weight_lr_power",
}
#: Key -> limits of its own.
LIMITS = {"beta2_decay": ("le=0",)}

_CLOSURE = "its step computes the loss again (a closure), which breaks the order of forward passes"
_HESSIAN = "it needs second derivatives of the loss"
_BACKWARD = (
    "it changes weights during the backward pass, before gradients are clipped and exchanged"
)
_STATE = "its state holds objects, which cannot be read back from a checkpoint without running code"
#: Optimizers of pytorch_optimizer that are refused by name, and why.
REFUSED = {
    "a2grad": "it has no learning rate that a schedule could change",
    "adahessian": _HESSIAN,
    "adalomo": _BACKWARD,
    "adammini": "it looks for the layers of a language model by their names",
    "adashift": _STATE,
    "alig": _CLOSURE,
    "bsam": _CLOSURE,
    "conda": _STATE,
    "demo": "it exchanges gradients between processes itself",
    "distributedmuon": "it exchanges gradients between processes itself",
    "lbfgs": _CLOSURE,
    "lomo": _BACKWARD,
    "lorarite": "it trains pairs of low-rank factors only",
    "scalableshampoo": _STATE,
    "scion": _STATE,
    "scionlight": _STATE,
    "sophiah": _HESSIAN,
    "spectralsphere": "it trains matrices only",
}
#: Wrappers and others that are no optimizers of parameters by themselves, and why they are refused.
NOT_LISTED = dict.fromkeys(("sam", "gsam", "wsam", "looksam", "friendlysam"), _CLOSURE)
