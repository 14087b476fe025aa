"""The parts of the generator of random loop programs; `generate.py` beside this folder is its command.

`preamble` is the fixed text that every program begins with, `tables` what the programs are made of, `expressions`, `definitions` (functions and
classes), `statements` and `loops` write one kind of thing each.
"""
