"""pytest looks for the loggers that keep their lines to themselves without a walk through all loggers of all libraries.

It walks six times in each test, through three thousand of them, which was a hundredth of the time of the tests.
"""

import logging

from _pytest.logging import catching_logs


def find_loggers_once() -> None:
    """From now on the walk is repeated only where there are more loggers than before."""
    known: dict[int, list[logging.Logger]] = {}

    def apart(root: logging.Logger) -> list[logging.Logger]:
        loggers = root.manager.loggerDict
        if len(loggers) not in known:
            known.clear()
            known[len(loggers)] = [each for each in loggers.values() if isinstance(each, logging.Logger) and not each.propagate]
        return known[len(loggers)]

    def enter(self: catching_logs) -> logging.Handler:
        root = logging.getLogger()
        if self.level is not None:
            self.handler.setLevel(self.level)
        for logger in (root, *apart(root)):
            logger.addHandler(self.handler)
            self.attached_loggers.append(logger)
        if self.level is not None:
            self.orig_level = root.level
            root.setLevel(min(self.orig_level, self.level))
        return self.handler

    catching_logs.__enter__ = enter
