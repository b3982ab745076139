"""Papers that cards cite, as people see them."""

from tests.web.conftest import text


def test_a_paper_is_listed_found_and_shows_what_cites_it(ada):
    model = ada.model()
    card = "---\nlicense: mit\n---\nAfter https://arxiv.org/abs/2307.09288 it is.\n"
    ada.send(f"{model}/new/main", path="README.md", text=card, way="commit", title="A card")
    assert "arXiv:2307.09288" in text(ada.see("/papers"))
    assert "arXiv:2307.09288" in text(ada.see("/papers?q=tiny"))
    assert "No papers" in text(ada.see("/papers?q=nothing"))
    page = ada.see("/papers/2307.09288")
    assert 'href="/ada/tiny"' in page.text
    assert "https://arxiv.org/abs/2307.09288" in page.text
    ada.see("/papers/2307.00000", 404)
    ada.see("/papers/x", 404)
    assert ada.see("/papers/2307.09288.md").headers["content-type"].startswith("text/markdown")


def test_what_only_a_private_card_cites_is_nobody_elses_to_know(ada):
    ada.send("/new", owner="ada", name="hidden", visibility="private")
    card = "---\nlicense: mit\n---\nAfter https://arxiv.org/abs/2307.09288 it is.\n"
    ada.send("/ada/hidden/new/main", path="README.md", text=card, way="commit", title="A card")
    assert "2307.09288" in ada.see("/papers").text
    bob = ada.other().join("bob")
    assert "2307.09288" not in bob.see("/papers").text
    bob.see("/papers/2307.09288", 404)
