"""The application of :mod:`soak.app`, made with other libraries as their manuals show it, to compare their figures."""
