"""The five scenarios for each contestant: a module each, with ``WSGI`` and ``ASGI``, dictionaries of applications."""
