"""Drawings: the pictures that the network learns from.

Everything that a drawing's bytes depend on is in this folder, and nothing else is: it imports nothing of the training,
and pool.py takes the hash of its files. registry.py says what a class is, scenes.py makes a picture of one.
"""
