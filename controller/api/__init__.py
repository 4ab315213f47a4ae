"""The REST API: what the controller knows and how its policy is changed, for people and programs.

The web framework is Falcon: small, without dependencies, typed, and plain WSGI, so that it
runs on the server that both OpenFlow frameworks' hub already has. WebOb and Routes, which they
bring, would leave methods, errors and limits to us; anything on asyncio would be a second event
loop.
"""
