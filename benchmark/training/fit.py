"""What a training has found: its curves and the epoch that was restored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fit:
    """The result of a training: curves (one value per epoch) and the epoch whose weights the network has now.

    Attributes:
        micro_batch: the number of images in one forward pass; smaller than a batch if memory did not suffice.
        resumed: the number of epochs that an earlier attempt made, which was interrupted.
        threads: the number of threads that trained, which may be smaller than that of the process.
        step_bytes: memory of a step, see benchmark.training.step_memory; None if unknown.
        cuda_graph: "yes" if steps were replayed as a CUDA graph, why not if it was tried, else empty.
    """

    curves: dict[str, list[float]]
    best_epoch: int
    micro_batch: int = 0
    resumed: int = 0
    threads: int = 0
    step_bytes: int | None = None
    cuda_graph: str = ""

    def facts(self) -> dict[str, str]:
        """How the training was made, for the record."""
        graph = {"cuda_graph": self.cuda_graph} if self.cuda_graph else {}
        return {"micro_batch": str(self.micro_batch), "training_threads": str(self.threads), **graph}

    def best(self) -> dict[str, float]:
        """The figures of the restored epoch, by names that differ from the fields of a recipe."""
        figures = {name: values[self.best_epoch] for name, values in self.curves.items() if values}
        resumed = {"epochs_resumed": float(self.resumed)} if self.resumed else {}
        memory = {"step_memory_bytes": float(self.step_bytes)} if self.step_bytes is not None else {}
        return {
            "best_epoch": float(self.best_epoch),
            "epochs_run": float(len(self.curves["learning_rate"])),
            **resumed,
            **memory,
            **figures,
        }
