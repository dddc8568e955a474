"""What only the author of a model knows: keywords in Python, flags of commands."""

from __future__ import annotations

from typing import Annotated

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class About:
    """What only its author knows.

    Attributes:
        title: of the model; empty: the name of the run.
        author: who publishes it.
        license: SPDX name of the license of the weights.
        description: what it is for.
        tags: words by which it is to be found.
        url: where the file will lie.
    """

    title: Annotated[str, "TEXT"] = option("", "what the model is called; without it as the run")
    author: Annotated[str, "NAME"] = option("", "who publishes it")
    license: Annotated[str, "NAME"] = option("", "of the weights, such as CC-BY-4.0")
    description: Annotated[str, "TEXT"] = option("", "what it is for")
    tags: Annotated[tuple[str, ...], "WORD"] = option((), "by which it is found; repeatable")
    url: Annotated[str, "URL"] = option("", "where the file of weights will lie")
