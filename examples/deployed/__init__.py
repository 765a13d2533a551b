"""A small site, and the files with which it is deployed.

webapp.py        the application
nginx.conf       nginx in front of it
webapp.service   gunicorn as a unit of systemd
Dockerfile       uvicorn in a container
"""
