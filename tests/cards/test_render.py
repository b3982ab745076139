"""Cards on our own origin: nothing in them runs, and nothing in them calls elsewhere."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.cards import render


def html(text, folder=""):
    return render.html(
        text, resolve="/ada/tiny/resolve/main/", blob="/ada/tiny/blob/main/", folder=folder
    )


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><foreignObject><body onload=alert(1)></foreignObject></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='  java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    '[x](# "onmouseover=alert(1)")',
    '[x](#" onmouseover="alert(1))',
    '![x" onerror="alert(1)](y)',
    '![x](https://evil.example/a.png"onerror="alert(1))',
    "<form action=https://evil.example><input name=password><button>go</button></form>",
    "<input type=image src=https://evil.example/x>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<table background=https://evil.example/x><tr><td>x</table>",
    "<video src=https://evil.example/x autoplay poster=https://evil.example/y></video>",
    "<audio src=x onerror=alert(1)>",
    "<picture><source srcset=https://evil.example/x><img src=https://evil.example/y></picture>",
    "<img srcset='https://evil.example/x 2x' src=y>",
    "<img src=//evil.example/x>",
    "<img src='/\\evil.example/x'>",
    "<a href='/\t/evil.example/x'>x</a>",
    "<a href='\\\\evil.example/x'>x</a>",
    "<img src='https&colon;//evil.example/x'>",
    "<math><mtext><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<a title='<img src=' href='>\" onclick=alert(1)'>x</a>",
    "<div id=location name=cookie><a id=location>x</a></div>",
    "<details ontoggle=alert(1) open><summary>x</summary></details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<x-button onclick=alert(1)>x</x-button>",
    "<button hx-get=/api/tokens hx-trigger=load>x</button>",
    "<div hx-get=/settings hx-trigger=load data-hx-post=/x>x</div>",
    "```python\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
    '[^"><img src=x onerror=alert(1)>]\n\n[^"><img src=x onerror=alert(1)>]: x',
    '# <script>alert(1)</script>\n# "><img src=x onerror=alert(1)>',
    "- [x] <script>alert(1)</script>",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "~~<script>alert(1)</script>~~",
    "---\nwidget: javascript:alert(1)\n---\n<script>alert(1)</script>",
    "<div title='\n\n' onclick=alert(1)>",
    '<div ="><script>alert(1)</script>">',
    "<div/onclick=alert(1)/=\"'><img src=x onerror=alert(1)>'\">",
    "<div><!-- a --!><script>alert(1)</script> -->",
    "<div><!-->\n\n<img src=x onerror=alert(1)>-->",
    "<style>\n</style \n><img src=x onerror=alert(1)>\n</style>",
    "<script>\n<!--<script>\n\n</script><img src=x onerror=alert(1)>\n</script>",
    "<body onload=alert(1)><html onclick=alert(1)><font style=color:red>x",
    "<mar\u212a><\u017fcript>alert(1)</\u017fcript>",
]


class Judge(HTMLParser):
    """Collects whatever in a document could run, or load from elsewhere."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def handle_starttag(self, tag, attributes):
        if tag not in render.TAGS:
            self.faults.append(tag)
        for name, given_value in attributes:
            value = given_value or ""
            if name.startswith(("on", "hx-", "data-")) or name in {"style", "srcset", "name"}:
                self.faults.append((tag, name, value))
            if name == "src" and not re.match(r"/ada/tiny/|/(?![/\\])", value):
                self.faults.append((tag, name, value))
            if name == "href" and not re.match(r"#|/(?![/\\])|https?://|mailto:", value):
                self.faults.append((tag, name, value))
            if name == "id" and not value.startswith(render.ID_PREFIX):
                self.faults.append((tag, name, value))

    def handle_comment(self, data):
        self.faults.append(("comment", data))

    def handle_decl(self, decl):
        self.faults.append(("declaration", decl))


def faults(document):
    judge = Judge()
    judge.feed(document)
    judge.close()
    return judge.faults


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_leaves_anything_that_runs_or_calls_elsewhere(payload):
    assert faults(html(payload)) == []
    assert faults(html(f"# Title\n\ntext {payload} text\n\n> {payload}\n")) == []


@given(st.lists(st.sampled_from(PAYLOADS) | st.text(max_size=12), max_size=6), st.text(max_size=3))
def test_no_mixture_of_payloads_leaves_anything_that_runs(pieces, glue):
    assert faults(html(glue.join(pieces))) == []


@pytest.mark.parametrize(
    "tag",
    [
        *("<script>", "<style>", "<SCRIPT>", "<title>", "<textarea>", "<plaintext>", "<xmp>"),
        *("<iframe>", "<noscript>", "<template>", "<math>", "<svg>", "<select>", "<T>"),
        *("<int>", "<unk>", "<pad>", "<think>", "</think>", "<|im_end|>", "<0x0A>"),
        *("<!--", "<?", "<!DOCTYPE", "<![CDATA[", "<div title='", "<div", "<pre", "<style"),
    ],
)
def test_a_tag_that_is_no_html_of_ours_is_shown_as_typed_and_all_after_it_is_kept(tag):
    for around in ("Put it into {} then. Step 2.", "{}\nStep 2.", "<div>\n{} Step 2.\n</div>"):
        made = html(around.format(tag) + "\n\n## Second\n\nThe *end*.\n\n<b>Last</b>")
        assert tag.replace("<", "&lt;").replace(">", "&gt;") in made
        assert "Step 2." in made
        assert '<h2 id="card-second">Second</h2>\n<p>The <em>end</em>.</p>' in made
        assert "<b>Last</b>" in made


