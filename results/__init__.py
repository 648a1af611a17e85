"""What was measured: records, MLflow, boards. Imports neither torch nor the other packages of cats-bench."""
