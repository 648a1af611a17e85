"""One file per transfer source; the name of the file is the name of the source."""
