"""Writing the files of a new plugin from the templates beside this module."""
