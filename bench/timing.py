"""Can a clock tell a private repository from a missing one? The AUC over pairs of answers.

Half of what a stranger asks for is private, half is not there, in a seeded order on one connection.
0.5 means that the time of an answer says nothing. `python -m bench.timing`
"""

import http.client
import random
import sys
import tempfile
import time
from pathlib import Path

from huggingface_hub import HfApi
from tests.support import server

PAIRS = 2_000
REPOSITORIES = 20
WARM = 200
GOAL = (0.45, 0.55)
SEED = 5
ADDRESSES = ("/api/models/{}", "/{}/resolve/main/config.json", "/api/models/{}/tree/main")


def asked(connection, path, token):
    """Seconds until an answer was read, which must be a 404."""
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - begun
    assert answer.status == 404, answer.status
    return took


def auc(one, other):
    """How often one of `one` took longer than one of `other`; ties count half."""
    ranked = sorted([(each, 1) for each in one] + [(each, 0) for each in other])
    ranks = sum(place for place, (_, is_one) in enumerate(ranked, 1) if is_one)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def main():
    dice = random.Random(SEED)
    hub = server.living(Path(tempfile.mkdtemp()), is_cold=True)
    try:
        api = HfApi(endpoint=hub.url, token=hub.token)
        for number in range(REPOSITORIES):
            api.create_repo(f"ada/kept-{number:02}", private=True)
        stranger = hub.person("bob")
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
        worst = 0.5
        for address in ADDRESSES:
            took = {"kept": [], "none": []}
            order = ["kept", "none"] * (PAIRS + WARM)
            dice.shuffle(order)
            for word in order:
                name = f"ada/{word}-{dice.randrange(REPOSITORIES):02}"
                took[word].append(asked(connection, address.format(name), stranger))
            found = auc(took["kept"][WARM:], took["none"][WARM:])
            worst = max(worst, found, key=lambda each: abs(each - 0.5))
            print(f"{address:36} AUC {found:.3f}  goal {GOAL[0]}-{GOAL[1]}", flush=True)
    finally:
        hub.stop()
    return 0 if GOAL[0] <= worst <= GOAL[1] else 1


if __name__ == "__main__":
    sys.exit(main())
