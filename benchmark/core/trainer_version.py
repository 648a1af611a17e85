"""TRAINER: raised when equal inputs give other numbers."""

# Raised whenever the same inputs give other numbers than before: a change of the loop, the augmentation, the split. Not for
# what `precision: auto` or torch.compile is on a machine, which enters no key: the record tells both.
# It is part of the key of every cell and every pretraining.
TRAINER = 2