def test_angle_brackets_of_code_and_of_tokens_are_words():
    assert html("List<int> x y z") == "<p>List&lt;int&gt; x y z</p>\n"
    assert html("a <unk> or <foo bar='&amp;'>") == (
        "<p>a &lt;unk&gt; or &lt;foo bar='&amp;amp;'&gt;</p>\n"
    )
    assert html("<think>\nso *then*\n</think>") == (
        "<p>&lt;think&gt;\nso <em>then</em>\n&lt;/think&gt;</p>\n"
    )


def test_the_html_that_cards_use_goes_on_to_work():
    made = html(
        '<div align=center>\n<img src="a.png" width=40%>\n\n**Name**\n\n</div>\n\n'
        "<details open>\n<summary>More</summary>\n\n- x\n\n</details>\n\n"
        "<!-- not\n\nshown -->\nx<sup>2</sup><br>y <!-- nor this -->\n\n"
        "<TABLE>\n<tr><td colspan=2>cell</td></tr>\n</TABLE>\n\n"
        '<p align="center"><a href="https://a.example" target="_blank""><b>B</b></a></p>\n\n'
        "<picture>\n<source srcset=d.png>\n<img src=l.png>\n</picture> <font color=red>red</font>"
    )
    for part in (
        '<div align="center">\n<img src="/ada/tiny/resolve/main/a.png" width="40%"',
        "<p><strong>Name</strong></p>",
        '<details open="">\n<summary>More</summary>\n<ul>',
        "x<sup>2</sup><br>y",
        '<td colspan="2">cell</td>',
        '<p align="center"><a href="https://a.example" rel=',
        "/ada/tiny/resolve/main/l.png",
        " red",
    ):
        assert part in made
    for word in ("shown", "nor this", "&lt;", "picture", "font", "srcset"):
        assert word not in made


def test_the_style_of_a_card_is_folded_up_as_text_and_styles_nothing():
    made = html("<style>\nb > a { color: red }\n\n</style>\n\n# Name")
    assert "<details><summary><code>&lt;style&gt;</code></summary>" in made
    assert "b &gt; a { color: red }" in made
    assert '<h1 id="card-name">Name</h1>' in made
    assert "<style" not in made


def test_links_and_images_of_the_repository_lead_to_its_own_pages():
    made = html("[a](docs/guide.md#top) ![b](images/b%20c.png) [up](../x) [self](#part) [d](/docs)")
    assert 'href="/ada/tiny/blob/main/docs/guide.md#top"' in made
    assert 'src="/ada/tiny/resolve/main/images/b%20c.png"' in made
    assert ">up</a>" in made
    assert 'href="#card-part"' in made
    assert 'href="/docs"' in made
    assert "../" not in made


def test_a_text_in_a_folder_links_from_there_and_never_out_of_the_repository():
    made = html("[a](b.md) [c](../d.md) [e](../../f.md)", folder="docs/en")
    assert 'href="/ada/tiny/blob/main/docs/en/b.md"' in made
    assert 'href="/ada/tiny/blob/main/docs/d.md"' in made
    assert 'href="/ada/tiny/blob/main/f.md"' in made
    assert "href" not in html("[e](../../../f.md)", folder="docs/en")


def test_an_image_from_elsewhere_is_a_link_and_inside_a_link_its_words():
    assert html("![Figure](https://example.org/a.png)").strip() == (
        '<p><a class="external-image" href="https://example.org/a.png" '
        'rel="nofollow noopener noreferrer ugc">Figure</a></p>'
    )
    badge = html("[![build](https://example.org/b.svg)](https://ci.example.org)")
    assert badge.count("<a ") == 1
    assert ">build</a>" in badge


def test_tables_tasks_footnotes_and_code_are_shown_as_such():
    made = html(
        "| a | b |\n|--|--:|\n| 1 | 2 |\n\n- [x] done\n\nx[^1]\n\n[^1]: note\n\n"
        "```python\nimport os\n```\n\n~~gone~~ https://example.org\n"
    )
    assert '<td align="right">2</td>' in made
    assert '<input class="task-list-item-checkbox" checked' in made
    assert 'href="#card-fn1"' in made
    assert 'id="card-fn1"' in made
    assert '<span class="kn">import</span>' in made
    assert "<s>gone</s>" in made
    assert '<a href="https://example.org"' in made


def test_headings_carry_anchors_that_the_cards_own_links_reach():
    made = html("[Use](#how-to-use-it)\n\n## How to use it?\n")
    assert 'href="#card-how-to-use-it"' in made
    assert '<h2 id="card-how-to-use-it">' in made


def test_the_front_matter_is_not_shown():
    assert "license" not in html("---\nlicense: mit\n---\nHello")


def test_a_very_long_text_is_cut_and_says_so():
    assert "too long to be shown whole" in html("word " * render.TEXT_LENGTH_MAX)


@pytest.mark.parametrize(
    "text",
    [
        *("http://a." * 20_000, "<div>" * 40_000, "[" * 200_000, "# a\n" * 60_000),
        "<div>\n" + "<script>".ljust(62, "c") * 3_900,
    ],
    ids=["links", "tags", "brackets", "headings", "scripts"],
)
def test_a_text_that_takes_long_is_shown_as_it_stands_and_soon(text, monkeypatch):
    monkeypatch.setattr(render, "SECONDS_MAX", 0.5)
    began = time.monotonic()
    shown = render.html(text, resolve="/r/", blob="/b/")
    assert "it is shown as it stands" in shown
    assert time.monotonic() - began < 30  # seconds; each took minutes
