"""A small reader of package indexes: the simple repository API as HTML or JSON, over http(s) or from a folder."""

from __future__ import annotations

import base64
import json
import netrc
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path

from contractlint.sources.errors import IndexUnreachable
from contractlint.sources.pipconfig import IndexSettings

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Link:
    """One file that an index lists."""

    filename: str
    url: str
    sha256: str = ""
    size: int = 0
    yanked: bool = False
    index: str = field(default="", repr=False)


class IndexClient:
    """Asks the configured indexes for the files of a project and downloads one of them."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings

    def links(self, project: str) -> list[Link]:
        """Every file that any index lists for a project (normalised name); empty when none knows the project.

        An index that cannot be reached is fatal only when no other one knew the project.
        """
        links: list[Link] = []
        problems: list[str] = []
        for index in self._settings.indexes:
            page = f"{index.rstrip('/')}/{project}/"
            try:
                found = self._page(page)
            except IndexUnreachable as problem:
                problems.append(str(problem))
                continue
            links.extend(found)
        for place in self._settings.find_links:
            links.extend(self._find_links(place))
        if problems and not links:
            raise IndexUnreachable(problems[0])
        return links

    def download(self, link: Link, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a listed file to `target`."""
        if link.index.startswith("http") and not link.url.startswith("http"):
            raise IndexUnreachable(f"{link.filename} could not be downloaded: the index gives no web address for it")
        try:
            with self._open(link.url, link.index) as answer, open(target, "wb") as file:
                total = int(answer.headers.get("Content-Length") or link.size or 0)
                done = 0
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total)
        except (OSError, HTTPException, ValueError) as problem:
            raise IndexUnreachable(f"{link.filename} could not be downloaded: {_reason(problem)}") from None

    def _page(self, url: str) -> list[Link]:
        if url.startswith("file:"):
            return _folder_page(url)
        try:
            with self._open(url, url, accept=_ACCEPT) as answer:
                kind = answer.headers.get_content_type()
                body = answer.read()
                base = answer.geturl()
        except urllib.error.HTTPError as problem:
            if problem.code in (404, 410):
                return []
            raise IndexUnreachable(f"the package index answered {problem.code} {problem.reason}") from None
        except (OSError, HTTPException, ValueError) as problem:
            raise IndexUnreachable(f"the package index could not be reached: {_reason(problem)}") from None
        try:
            return parse_page(body, kind, base, index=url)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise IndexUnreachable("the package index answered with something that is no list of files") from None

    def _find_links(self, place: str) -> list[Link]:
        if place.startswith("file:"):
            return _folder_page(place)
        if "://" not in place:
            return _folder_page(Path(place).expanduser().absolute().as_uri())
        try:
            return self._page(place)
        except IndexUnreachable:
            return []

    def _open(self, url: str, index: str, accept: str = "*/*") -> urllib.response.addinfourl:
        clean, user, password = _split_credentials(url)
        parts = urllib.parse.urlsplit(clean)
        request = urllib.request.Request(clean, headers={"Accept": accept, "User-Agent": "contractlint"})
        if not user and parts.scheme in ("http", "https"):
            # Credentials of the index hold for its own files, never for another host's.
            index_clean, index_user, index_password = _split_credentials(index)
            if index_user and urllib.parse.urlsplit(index_clean).netloc == parts.netloc:
                user, password = index_user, index_password
            else:
                user, password = _from_netrc(parts.hostname or "")
        if user:
            token = base64.b64encode(f"{user}:{password}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")
        answer: urllib.response.addinfourl = self._opener(parts.hostname or "", parts.netloc).open(
            request, timeout=self._settings.timeout
        )
        return answer

    def _opener(self, host: str, netloc: str) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = []
        if self._settings.proxy:
            proxy = self._settings.proxy if "://" in self._settings.proxy else f"http://{self._settings.proxy}"
            handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
        cert = self._settings.cert
        context = ssl.create_default_context(
            cafile=cert if cert and os.path.isfile(cert) else None,
            capath=cert if cert and os.path.isdir(cert) else None,
        )
        if self._settings.client_cert:
            context.load_cert_chain(self._settings.client_cert)
        if host in self._settings.trusted_hosts or netloc in self._settings.trusted_hosts:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        handlers.append(urllib.request.HTTPSHandler(context=context))
        return urllib.request.build_opener(*handlers)


def parse_page(body: bytes, kind: str, base: str, index: str = "") -> list[Link]:
    """Read a project page of the simple API. `base` is the address that relative links are relative to."""
    if kind.endswith("+json") or kind == "application/json":
        return [
            Link(
                filename=entry["filename"],
                url=urllib.parse.urljoin(base, entry["url"]),
                sha256=entry.get("hashes", {}).get("sha256", ""),
                size=entry.get("size") or 0,
                yanked=bool(entry.get("yanked")),
                index=index,
            )
            for entry in json.loads(body)["files"]
        ]
    parser = _Anchors()
    parser.feed(body.decode("utf-8", "replace"))
    return [_anchor(attributes, parser.base or base, index) for attributes in parser.anchors]


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str | None]] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and attributes.get("href"):
            self.base = attributes["href"] or ""


def _anchor(attributes: dict[str, str | None], base: str, index: str) -> Link:
    url, fragment = urllib.parse.urldefrag(urllib.parse.urljoin(base, attributes["href"] or ""))
    filename = urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition("/")[2]
    hashes = urllib.parse.parse_qs(fragment)
    return Link(filename, url, hashes.get("sha256", [""])[0], yanked="data-yanked" in attributes, index=index)


def _folder_page(url: str) -> list[Link]:
    """A project page, or the archives themselves, in a local folder."""
    place = Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path))
    page = place / "index.html" if place.is_dir() else place
    if page.is_file() and page.suffix in (".html", ".htm"):
        return parse_page(page.read_bytes(), "text/html", page.as_uri())
    if not place.is_dir():
        return []
    return [
        Link(entry.name, entry.absolute().as_uri(), size=entry.stat().st_size)
        for entry in sorted(place.iterdir())
        if entry.is_file() and entry.name.endswith((".whl", ".tar.gz", ".zip"))
    ]


def _split_credentials(url: str) -> tuple[str, str, str]:
    parts = urllib.parse.urlsplit(url)
    userinfo, found, host = parts.netloc.rpartition("@")
    if not found:
        return url, "", ""
    user, _, password = userinfo.partition(":")
    clean = urllib.parse.urlunsplit(parts._replace(netloc=host))
    return clean, urllib.parse.unquote(user), urllib.parse.unquote(password)


def _from_netrc(host: str) -> tuple[str, str]:
    try:
        found = netrc.netrc().authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return "", ""
    return (found[0] or "", found[2] or "") if found else ("", "")


def _reason(problem: BaseException) -> str:
    """What went wrong, without the address: it may carry credentials."""
    cause = getattr(problem, "reason", None) or problem
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"{text}; check the network, or pip's index and proxy settings"
