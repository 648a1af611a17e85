"""One file per similarity measure: the file name is the name of the measure."""
