"""Trackers of experiments for srcore: Weights & Biases, MLflow, ClearML; and a profiler."""
