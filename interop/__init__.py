"""One application on every server, asked by every client: ``make interop`` writes docs/explanation/interop.md.

* :mod:`interop.site`: the application; :mod:`interop.raw` does the same by hand, once for WSGI and once for ASGI
* :mod:`interop.rows`: what is asked and what is expected
* :mod:`interop.servers`, :mod:`interop.launch`: how each server is started
* :mod:`interop.clients`: how each client asks
* :mod:`interop.cells`: one row, sent by one client to one server
* :mod:`interop.page`: the page, from ``results.json``
* :mod:`interop.__main__`: the command
"""
