"""Names of files in headers."""

from email.message import Message

from hypothesis import given
from hypothesis import strategies as st

from iriai.base.headers import disposition


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1))
def test_any_name_survives_its_header(name):
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    encoded = header.split("filename*=UTF-8''", 1)[1].split(";")[0]
    from urllib.parse import unquote

    assert unquote(encoded, errors="strict") == name


def test_a_name_cannot_end_the_header_or_begin_another():
    header = disposition('x"\r\nSet-Cookie: a=b')
    assert "\r" not in header
    assert "\n" not in header
    assert header.count('"') == 2


def test_only_the_last_part_of_a_path_is_a_name():
    assert 'filename="model.bin"' in disposition("weights/model.bin", inline=True)
    assert disposition("x", inline=True).startswith("inline;")
