"""Colours of the cells of a heat map."""

LEAST = 0.15  # of the scale, where the worst cell begins: the darkest blue is too dark beside black text


def shade(depth: float | None) -> str:
    """Background and ink of a cell of a heat map: cividis, the same to people who see red and green alike."""
    if depth is None:
        return ""
    import matplotlib as mpl

    red, green, blue, _ = mpl.colormaps["cividis"](LEAST + (1 - LEAST) * min(max(depth, 0.0), 1.0))
    # Relative luminance and contrast as WCAG defines them; the ink with more contrast.
    light = sum(w * _linear(c) for w, c in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True))
    ink = "#000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#fff"
    return f"background:#{int(255 * red):02x}{int(255 * green):02x}{int(255 * blue):02x};color:{ink}"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
