"""Networks over bands of rows, equal to the whole image, with nothing computed twice."""
