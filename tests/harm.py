"""A reader that does harm, in a module of its own: every process that runs it has to import it."""

import os
import signal


def harm(number, deadly):
    """Give the number; end the process, exceed the time or the memory where `deadly` says so of it."""
    match deadly.get(number):
        case "death":
            os._exit(1)
        case "time":
            signal.raise_signal(signal.SIGALRM)
        case "memory":
            return bytearray(3 << 30)
    return number
