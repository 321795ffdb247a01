import socket

def round_trip(
    connected: socket.socket, frame: bytes, awake_s: float, passed: list[int] = ..., /
) -> bytes: ...
