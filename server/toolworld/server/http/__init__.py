"""The ASGI application, and the socket that it listens on."""
