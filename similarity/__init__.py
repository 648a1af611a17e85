"""One file per similarity measure; the name of the file is the name of the measure."""
