"""What data sets and checks share: windows, batches, sizes, faults of images."""
