"""One file per target: the file name is the name of the target."""
