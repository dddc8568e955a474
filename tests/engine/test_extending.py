"""What goes by the share of a training that is done, found in its code."""

from types import SimpleNamespace

import pytest

from srcore.engine.extending import extension_concerns, reads_progress


class ByParameter:
    def __call__(self, image, *, progress, generator):
        return image * (1 - progress)


class ByContext:
    def forward(self, context):
        return context.progress * context.weight


class Inheriting(ByContext):
    pass


class HandingOver:
    """Takes it, as its contract says, and does not look."""

    def __call__(self, image, *, progress, generator):
        return image


class Writing:
    def forward(self, context):
        context.progress = 1


@pytest.mark.parametrize(
    ("kind", "reads"),
    [
        (ByParameter, True),
        (ByContext, True),
        (Inheriting, True),
        (HandingOver, False),
        (Writing, False),
    ],
)
def test_code_is_looked_at_and_not_signatures(kind, reads):
    assert reads_progress(kind()) is reads


def test_all_that_does_is_named():
    class Asking:
        type = "cosine"

        def asks_for(self, name):
            return name == "iterations"

    class NotAsking(Asking):
        def asks_for(self, name):
            return False

    experiment = SimpleNamespace(
        schedule={
            "generator": SimpleNamespace(selected=Asking()),
            "discriminator": SimpleNamespace(selected=NotAsking()),
        }
    )
    roles = {
        "generator": SimpleNamespace(name="generator", inputs=[]),
        "discriminator": SimpleNamespace(
            name="discriminator", inputs=[ByParameter(), HandingOver()]
        ),
    }
    terms = [
        SimpleNamespace(label="own", loss=ByContext()),
        SimpleNamespace(label="l1", loss=Writing()),
    ]
    parts = SimpleNamespace(experiment=experiment, losses=terms, roles=roles)
    method = SimpleNamespace(labels=ByParameter())
    assert list(extension_concerns(parts, method)) == [
        'schedule.generator "cosine"',
        'loss "own"',
        "discriminator.inputs ByParameter",
        "method ByParameter",
    ]
