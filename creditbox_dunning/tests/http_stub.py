"""A gateway of text messages on the loopback interface, with faults on demand."""

import http.server
import json
import threading


class Gateway(http.server.ThreadingHTTPServer):
    """``received``: [(headers, body)]; ``answers``: what to say, one for each request,
    as (status, dict) or "drop" (the connection breaks after the request was read);
    taken with a number of its own when there is none left."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received, self.answers = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/send"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *args):
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.received.append((dict(self.headers), body))
        answer = server.answers.pop(0) if server.answers else None
        if answer == "drop":
            self.connection.close()
            return
        number = len(server.received)
        status, told = answer or (200, {"id": f"G{number}", "price": "0.045"})
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Quiet."""
