"""TRAINER, the version of the code that trains: raised when the same inputs give other numbers than before."""

# Raise it after a change of the training loop, the augmentation or the split that changes results. What `precision: auto` or
# torch.compile does on a machine is no reason: that enters no key, and every record says it.
# The version is part of the key of every cell, every pretraining and every score of a measure.
TRAINER = 2
