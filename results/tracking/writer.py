"""One MLflow experiment: write records."""

STATUS = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}

BATCH = 1000  # metrics per call that MLflow accepts

ABANDONED = "its process died before the record was complete"
