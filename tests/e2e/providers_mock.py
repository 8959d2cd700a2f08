"""Stands between candor and mocks that Prism makes of the providers' own documents: plays the page of consent and the exchange of
tokens, which those documents lack, takes an access token only while it is the newest, and ends what Prism repeats for ever.

usage: providers_mock.py PORT WHOOP_PRISM STRAVA_PRISM LOG
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, WHOOP, STRAVA, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
# What the examples of one document contradict each other in: the recovery's sleep is the sleep of the other example.
SAME = {b"123e4567-e89b-12d3-a456-426614174000": b"ecfc6a15-4661-442f-a9a4-f160dd7afae8"}
tokens = {"whoop": 0, "strava": 0}
gone = set()


def note(*words):
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(" ".join(str(word) for word in words) + "\n")


def elsewhere(provider, query):
    if provider == "whoop" and "start" in query:
        return not query["start"] <= "2022-04-24T02:25:44" <= query["end"]
    if provider == "strava" and "after" in query:
        return not int(query["after"]) <= 1525263309 <= int(query["before"])
    return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, status, value):
        self.answer(status, json.dumps(value).encode(), [("Content-Type", "application/json")])

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        provider, _, rest = url.path.lstrip("/").partition("/")
        if provider == "test":
            # What a test sets: /test/expire/whoop makes the newest access token old, /test/gone/ID makes a record vanish.
            what, _, which = rest.partition("/")
            if what == "expire":
                tokens[which] += 1000
            elif what == "gone":
                gone.add(which)
            return self.json(200, {})
        if rest == "authorise":
            note(provider, "authorise", "pkce" if "code_challenge" in query else "", query["scope"])
            back = urllib.parse.urlencode({"code": "the-code", "state": query["state"], "scope": query["scope"]})
            return self.answer(302, b"", [("Location", query["redirect_uri"] + "?" + back)])
        if rest == "token":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            if (form.get("client_id"), form.get("client_secret")) != ("client", "secret"):
                return self.json(401, {"error": "invalid_client"})
            code = form.get("grant_type") == "authorization_code" and form.get("code") == "the-code"
            old = form.get("refresh_token") == f"refresh-{tokens[provider] % 1000}"
            note(provider, form.get("grant_type"), "good" if code or old else "bad")
            if not (code or old):
                return self.json(400, {"error": "invalid_grant"})
            tokens[provider] = tokens[provider] % 1000 + 1
            number = tokens[provider]
            said = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600}
            said["token_type"] = "bearer"
            return self.json(200, said)
        if self.headers.get("Authorization") != f"Bearer access-{tokens[provider]}":
            note(provider, "unauthorised")
            return self.json(401, {"message": "Authorization Error"})
        if rest == "revoke":
            note(provider, "revoked")
            return self.json(200, {})
        if any(record in rest for record in gone):
            note(provider, "gone", rest)
            return self.json(404, {})
        return self.forward(provider, rest, url.query, query)

    def forward(self, provider, rest, raw, query):
        base = WHOOP if provider == "whoop" else STRAVA
        request = urllib.request.Request(f"{base}/{rest}" + (f"?{raw}" if raw else ""), method=self.command)
        request.add_header("Authorization", self.headers["Authorization"])
        request.add_header("Accept", "application/json")
        try:
            with urllib.request.urlopen(request) as response:
                status, body, headers = response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            status, body, headers = error.code, error.read(), error.headers
        # Prism says here what of a request its document does not allow.
        broken = headers.get("sl-violations")
        note(provider, self.command, rest, status, "VIOLATION " + broken if broken and "request" in broken else "")
        for one, other in SAME.items():
            body = body.replace(one, other)
        # Its examples are of one moment, and a provider gives what lies in the window that was asked for.
        if status == 200 and elsewhere(provider, query):
            body = b'{"records":[]}' if provider == "whoop" else b"[]"
        if "nextToken" in query and status == 200:
            body = b'{"records":[]}'
        if query.get("page", "1") != "1" and status == 200:
            body = b"[]"
        self.answer(status, body, [("Content-Type", "application/json")])

    do_GET = do_POST = do_DELETE = handle_any


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
