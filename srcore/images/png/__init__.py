"""Reading and writing PNG: chunks, rows, frames and whole files that are never in memory."""
