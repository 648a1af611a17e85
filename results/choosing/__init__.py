"""Ways of choosing a source: policies, what other targets say, replays, and how sure an answer is."""

EPSILON = (
    0.005  # of the test metric: a source that is so near to the best is as good; here, so that a command can load it alone
)
