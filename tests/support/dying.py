"""A decoder that ends the process in which it decodes one picture, unless that is the one that was named."""

import os
import signal

from benchmark.data.readers.image_file import decode_picture


def dies(content, where, *, at, spared):
    if where.endswith(at) and os.getpid() != spared:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode_picture(content, where)
