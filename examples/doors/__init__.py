"""Ways to an application that are neither WSGI nor ASGI, each in one file."""
