"""A page of HTML about one run, or about several beside each other."""
