"""What a file's own answer says of Xet, as three kinds of client read it."""

import re

from iriai.api import xet

HUB, SHA, HASH = "https://hub.example", "a" * 40, "b" * 64


def links(headers):
    return {name: url for url, name in re.findall(r'<([^>]+)>; rel="([^"]+)"', headers["Link"])}


def test_a_file_names_its_hash_its_token_and_its_reconstruction():
    told = xet.headers_of_file(HUB, "dataset", "ada/data", SHA, HASH)
    route = f"{HUB}/api/datasets/ada/data/xet-read-token/{SHA}"
    assert told["X-Xet-Hash"] == HASH
    assert told["X-Xet-Refresh-Route"] == route  # huggingface_hub where there is no Link
    assert links(told) == {
        "xet-auth": route,
        "xet-reconstruction-info": f"{HUB}/xet/g1/v1/reconstructions/{HASH}",  # hub.js wants both
    }


def test_each_generation_of_the_store_has_an_address_of_its_own():
    assert xet.cas_url(HUB, "7") == f"{HUB}/xet/g7"
