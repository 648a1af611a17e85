"""One file per transfer source: the file name is the name of the source."""
