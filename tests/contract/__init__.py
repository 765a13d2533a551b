"""Behaviour that is the same on every kind of server. Each test is written once and runs on all of them."""
