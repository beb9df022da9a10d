"""One module for each service: its declaration, ``SERVICE``."""
