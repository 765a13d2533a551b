"""One behaviour, every kind of server: each test here is written once and runs on all of them."""
