"""Onoma: named entity recognition for people who must run it for real."""
