"""What one training iteration does."""
