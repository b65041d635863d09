"""Streams: what a proxy adds to each event, and what a thousand idle ones take.

This program is provider and caller at once, so that one clock times both ends of an event."""
import contextlib
import json
import resource
import socket
import time

from load import PATH

CHUNK = ('data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-5-mini",'
         '"service_tier":"default","choices":[{"index":0,"delta":{"content":"%s"},'
         '"finish_reason":null}]}\n\n')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def as_chunk(text):
    return b"%x\r\n%s\r\n" % (len(text), text.encode())


def request(port, headers):
    body = json.dumps({"model": "gpt-5-mini", "stream": True,
                       "messages": [{"role": "user", "content": "Hello"}]})
    head = [f"POST {PATH} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def read_until(connection, mark):
    text = b""
    while mark not in text:
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError(f"the stream ended: {text[-200:]!r}")
        text += piece
    return text


def listen(port=0):
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    listener.settimeout(20)
    return listener


def open_stream(listener, port, headers):
    """A caller's socket and the provider's, after the first event has come through."""
    caller = socket.create_connection(("127.0.0.1", port), timeout=20)
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    caller.sendall(request(port, headers))
    while True:
        provider, _ = listener.accept()
        provider.settimeout(20)
        provider.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(RuntimeError):  # a connection that only looked whether we listen
            read_until(provider, b"Hello")
            break
        provider.close()
    provider.sendall(HEAD + as_chunk(CHUNK % "first"))
    read_until(caller, b"first")
    return caller, provider


def percentile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def event_delays(listener, port, count, headers=()):
    """Microseconds from the provider's write of an event to the caller's read of it: median and
    99th percentile. One event at a time."""
    caller, provider = open_stream(listener, port, headers)
    delays = []
    with caller, provider:
        for number in range(count):
            mark = f"<{number}>"
            piece = as_chunk(CHUNK % mark)
            start = time.perf_counter_ns()
            provider.sendall(piece)
            read_until(caller, mark.encode())
            delays.append((time.perf_counter_ns() - start) / 1000)
    return percentile(delays, 0.5), percentile(delays, 0.99)


def idle_memory(server, listener, count, headers=()):
    """Bytes that the server is larger by with `count` streams that say nothing."""
    needed = 2 * count + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    with contextlib.closing(open_stream(listener, server.port, headers)[0]):
        before = server.memory()
    streams = []
    try:
        for _ in range(count):
            streams.append(open_stream(listener, server.port, headers))
        return server.memory() - before, server.memory()
    finally:
        for pair in streams:
            for end in pair:
                end.close()
