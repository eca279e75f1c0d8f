"""Makes package archives and serves them as a package index, all of it on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sdist(name: str, version: str, files: Mapping[str, str], extra: list[tarfile.TarInfo] | None = None) -> bytes:
    """A source archive: `files` below the usual `name-version` folder, and any further members as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            bundle.addfile(member, io.BytesIO(text.encode()))
        for member in extra or []:
            bundle.addfile(member, io.BytesIO(b"x" * member.size))
    return buffer.getvalue()


def wheel(files: Mapping[str, str]) -> bytes:
    """A wheel with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, text)
    return buffer.getvalue()


@dataclass
class FakeIndex:
    """Files of a package index by project, how it answers, and what it was asked."""

    projects: dict[str, dict[str, bytes]] = field(default_factory=dict)
    as_json: bool = False
    hashes: bool = True
    password: str = ""
    wrong_hash: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """The page or file of a path."""
        parts = path.strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2 and parts[1] in self.projects:
            return self._page(parts[1])
        if parts[0] == "files" and len(parts) == 3:
            content = self.projects.get(parts[1], {}).get(parts[2])
            return ("application/octet-stream", content) if content is not None else None
        return None

    def _page(self, project: str) -> tuple[str, bytes]:
        files = self.projects[project]
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        if self.wrong_hash:
            digests = dict.fromkeys(files, "0" * 64)
        if self.as_json:
            entries = [
                {
                    "filename": name,
                    "url": f"../../files/{project}/{name}",
                    "hashes": {"sha256": digests[name]} if self.hashes else {},
                    "size": len(content),
                }
                for name, content in files.items()
            ]
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": entries})
            return "application/vnd.pypi.simple.v1+json", body.encode()
        anchors = "".join(
            f'<a href="../../files/{project}/{name}{f"#sha256={digests[name]}" if self.hashes else ""}">{name}</a>\n'
            for name in files
        )
        return "text/html", f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()


@contextmanager
def serve(index: FakeIndex) -> Iterator[FakeIndex]:
    """Serve an index on the loopback address until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            if index.password and index.password not in self.headers.get("Authorization", ""):
                self.send_error(401)
                return
            answer = index.answer(self.path)
            if answer is None:
                self.send_error(404)
                return
            kind, body = answer
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple/"
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
