"""Gradients of formulas that are written in NumPy: the chain rule, applied backwards.

A formula is called with `Traced` arrays, to which NumPy hands its functions over. Each result
remembers what it was made of, and how a gradient goes back there.
"""

import itertools
import math

import numpy as np

#: Derivatives of functions of single numbers, one per operand; the last argument is the result.
SLOPES = {
    np.add: (lambda a, b, y: 1, lambda a, b, y: 1),
    np.subtract: (lambda a, b, y: 1, lambda a, b, y: -1),
    np.multiply: (lambda a, b, y: b, lambda a, b, y: a),
    np.divide: (lambda a, b, y: 1 / b, lambda a, b, y: -y / b),
    np.power: (lambda a, b, y: b * a ** (b - 1), None),
    np.maximum: (lambda a, b, y: a > b, lambda a, b, y: b > a),
    np.minimum: (lambda a, b, y: a < b, lambda a, b, y: b < a),
    np.logaddexp: (lambda a, b, y: np.exp(a - y), lambda a, b, y: np.exp(b - y)),
    np.negative: (lambda a, y: -1,),
    np.absolute: (lambda a, y: np.sign(a),),
    np.exp: (lambda a, y: y,),
    np.log: (lambda a, y: 1 / a,),
    np.sqrt: (lambda a, y: 0.5 / y,),
}
#: What these return are elements of their arrays, or zeros.
MOVES = {
    *(np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.flip, np.roll),
    *(np.pad, np.repeat, np.concatenate, np.stack),
}

_numbers = itertools.count()


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array and its origins: pairs of a `Traced` and of how gradients go back to it."""

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)

    def __init__(self, value, *origins):
        self.value, self.origins, self.number = np.asarray(value), origins, next(_numbers)

    def __len__(self):
        return len(self.value)

    def __array_ufunc__(self, function, method, *operands):
        values = [constant(operand) for operand in operands]
        result = function(*values)

        def back(slope, shape):
            return lambda gradient: _summed_to(shape, gradient * slope(*values, result))

        pairs = zip(operands, SLOPES[function], strict=True)
        origins = [(it, back(slope, it.shape)) for it, slope in pairs if isinstance(it, Traced)]
        return Traced(result, *origins)

    def __array_function__(self, function, types, arguments, options):
        if function is np.einsum:
            return _einsum(*arguments)
        if function in MOVES:
            return _moved(lambda *them: function(*them, **options), arguments)
        raise TypeError(f"no rule for gradients of {function.__name__}")

    def __getitem__(self, index):
        result = self.value[index]

        def back(gradient):
            total = np.zeros(self.shape)
            if np.may_share_memory(result, self.value):  # slices have no element twice
                total[index] = gradient
            else:
                np.add.at(total, index, gradient)
            return total

        return Traced(result, (self, back))

    def reshape(self, *shape):
        return np.reshape(self, shape)

    def transpose(self, *axes):
        return np.transpose(self, axes)

    def sum(self, axis=None, keepdims=False):
        kept = self.value.sum(axis, keepdims=True)

        def back(gradient):
            return np.broadcast_to(gradient.reshape(kept.shape), self.shape)

        return Traced(kept if keepdims else self.value.sum(axis), (self, back))

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total * (total.size / self.size)


def constant(array):
    """The plain values of an array, which let no gradient through."""
    return array.value if isinstance(array, Traced) else array


def _summed_to(shape, gradient):
    """Undo broadcasting."""
    gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
    axes = [axis for axis, size in enumerate(shape) if size == 1 < gradient.shape[axis]]
    return gradient.sum(tuple(axes), keepdims=True)


def _mapped(function, argument):
    """A function of all arrays in an argument."""
    if isinstance(argument, list | tuple):
        return type(argument)(_mapped(function, it) for it in argument)
    return function(argument) if isinstance(argument, np.ndarray | Traced) else argument


def _moved(function, arguments):
    """Where elements of the result come from is seen by moving their numbers; 0 is no element."""
    starts, total = [], 1

    def numbered(array):
        nonlocal total
        if not isinstance(array, Traced):
            return np.zeros(array.shape, int)
        starts.append((array, total))
        total += array.size
        return starts[-1][1] + np.arange(array.size).reshape(array.shape)

    places = function(*_mapped(numbered, tuple(arguments))).ravel()

    def back(shape, start):
        def gathered(gradient):
            sums = np.bincount(places, gradient.ravel(), total)
            return sums[start : start + math.prod(shape)].reshape(shape)

        return gathered

    result = function(*_mapped(constant, tuple(arguments)))
    return Traced(result, *((array, back(array.shape, start)) for array, start in starts))


def _einsum(subscripts, *operands):
    """A sum of products is linear in each factor; no index may belong to one factor alone."""
    given, _, result = subscripts.partition("->")
    given, values = given.split(","), [constant(operand) for operand in operands]

    def back(place):
        letters = [*given[:place], result, *given[place + 1 :]]

        def other_factors(gradient):
            factors = [*values[:place], gradient, *values[place + 1 :]]
            return np.einsum(f"{','.join(letters)}->{given[place]}", *factors, optimize=True)

        return other_factors

    origins = [(it, back(place)) for place, it in enumerate(operands) if isinstance(it, Traced)]
    return Traced(np.einsum(subscripts, *values, optimize=True), *origins)


def gradients(formula, *arrays, **settings):
    """Value of a formula of arrays, which is one number, and its gradients by each of them."""
    inputs = [Traced(array) for array in arrays]
    output = formula(*inputs, **settings)
    nodes, waiting = {}, [output]
    while waiting:
        node = waiting.pop()
        if node.number not in nodes:
            nodes[node.number] = node
            waiting += [origin for origin, _ in node.origins]
    arrived = {output.number: np.ones(output.shape)}
    for number in sorted(nodes, reverse=True):  # results were numbered after their origins
        for origin, back in nodes[number].origins:
            arrived[origin.number] = arrived.get(origin.number, 0) + back(arrived[number])
    return output.value, [arrived.get(it.number, np.zeros(it.shape)) for it in inputs]


def with_gradients(formula, arrays):
    """Of a formula of named arrays, which gives a number and named results: results, gradients."""
    outputs = {}

    def number(*values):
        result, others = formula(dict(zip(arrays, values, strict=True)))
        outputs.update({name: constant(value) for name, value in others.items()})
        return result

    _, arrived = gradients(number, *arrays.values())
    return outputs, dict(zip(arrays, arrived, strict=True))
