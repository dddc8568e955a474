"""Reading and writing TIFF: directories, pages, rows, what is said of the image."""
