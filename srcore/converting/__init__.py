"""Weights from one program's file to another's, or to a program: what ``srcore convert`` does."""
