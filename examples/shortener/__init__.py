"""A URL shortener with a URL map, templates and a database, before and after it was
moved from Werkzeug.

before.py      on Werkzeug
first_step.py  the same with other imports: on the names of Werkzeug that cardan has
after.py       on cardan, for servers of both protocols

They share the database (links.py), the templates and the style sheet: moving does not
change these.
"""
