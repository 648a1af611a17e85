"""The policies that come with cats: one file each, and one name in `results.choosing.policy.OURS`."""
