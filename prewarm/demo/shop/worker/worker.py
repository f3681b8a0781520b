"""Takes orders from the queue, one at a time, and says so."""

import os
import urllib.parse


def main() -> None:
    queue = urllib.parse.urlsplit(os.environ.get("QUEUE_URL", "redis://localhost"))
    print(f"waiting for orders from {queue.hostname}")


if __name__ == "__main__":
    main()
