"""Tables in print, out of rows of the marts: which columns and lines, in which order, with which id each figure has.

Nothing here computes a figure or writes a file.
"""
