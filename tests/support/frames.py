"""Room for the frames of Python, of which it takes and gives back the memory in pieces."""


def call_with_room(function, *arguments):
    """Call a function with 900 KiB of room for all frames below, which hold some thousand calls within each other.

    Python takes another 16 KiB from the system when the last piece is full, and gives them back when the first frame in them
    ends. A function that is called in a loop at the end of a piece costs two system calls and four page faults each time, which
    is half of the time of some tests at a depth of calls that is hit by chance.
    """
    return function(*arguments)


call_with_room.__code__ = call_with_room.__code__.replace(co_stacksize=150_000)  # of 8 bytes: pieces are a power of 2 in size
