"""`python -m scale.host ADDRESS COUNT`: so many Dask workers with one thread each, side by side in one process."""

import asyncio
import sys
import tempfile

from distributed import Worker


async def main(address: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = {"nthreads": 1, "memory_limit": 0, "dashboard": False, "local_directory": folder, "host": "127.0.0.1"}
        workers = await asyncio.gather(*(Worker(address, **options) for _ in range(count)))
        print("ready", flush=True)
        await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
