"""A network written down as the operations that one run of it consists of.

The network's ``forward`` stays the only description of it: every call of a PyTorch function on what
became of the image is noted while a small image goes through, whatever class, wrapper or plugin it
stands in. Whether the notes hold for images of other sizes is not believed but tried: on another
image, in bands, they must give what the network gives.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from srcore.recording.operations import (
    Call,
    NotByRowsError,
    Operation,
    Slot,
    operation_of,
    replaced,
)


@attrs.frozen(eq=False)
class Step:
    """One operation of a network.

    Attributes:
        operation: what is done.
        sources: numbers of the steps that it works on.
        rate: rows of its result for each row of the image.
        values: of its result for each pixel of the image.
        is_in_place: whether it writes over its source.
        call: the function that was called; None of the image itself.
    """

    operation: Operation
    sources: tuple[int, ...]
    rate: Fraction
    values: float
    is_in_place: bool = False
    call: Call | None = None

    @property
    def work(self) -> float:
        """Multiplications for each pixel of the image."""
        return self.values * self.operation.work


@attrs.frozen(eq=False)
class Recording:
    """A network as a list of operations.

    Attributes:
        steps: in their order; the first one is the image.
        output: number of the step that makes the result.
        users: by step, the numbers of those that work on its result.
        copied: steps whose result is not kept: they only copy values, for one user.
    """

    steps: tuple[Step, ...]
    output: int
    users: tuple[tuple[int, ...], ...] = attrs.field(init=False)
    copied: frozenset[int] = attrs.field(init=False)

    @users.default
    def _find_users(self) -> tuple[tuple[int, ...], ...]:
        users: list[list[int]] = [[] for _ in self.steps]
        for number, step in enumerate(self.steps):
            for source in dict.fromkeys(step.sources):
                users[source].append(number)
        return tuple(map(tuple, users))

    @copied.default
    def _find_copied(self) -> frozenset[int]:
        pairs = enumerate(zip(self.steps, self.users, strict=True))
        return frozenset(
            n for n, (step, users) in pairs if step.operation.copies and len(users) == 1
        )

    def kept_values(self) -> float:
        """Values that are kept from one band to the next, for each column of the image."""
        behind = [0.0] * len(self.steps)  # rows of the image that a result is behind
        for number, step in enumerate(self.steps):
            for source in step.sources:
                lag = behind[source] + step.operation.after / self.steps[source].rate
                behind[number] = max(behind[number], float(lag))
        needed, kept = list(behind), 0.0  # rows behind of which the first one is that is needed
        for number in reversed(range(len(self.steps))):
            for user in self.users[number]:
                lag = needed[user] if user in self.copied else behind[user]
                before = self.steps[user].operation.before / self.steps[number].rate
                needed[number] = max(needed[number], float(lag + before))
            if number not in self.copied:
                kept += self.steps[number].values * (needed[number] - behind[number])
        return kept


class _CallRecorder(TorchFunctionMode):
    """Notes every call on what became of an image."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.height, self.pixels = image.shape[-2], image.shape[-2] * image.shape[-1]
        itself = Operation(lambda: image)
        self.steps = [Step(itself, (), Fraction(1), float(image.shape[1]))]
        self.numbers = {id(image): 0}
        self._alive = [image]  # else another tensor might get its number

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        slots: list[Slot] = []

        def slot(tensor: Tensor) -> Tensor | Slot:
            number = self.numbers.get(id(tensor))
            if number is None:
                return tensor
            slots.append(Slot(number, tuple(tensor.shape)))
            return slots[-1]

        keywords = kwargs or {}
        noted = (replaced(args, Tensor, slot), replaced(keywords, Tensor, slot))
        result = func(*args, **keywords)
        if slots and not self._is_question(func, args, result):
            self._note(Call(func, *noted, tuple(slots)), args, result)
        return result

    def _is_question(self, func: Callable[..., Any], args: Any, result: Any) -> bool:
        """Whether only size, type or device were asked for."""
        if isinstance(result, Tensor):
            return func.__name__ == "type_as" and id(args[0]) not in self.numbers
        return func.__name__ in ("__get__", "__len__", "size", "dim", "numel", "is_floating_point")

    def _note(self, call: Call, args: Any, result: Any) -> None:
        if not isinstance(result, Tensor) or result.ndim != 4:
            raise NotByRowsError(call.function.__name__)
        operation = operation_of(call)
        sources = tuple(slot.step for slot in call.slots)
        rate = self.steps[sources[0]].rate * operation.rate
        if result.shape[-2] != rate * self.height:
            raise NotByRowsError(f"{call.function.__name__} makes another number of rows")
        values = result[0].numel() / self.pixels
        in_place = id(result) in self.numbers
        self.numbers[id(result)] = len(self.steps)
        self._alive.append(result)
        self.steps.append(Step(operation, sources, rate, values, in_place, call))


def record(network: nn.Module, image: Tensor) -> Recording:
    """The operations that a network does on an image.

    Args:
        network: in evaluation mode.
        image: ``(1, C, h, w)`` of sides that the network takes as they are.

    Raises:
        NotByRowsError: one of them looks further than some rows, or is not known.
    """
    recorder = _CallRecorder(image)
    with recorder:
        made = network(image)
    if id(made) not in recorder.numbers:
        raise NotByRowsError("the result is made by something that is no function of PyTorch")
    return Recording(tuple(recorder.steps), recorder.numbers[id(made)])
