"""Web pages as a source, from a real site on loopback that the machine's administrator has trusted."""

import gzip
import http.server
import threading
import time
from collections.abc import Callable

import pytest

from ingestion.sources.source import SourceLimits, open_source
from ingestion.sources.web_address import ForbiddenAddressError, address_rules
from ingestion.sources.web_client import UnreachableError, WebClient, WebLimits
from retrieval.errors import (
    DocumentError,
    InvalidInputError,
    ResourceLimitError,
    SourceError,
    UnreadableError,
    UnsupportedError,
)


def page(*links, title="A page", head=""):
    anchors = "".join(f'<p><a href="{link}">to</a></p>' for link in links)
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{anchors}</body></html>"


class Site:
    """Serves what stands in ``pages``: a body, (status, headers, body), or a function of the request."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        site = self

        class Request(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append(self.path)
                found = site.pages.get(self.path, (404, {}, b""))
                if isinstance(found, Callable):
                    found(self)
                    return
                status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                body = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                headers = {"Content-Type": "text/html", "Content-Length": str(len(body))} | headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def limits(self, **more):
        return SourceLimits(web=True, web_private_hosts=(f"127.0.0.1:{self.port}",), **more)


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def crawl(site):
    """Open a source of the site; closed at the end."""
    opened = []

    def make(*, limits=None, **arguments):
        arguments = {"urls": [f"{site.url}/"], "delay_s": 0} | arguments
        opened.append(open_source("web", arguments, limits=limits or site.limits()))
        return opened[-1]

    yield make
    for source in opened:
        source.close()


def paths(source, site):
    return [entry.uri.removeprefix(site.url) for entry in source.entries()]


def test_links_of_the_same_host_are_followed_breadth_first_and_each_page_once(site, crawl):
    site.pages = {
        "/": page("/b", "a.html#top", "http://elsewhere.example/x", "mailto:a@b.c", "/b?x=1"),
        "/b": page("/", "/deep"),
        "/a.html": page("./../a.html"),
        "/b?x=1": page(),
        "/deep": page("/deeper"),
        "/deeper": page(),
    }
    assert paths(crawl(), site) == ["/", "/b", "/a.html", "/b?x=1", "/deep"]
    assert paths(crawl(depth=0), site) == ["/"]
    assert len(site.asked) == len(set(site.asked)) + 2  # the second walk asks for robots.txt and the first page again


def test_what_was_listed_is_fetched_without_asking_again(site, crawl):
    site.pages = {"/": page("/a"), "/a": page(title="Ünïcode")}
    source = crawl()
    contents = {}
    for entry in source.entries():
        with source.fetch(entry) as stream:
            contents[entry.name] = stream.read().decode()
    assert contents["a.html"] == page(title="Ünïcode")
    assert site.asked == ["/robots.txt", "/", "/a"]


def test_a_page_is_fetched_by_another_process_as_well(site, crawl):
    site.pages = {"/": page(title="First")}
    entry = next(iter(crawl().entries()))
    with crawl().fetch(entry) as stream:
        assert stream.read().decode() == page(title="First")


def test_a_version_is_the_same_exactly_while_the_bytes_are(site, crawl):
    site.pages = {
        "/": page("/x.pdf", "/y.pdf"),
        "/x.pdf": (200, {"Content-Type": "application/pdf", "ETag": '"one"'}, b"%PDF-1.7"),
        "/y.pdf": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
    }
    first = {entry.name: entry.version for entry in crawl().entries()}
    assert first == {entry.name: entry.version for entry in crawl().entries()}
    assert first["x.pdf"] == '"one"'
    assert first["y.pdf"] is None  # nothing says whether it changed
    site.pages["/"] = page("/x.pdf", "/y.pdf", title="Other")
    assert next(iter(crawl().entries())).version != first["127.0.0.1.html"]


def test_robots_txt_is_obeyed_wildcards_and_all(site, crawl):
    site.pages = {
        "/robots.txt": "User-agent: *\nDisallow: /private\nDisallow: /*.cgi$\nAllow: /private/open\n",
        "/": page("/private/a", "/private/open", "/run.cgi", "/ok"),
        "/private/a": page(),
        "/private/open": page(),
        "/run.cgi": page(),
        "/ok": page(),
    }
    assert paths(crawl(), site) == ["/", "/private/open", "/ok"]
    assert "/private/a" not in site.asked


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_site_whose_rules_cannot_be_read_is_left_alone(site, crawl, status):
    site.pages = {"/robots.txt": (status, {"Retry-After": "0"}, ""), "/": page()}
    with pytest.raises(SourceError, match=str(status)):
        list(crawl().entries())
    assert "/" not in site.asked


def test_pages_that_do_not_want_to_be_found_or_followed_are_not(site, crawl):
    site.pages = {
        "/": page("/hidden", "/dead-end", "/header"),
        "/hidden": page("/beyond", head='<meta name="ROBOTS" content="NoIndex">'),
        "/dead-end": page("/unseen", head='<meta name="robots" content="nofollow">'),
        "/header": (200, {"X-Robots-Tag": "none"}, page("/unseen")),
        "/beyond": page().replace("<body>", '<body><a rel="ugc nofollow" href="/unseen">x</a>'),
        "/unseen": page(),
    }
    assert paths(crawl(depth=5), site) == ["/", "/dead-end", "/beyond"]
    assert "/unseen" not in site.asked


def test_a_copy_of_another_page_is_listed_once_under_its_canonical_address(site, crawl):
    copy = page(head='<link rel="canonical" href="/article">')
    site.pages = {"/": page("/article?from=mail", "/article?from=feed"), "/article": copy}
    site.pages |= {"/article?from=mail": copy, "/article?from=feed": copy}
    assert paths(crawl(), site) == ["/", "/article"]


def test_redirects_are_followed_on_the_site_and_not_out_of_it(site, crawl):
    site.pages = {
        "/": page("/old", "/out", "/round"),
        "/old": (301, {"Location": "/new"}, ""),
        "/new": page(),
        "/out": (302, {"Location": "http://10.0.0.1/admin"}, ""),
        "/round": (302, {"Location": "/round"}, ""),
    }
    source = crawl(depth=1)
    assert paths(source, site) == ["/", "/new"]
    assert source.unreadable == [f"{site.url}/round"]


def test_sitemaps_are_read_packed_nested_and_plain(site, crawl):
    def listing(kind, entry, *places):
        inside = "".join(f"<{entry}><loc> {site.url}{place} </loc></{entry}>" for place in places)
        return f'<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inside}</{kind}>'

    site.pages = {
        "/index.xml": listing("sitemapindex", "sitemap", "/one.xml.gz", "/two.txt", "/index.xml"),
        "/one.xml.gz": gzip.compress(listing("urlset", "url", "/a", "/b").encode()),
        "/two.txt": f"{site.url}/c\nhttp://elsewhere.example/d\n",
        "/a": page("/not-followed"),
        "/b": page(),
        "/c": page(),
    }
    assert paths(crawl(urls=[], sitemaps=[f"{site.url}/index.xml"]), site) == ["/a", "/b", "/c"]


def test_a_sitemap_that_unpacks_without_end_is_given_up(site, crawl):
    site.pages = {"/s.xml.gz": gzip.compress(b"\0" * (60 * 2**20))}
    with pytest.raises(SourceError, match="larger than 50 MB"):
        list(crawl(urls=[], sitemaps=[f"{site.url}/s.xml.gz"]).entries())


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)) + '<!ENTITY e0 "ha">'


@pytest.mark.parametrize(
    "content",
    [
        f"<!DOCTYPE u [{ENTITIES}]><urlset><url><loc>SITE/&e9;</loc></url></urlset>",
        '<!DOCTYPE u [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>SITE/&f;</loc></url></urlset>',
        "<urlset><url><loc>SITE/a</loc></url><url><lo",
        "<html><body>Welcome</body></html>",
        "",
    ],
)
def test_a_sitemap_that_is_none_or_damaged_lists_nothing_and_deletes_nothing(site, crawl, content):
    site.pages = {"/s.xml": content.replace("SITE", site.url), "/a": page()}
    with pytest.raises(SourceError):
        list(crawl(urls=[], sitemaps=[f"{site.url}/s.xml"]).entries())
    assert not any("root" in path or "haha" in path for path in site.asked)


def test_bounds_leave_the_rest_unknown_instead_of_gone(site, crawl):
    site.pages = {"/": page(*(f"/{n}" for n in range(20)))} | {f"/{n}": page() for n in range(20)}
    source = crawl(max_pages=5)
    assert len(list(source.entries())) == 5
    assert source.unreadable == [f"{site.url}/"]
    source = crawl()
    assert len(list(source.entries())) == 21
    assert source.unreadable == []


def test_a_page_that_fails_leaves_what_it_leads_to_unknown(site, crawl):
    site.pages = {"/": page("/hub", "/gone", "/a"), "/hub": (500, {}, ""), "/a": page(), "/gone": (410, {}, "")}
    source = crawl()
    assert paths(source, site) == ["/", "/a"]
    assert source.unreadable == [f"{site.url}/"]
    leaf = crawl(depth=1)
    assert paths(leaf, site) == ["/", "/a"]
    assert leaf.unreadable == [f"{site.url}/hub"]


@pytest.mark.parametrize("first", [(404, {}, ""), (500, {}, ""), (403, {}, "")])
def test_a_site_of_which_nothing_can_be_had_is_an_error_and_deletes_nothing(site, crawl, first):
    site.pages = {"/": first}
    with pytest.raises(SourceError):
        list(crawl().entries())


def test_a_busy_site_is_asked_again_after_a_while(site, crawl):
    answers = iter([(503, {"Retry-After": "0"}, ""), (200, {}, page())])

    def busy(request):
        status, headers, body = next(answers)
        request.send_response(status)
        for name, value in (headers | {"Content-Type": "text/html", "Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body.encode())

    site.pages = {"/": busy}
    assert paths(crawl(), site) == ["/"]


def test_patterns_choose_what_is_listed_and_what_is_not_even_asked_for(site, crawl):
    site.pages = {"/": page("/docs/a", "/blog/b"), "/docs/a": page("/docs/old/c"), "/blog/b": page("/docs/d")}
    site.pages |= {"/docs/old/c": page(), "/docs/d": page()}
    assert paths(crawl(include=["/docs/*"], exclude=["/docs/old/*"]), site) == ["/docs/a", "/docs/d"]
    assert "/docs/old/c" not in site.asked


def test_images_and_scripts_are_no_documents(site, crawl):
    site.pages = {
        "/": page("/a.png", "/a.js", "/a.zip", "/b.bin", "/c.pdf"),
        "/a.png": (200, {"Content-Type": "image/png"}, b"\x89PNG"),
        "/a.js": (200, {"Content-Type": "text/javascript"}, "1"),
        "/a.zip": (200, {"Content-Type": "application/zip"}, b"PK"),
        "/b.bin": (200, {"Content-Type": "application/octet-stream"}, b"x"),
        "/c.pdf": (200, {"Content-Type": "application/octet-stream"}, b"%PDF-1.7"),
    }
    source = crawl()
    listed = list(source.entries())
    assert [entry.name for entry in listed] == ["127.0.0.1.html", "c.pdf"]
    site.pages["/c.pdf"] = site.pages["/a.png"]
    with pytest.raises(UnsupportedError), source.fetch(listed[1]):
        pass


def test_the_encoding_that_the_site_names_is_not_lost(site, crawl):
    text = "<html><head><title>x</title></head><body>Привет, как дела?</body></html>"
    site.pages = {"/": (200, {"Content-Type": "text/html; charset=windows-1251"}, text.encode("windows-1251"))}
    source = crawl()
    for fresh in (source, crawl()):
        with fresh.fetch(next(iter(source.entries()))) as stream:
            assert "Привет" in stream.read().decode("utf-8")


def test_a_document_that_is_too_large_is_refused_while_it_comes(site, crawl):
    big = (200, {"Content-Type": "text/plain"}, b"a" * 300_000)
    packed = gzip.compress(b"a" * 30_000_000)
    site.pages = {"/": page("/a", "/b"), "/a": big}
    site.pages["/b"] = (200, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, packed)
    source = crawl(limits=site.limits(document_max_bytes=200_000))
    listed = list(source.entries())
    for entry in listed[1:]:
        with pytest.raises(ResourceLimitError, match=r"larger than 0\.2 MB"), source.fetch(entry):
            pass


@pytest.mark.parametrize(
    ("packing", "body"), [("br", b"x"), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"abc")[:-4])]
)
def test_a_body_that_cannot_be_unpacked_is_that_documents_problem(site, crawl, packing, body):
    site.pages = {"/": page("/a"), "/a": (200, {"Content-Type": "text/plain", "Content-Encoding": packing}, body)}
    source = crawl()
    entry = list(source.entries())[1]
    with pytest.raises(UnreadableError), source.fetch(entry):
        pass


def client_of(site, **limits):
    rules = address_rules((), (f"127.0.0.1:{site.port}",))
    return WebClient(rules, max_bytes=10_000_000, limits=WebLimits(**limits), pause=lambda _: None)


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_site_that_drips_is_cut_off_in_the_end(site, where):
    def drip(request):
        try:
            if where == "body":
                request.send_response(200)
                request.send_header("Content-Length", "1000")
                request.end_headers()
            for _ in range(100):
                request.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            return

    site.pages = {"/": drip}
    client = client_of(site, total_s=0.4, idle_s=0.3)
    started = time.monotonic()
    with pytest.raises(DocumentError), client.get(client.rules.read(f"{site.url}/")) as response:
        response.read(1000)
    assert time.monotonic() - started < 2
    client.close()


def test_a_silent_site_is_left(site):
    site.pages = {"/": lambda _: time.sleep(0.6)}
    client = client_of(site, total_s=5, idle_s=0.1)
    with pytest.raises(UnreachableError, match="too long"), client.get(client.rules.read(f"{site.url}/")):
        pass
    client.close()


def test_a_crawl_waits_between_requests(site, crawl):
    site.pages = {"/": page("/a", "/b"), "/a": page(), "/b": page()}
    started = time.monotonic()
    assert len(list(crawl(delay_s=0.1).entries())) == 3
    assert time.monotonic() - started >= 0.2


def test_a_proxy_of_the_environment_is_not_used(site, crawl, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.pages = {"/": page()}
    assert paths(crawl(), site) == ["/"]


def test_web_sources_are_off_unless_they_are_switched_on(site):
    with pytest.raises(InvalidInputError, match="ATTUNE_WEB_SOURCES"):
        open_source("web", {"urls": [site.url]}, limits=SourceLimits())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "urls or sitemaps"),
        ({"urls": ["http://10.0.0.1:9/"]}, "port 9"),
        ({"urls": ["ftp://example.org/"]}, "only http"),
        ({"urls": ["https://me:secret@example.org/"]}, "password"),
        ({"urls": ["https://example.org/"], "depth": -1}, "depth"),
        ({"urls": ["https://example.org/"], "proxy": "x"}, "proxy"),
        ({"urls": "https://example.org/"}, "urls"),
    ],
)
def test_arguments_that_make_no_sense_are_named_and_not_repeated(arguments, named):
    with pytest.raises(InvalidInputError, match=named) as caught:
        open_source("web", arguments, limits=SourceLimits(web=True))
    assert "secret" not in str(caught.value)


def test_a_list_of_hosts_allows_no_other(site):
    limits = site.limits(web_hosts=("docs.example.org", "wiki.example.org:8443"))
    for url in ("https://docs.example.org/", "https://wiki.example.org:8443/", site.url):
        open_source("web", {"urls": [url]}, limits=limits).close()
    for url in ("https://example.org/", "https://docs.example.org:8443/", "https://wiki.example.org/"):
        with pytest.raises(InvalidInputError):
            open_source("web", {"urls": [url]}, limits=limits)


@pytest.mark.parametrize("entry", ["", "example.org", "a b:80", "example.org:99999", "http://x:80", "127.1:80"])
def test_a_trusted_host_that_is_none_is_refused(entry):
    with pytest.raises(InvalidInputError, match="ATTUNE_WEB_PRIVATE_HOSTS"):
        address_rules((), (entry,))


def test_a_name_is_looked_up_once_and_connected_to_what_was_checked(site):
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    host = f"rebind.example.org:{site.port}"
    site.pages = {"/": page()}
    rules = address_rules((), (host,), look_up=rebinding)
    client = WebClient(rules, max_bytes=1000)
    with client.get(rules.read(f"http://{host}/")) as response:
        assert response.read(1000).decode() == page()
    assert len(asked) == 1
    client.close()


def test_an_address_inside_is_refused_when_it_is_connected_to():
    rules = address_rules((), (), look_up=lambda _host, _port: ["93.184.215.14", "::ffff:10.0.0.1"])
    client = WebClient(rules, max_bytes=1000)
    with pytest.raises(ForbiddenAddressError), client.get(rules.read("https://mixed.example.org/")):
        pass
    client.close()
