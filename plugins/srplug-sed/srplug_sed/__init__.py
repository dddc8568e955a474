"""SeD: semantic-aware discriminators (Li et al., CVPR 2024, arXiv 2402.19387)."""
