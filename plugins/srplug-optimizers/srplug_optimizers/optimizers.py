"""Optimizers are built: keys become arguments of the libraries' classes.

``srplug_optimizers.optimizers:<name>`` builds the optimizer of that name in
:mod:`srplug_optimizers.catalog`, ``by_name`` any other one of pytorch_optimizer.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from srcore.errors import SrcoreError
from srplug_optimizers.by_name import signatures
from srplug_optimizers.catalog import OPTIMIZERS, Optimizer


def __getattr__(name: str) -> Callable[..., torch.optim.Optimizer]:
    """What builds the optimizer of that name."""
    if name not in OPTIMIZERS:
        raise AttributeError(name)
    return partial(build_listed, OPTIMIZERS[name])


def build_listed(
    optimizer: Optimizer, parameters: Iterable[nn.Parameter], **keys: Any
) -> torch.optim.Optimizer:
    """An optimizer of the catalog.

    Args:
        optimizer: which one.
        parameters: what it trains.
        keys: its options.

    Raises:
        SrcoreError: values that the library's class refuses.

    >>> from srplug_optimizers import optimizers
    >>> weight = nn.Parameter(torch.ones(2))
    >>> optimizer = optimizers.sgd([weight], learning_rate=0.25)
    >>> weight.square().sum().backward()
    >>> _ = optimizer.step()
    >>> weight.tolist()
    [0.5, 0.5]
    """
    cls = library_class(optimizer.target)
    own = {optimizer.key(parameter): parameter for parameter in parameters_of(cls)}
    given = {own[key]: value for key, value in keys.items()} | dict(optimizer.fixed)
    return construct(cls, optimizer.name, parameters, given, by_shape=optimizer.by_shape)


def by_name(
    parameters: Iterable[nn.Parameter],
    *,
    name: str,
    learning_rate: float | None,
    arguments: Mapping[str, Any],
) -> torch.optim.Optimizer:
    """An optimizer of pytorch_optimizer by its name there.

    Args:
        parameters: what it trains.
        name: as ``pytorch_optimizer.load_optimizer`` takes it.
        learning_rate: base rate; None: the default of its class.
        arguments: all other arguments of its class.

    Raises:
        SrcoreError: its class refuses the values.

    >>> weight = nn.Parameter(torch.ones(2))
    >>> optimizer = by_name([weight], name="lion", learning_rate=0.1, arguments={})
    >>> weight.square().sum().backward()
    >>> _ = optimizer.step()
    >>> [round(value, 3) for value in weight.tolist()]
    [0.9, 0.9]
    """
    from pytorch_optimizer import load_optimizer

    signature = signatures()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optional packages that are not there
        cls = load_optimizer(name)
    given = signature.typed(arguments)
    if learning_rate is not None:
        given["lr"] = learning_rate
    return construct(cls, name, parameters, given, by_shape=signature.by_shape)


def library_class(target: str) -> type[torch.optim.Optimizer]:
    """The class behind ``"module:Class"``."""
    module, _, name = target.partition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optional packages that are not there
        cls: type[torch.optim.Optimizer] = getattr(importlib.import_module(module), name)
    return cls


def parameters_of(cls: type[torch.optim.Optimizer]) -> list[str]:
    """Names of a constructor's parameters."""
    return list(inspect.signature(cls).parameters)


def construct(
    cls: type[torch.optim.Optimizer],
    name: str,
    parameters: Iterable[nn.Parameter],
    given: Mapping[str, Any],
    *,
    by_shape: bool,
) -> torch.optim.Optimizer:
    """Make it; what its class refuses is one line.

    Args:
        cls: the class.
        name: for messages.
        parameters: what it trains.
        given: arguments.
        by_shape: kernels and matrices are orthogonalized, all other parameters are not.

    Raises:
        SrcoreError: what the class says, with the name.
    """
    groups: Any = shaped(parameters) if by_shape else list(parameters)
    try:
        return cls(groups, **given)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise SrcoreError(f'optimizer "{name}": {" ".join(str(error).split())}') from error


def shaped(parameters: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Groups of matrices, kernels of convolutions among them, and of all else; none is empty."""
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in parameters:
        groups[parameter.ndim > 1].append(parameter)
    return [
        {"params": group, "use_muon": is_matrix} for is_matrix, group in groups.items() if group
    ]
