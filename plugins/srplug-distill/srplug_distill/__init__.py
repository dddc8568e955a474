"""Knowledge distillation for srcore."""
