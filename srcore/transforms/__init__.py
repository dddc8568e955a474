"""Batch transforms on the device: resampling, blur, noise, JPEG, degradation pipelines."""
