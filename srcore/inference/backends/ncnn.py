"""ncnn on the processor: the fastest for deep networks of convolutions."""

from srcore.inference.backends.of_format import FormatBackend


class Ncnn(FormatBackend):
    """Runs what ``srcore convert --to ncnn`` writes."""

    form = "ncnn"
    memory = 3.7
