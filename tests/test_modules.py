"""Every module has its test: in the file that its name promises, or where TESTED_BY says.

``src/cardan/core/_urls.py`` is tested in ``tests/core/test_urls.py``. For a module without such a file the table names
the test, and a word through which that test reaches the module: it stands in both.
"""

from __future__ import annotations

import re

import pytest

from tests.house import ROOT, House

HOUSE = House(ROOT / "src")
TESTS = ROOT / "tests"
MODULES = [name.removeprefix("cardan.") for name, path in HOUSE.modules.items() if path.name != "__init__.py"]

TESTED_BY = """
__main__                          test_main.py                              echo
_crossing.contexts                contract/test_contexts.py                contextvars
_echo                             test_main.py                              body_error
_request                          contract/test_request_members.py         from_values
_response                         contract/test_response_members.py        redirect
_wire                             contract/test_response_members.py        get_wsgi_headers
apps._dual                        contract/test_assigned_options.py        asgi_app
apps._lifespan                    contract/test_contexts.py                lifespan
apps._middleware_decorator        apps/test_application.py                 middleware
apps._nested_lifespans            apps/test_mount.py                       lifespan.startup.failed
apps._stopping                    contract/test_stopping.py                SIGTERM
apps._wrapper                     apps/test_cors.py                        CORS
apps._writer                      apps/test_write.py                        write()
asgi._calling                     contract/test_response_members.py        more_body
asgi._draining                    contract/test_early_answers.py           more_body
asgi._handling                    apps/test_application.py                 HTTPException
asgi._head                        contract/test_raw_heads.py               raw_path
asgi._hints                       contract/test_early_hints.py             http.response.early_hint
asgi._messages                    apps/test_foreign_answers.py             http.response.start
asgi._receiving                   contract/test_request_state.py           http.disconnect
asgi._reshaping                   apps/test_compression.py                 pathsend
asgi._rewriting                   apps/test_mount.py                       root_path
asgi._sending                     contract/test_response_hazards.py        keep_alive
asgi._thread                      contract/test_contexts.py                contextvars
asgi._websockets                  apps/test_websocket_heads.py             websocket.http.response
compat.werkzeug._values           compat/werkzeug/test_test.py             encode_multipart
compat.werkzeug.datastructures.accept                 compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.auth                   compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.cache_control          compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.csp                    compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.etag                   compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.file_storage           compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.headers                compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.range                  compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.datastructures.structures             compat/werkzeug/test_submodules.py       datastructures
compat.werkzeug.sansio.request    compat/werkzeug/test_sansio.py           remote_addr
compat.werkzeug.sansio.response   compat/werkzeug/test_sansio.py           mimetype
compat.werkzeug.wrappers.request                compat/werkzeug/test_submodules.py       wrappers
compat.werkzeug.wrappers.response               compat/werkzeug/test_submodules.py       wrappers
core._limits                      core/request/test_limits.py              max_form_parts
core._pickling                    test_pickles.py                           pickle
core._problem                     core/test_exceptions.py                  about:blank
core._request.fields              contract/test_request_members.py         accept_languages
core._request.reading             core/request/test_body.py                BodyNotLoaded
core._request.serving             contract/test_upload_sinks.py            make_file_sink
core._request.sharing             contract/test_shared_loads.py            step
core._request.state               contract/test_request_members.py         make_form_data_parser
core._request.streaming           core/request/test_data_reader.py         DataReader
core._response.content_type       contract/test_response_members.py        mimetype
core._response.encoding           core/response/test_body.py               encode
core._response.etag               core/response/test_conditional.py        make_conditional
core._response.final_head          core/response/test_finalizer.py           final_fields
core._response.kept_trailers      contract/test_trailers.py                trailers
core._response.of_application     apps/test_wsgi_bridge.py                     HEAD
core._response.pumping            core/response/test_kept_alive.py         AsyncLibrary
core._response.range_bodies       core/response/test_range_cutter.py       CutBody
core._response.response           core/response/test_events.py             from_events
core.fields._parameters           core/fields/test_server_timing.py        parse_parameters
core.forms._content_type          core/forms/test_hazards.py               parse_form_type
core.forms._disposition           core/forms/test_hazards.py               parse_disposition
core.forms._events                core/forms/test_decoder.py               FileStart
core.forms._file_methods          contract/test_uploaded_files.py          readinto
core.forms._form                  core/forms/test_reader.py                FormBuilder
core.forms._framing               core/forms/test_part_decoder.py         Framing
core.forms._machine               core/forms/test_decoder.py               MultipartMachine
core.forms._parse                 core/forms/test_strange_forms.py         parse_form
core.forms._plan                  core/forms/test_decoder.py               max_boundary_size
core.forms._sinks                 contract/test_upload_sinks.py            tell
core.structures._environ_headers  core/structures/test_header_views.py     EnvironHeaders
core.structures._multidict_reader core/structures/test_multidict.py        getlist
core.structures._scope_headers    core/structures/test_header_views.py     ScopeHeaders
exceptions                        contract/test_error_leaks.py             BadRequest
files._file_body                  files/test_sending.py                    FileBody
files._temporary                  contract/test_uploaded_files.py          SpooledTemporaryFile
structured                        core/structured_fields/test_descriptor.py   structured_field
testing._asgi_exchange            testing/test_asgi_client.py              receive
testing._async_transports         testing/test_async_client.py             AsyncClient
testing._bodies                   testing/test_builder.py                  multipart
testing._carriers                 contract/test_from_values.py             environ_base
testing._changes                  testing/test_asgi_client.py              anyio
testing._client                   testing/test_client_in_fixtures.py       AsyncClient
testing._exchange                 testing/test_asgi_client.py              RemoteProtocolError
testing._httpx                    testing/test_options.py                  httpx
testing._loops                    testing/test_asgi_client.py              threading
testing._opening                  testing/test_builder.py                  raw_path
testing._sync_transports          testing/test_wsgi_client.py              close
testing._wsgi_exchange            testing/test_wsgi_client.py              start_response
testing.lint._asgi_lint           testing/test_asgi_lint.py                more_body
testing.lint._lifespan_lint       testing/test_asgi_lint.py                lifespan
testing.lint._rules               testing/test_wsgi_lint.py                Content-Length
testing.lint._wsgi_lint           testing/test_wsgi_lint.py                start_response
types                             apps/test_application.py                 Handler
wsgi._calling                     contract/test_response_members.py        start_response
wsgi._draining                    contract/test_early_answers.py           wsgi.input
wsgi._errors                      contract/test_misread_errors.py          throw_errors
wsgi._handling                    contract/test_misread_errors.py          throw_errors
wsgi._head                        contract/test_raw_heads.py               REQUEST_METHOD
wsgi._hints                       contract/test_early_hints.py             wsgi.early_hints
wsgi._input                       contract/test_framing.py                 wsgi.input
wsgi._reshaping                   apps/test_compression.py                 file_wrapper
wsgi._rewriting                   apps/test_mount.py                       SCRIPT_NAME
wsgi._sending                     contract/test_response_hazards.py        start_response
wsgi._thread                      contract/test_contexts.py                portal
"""
TABLE = {module: (path, word) for module, path, word in map(str.split, TESTED_BY.strip().splitlines())}


def promised(module: str) -> str:
    """The test file that a module's name promises: ``_crossing.places`` -> ``crossing/test_places.py``."""
    *folders, name = [part.lstrip("_") for part in module.split(".")]
    return "/".join([*folders, f"test_{name}.py"])


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_test(module: str) -> None:
    """The promised file is there; or the table names a file that is there, and a word that stands in both."""
    if (TESTS / promised(module)).exists():
        assert module not in TABLE
        return
    path, word = TABLE[module]
    seen = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    assert seen.search((TESTS / path).read_text("utf-8"))
    assert seen.search(HOUSE.modules[f"cardan.{module}"].read_text("utf-8"))


def test_the_table_has_no_other_rows() -> None:
    """There is one row for each module that needs one, in alphabetical order."""
    rows = [line.split()[0] for line in TESTED_BY.strip().splitlines()]
    assert rows == sorted(set(rows))
    assert [module for module in rows if module not in MODULES] == []
