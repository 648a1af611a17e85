"""One file per target; the name of the file is the name of the target."""
