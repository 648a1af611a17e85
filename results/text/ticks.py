"""Round numbers along an axis: those of a page, of a drawing and of a picture in a notebook."""

import math

LEAST = 1e-300  # between the ends: less has no powers of ten below it
LONGEST = 7  # digits before or after the point; what has more is written with an exponent


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """At most `most` round numbers from `low` to `high`, with their texts: multiples of 1, 2 or 5 times a power of ten.

    One number where the ends are equal, and none where they are so far apart that their distance is no finite number.
    """
    if not math.isfinite(high - low):
        return []
    scale = 10.0 ** math.floor(math.log10((high - low) / most)) if high - low > LEAST else 0.0
    if not scale:
        return [(low, f"{low:.4g}")]
    step = next(factor * scale for factor in (1, 2, 5, 10, 20) if (high - low) / (factor * scale) <= most - 1 + 1e-9)
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    most_digits = max(map(len, (str(abs(numbers[0])), str(abs(numbers[-1])))))  # that tell one number from the next
    form = f"z.{digits}f" if digits <= LONGEST and max(abs(low), abs(high)) < 10**LONGEST else f".{most_digits + 1}g"
    return [(number * step, f"{number * step:{form}}") for number in numbers]
