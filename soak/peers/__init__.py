"""The same application with other libraries, as their manuals show it: their figures stand beside those of cardan."""
