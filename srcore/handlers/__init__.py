"""What happens beside the iterations of a training."""
