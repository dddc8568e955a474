"""Sources: where the images of a data set lie, and what keeps them decoded."""
